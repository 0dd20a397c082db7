#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace enough {

/// A mistake in an expression or template.
class ExpressionError : public std::runtime_error {
public:
    ExpressionError(const std::string& what, std::size_t offset) : std::runtime_error(what), offset_(offset) {}

    /// Byte offset in the text that was parsed.
    std::size_t offset() const { return offset_; }

private:
    std::size_t offset_;
};

}  // namespace enough
