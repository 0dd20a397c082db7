#pragma once

#include <enough/agents/failure.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// The kind with that name, as `name` gives it.
std::optional<FailureKind> failure_kind(std::string_view name_of_kind);

/// Whether trying again may help, where nothing more is known than the kind.
bool usually_retryable(FailureKind kind);

/// A failure that is as retryable as its kind usually is.
Failure make_failure(FailureKind kind, std::string message);

}  // namespace enough
