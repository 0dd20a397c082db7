#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// Splits bytes that arrive in pieces into lines, which end in LF.
class LineBuffer {
public:
    explicit LineBuffer(std::size_t longest) : longest_(longest) {}

    /// False once a line is longer than allowed; what was complete before may still be taken.
    bool feed(std::string_view bytes) {
        bytes_.erase(0, taken_);
        searched_ -= taken_;
        taken_ = 0;
        bytes_ += bytes;
        const auto last = bytes.rfind('\n');
        rest_ = last == std::string_view::npos ? rest_ + bytes.size() : bytes.size() - last - 1;
        return rest_ <= longest_;
    }

    /// The next complete line, without its end; absent until more has come.
    std::optional<std::string> next() {
        const auto end = bytes_.find('\n', searched_);
        if (end == std::string::npos) {
            searched_ = bytes_.size();
            return std::nullopt;
        }
        std::string line = bytes_.substr(taken_, end - taken_);
        taken_ = searched_ = end + 1;
        return line;
    }

private:
    std::size_t longest_;
    std::string bytes_;
    std::size_t taken_ = 0;     // bytes already given out
    std::size_t searched_ = 0;  // bytes known to hold no further line end
    std::size_t rest_ = 0;      // bytes after the last line end
};

}  // namespace enough
