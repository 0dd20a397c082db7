#pragma once

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// How an output is compared with what a data line expects.
enum class GraderKind { exact, number, choice, regex, json, judge, command };
std::string_view name(GraderKind kind);
std::optional<GraderKind> grader_kind_named(std::string_view name);

/// Can it grade alone? `judge` asks a model and `command` starts a program: the orchestrator does that.
bool is_pure(GraderKind kind);

/// Is an output right? Pure and deterministic; no output is never right.
///
/// `exact` the trimmed texts are equal · `number` the last numbers in both are equal by size (`0.5` is `1/2`) ·
/// `choice` the letters A-E that both settle on are equal · `regex` the expected text is an RE2 pattern that matches
/// somewhere in the output · `json` the last JSON values in both are equal, after `pointer` is followed in the
/// output's.
class Grader {
public:
    /// Throws `std::invalid_argument` for a kind that is not pure, or a bad pointer.
    static Grader make(GraderKind kind, std::string pointer = {});

    /// Whether the expected value makes sense to this grader; the reason if not.
    std::optional<std::string> fault(const nlohmann::json& expected) const;

    bool operator()(const nlohmann::json& expected, const std::optional<std::string>& output) const;

private:
    Grader(GraderKind kind, std::string pointer) : kind_(kind), pointer_(std::move(pointer)) {}

    GraderKind kind_;
    std::string pointer_;
};

}  // namespace enough
