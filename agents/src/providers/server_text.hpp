#pragma once

#include "redaction.hpp"

#include <enough/agents/settings.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// Makes what a server says fit to be shown: one line, bounded, without control characters and without our secrets,
/// which some servers repeat.
class ServerText {
public:
    ServerText() = default;
    explicit ServerText(std::vector<std::string> secrets);
    /// Knows all that must not be printed of the model.
    explicit ServerText(const ServerSettings& settings);

    std::string excerpt(std::string_view text) const;

    static constexpr std::size_t max_length = 200;

private:
    Redaction redaction_;
};

}  // namespace enough
