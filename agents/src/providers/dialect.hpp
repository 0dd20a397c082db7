#pragma once

#include "providers/http_failure.hpp"

#include <enough/agents/agent.hpp>

#include <optional>
#include <string>

namespace enough {

/// What a server accepts, as far as it is known beforehand or was learned from its refusals.
struct Dialect {
    std::string max_tokens_field = "max_tokens";
    bool gives_logprobs = true;
    int max_top_logprobs = 0;  ///< 0: no maximum is known

    /// How many candidates to ask for where `wanted` are; 0: none.
    int top_logprobs(int wanted) const;

    bool operator==(const Dialect&) const = default;
};

/// What the refusal of a request for `asked.top_logprobs` candidates teaches about them: fewer, or none; nothing if the
/// server complains of something else. Servers say it with 400, 403 or 422.
std::optional<Dialect> learn_about_logprobs(const HttpRefusal& refusal, const Request& asked, const Dialect& used);

/// Puts what was learned from a request in the dialect `used` into `dialect`, of which other calls may have learned
/// something else meanwhile.
void take_over(Dialect& dialect, const Dialect& used, const Dialect& learned);

}  // namespace enough
