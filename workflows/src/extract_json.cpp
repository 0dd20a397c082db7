#include "extract_rules.hpp"

#include "number_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace enough {
namespace {

// Deeper values are cut into their inner ones; dumping a value is recursive.
constexpr std::size_t deepest = 128;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Recognises JSON from a bracket on, without building anything. Where the text stops being JSON, the containers that
// are still open are lost, but those completed inside them are found already: so one pass over the text suffices.
class JsonScanner {
public:
    explicit JsonScanner(std::string_view text) : text_(text) {}

    std::optional<std::string_view> last_container() {
        while (at_ < text_.size()) {
            if (text_[at_] == '{' || text_[at_] == '[')
                from_bracket();
            else
                ++at_;
        }
        return last_;
    }

private:
    struct Open {
        std::size_t begin;
        bool object;
    };
    enum class Expected { value, value_or_end, key, key_or_end, comma_or_end };

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void skip_space() {
        while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t')
            ++at_;
    }

    void from_bracket() {
        open_.clear();
        open();
        last_string_ = std::string_view::npos;
        while (!open_.empty()) {
            skip_space();
            if (step()) continue;
            // A quote may have been misread as the beginning of a string: look again inside it, but not inside what
            // was complete. No byte is looked at more than a few times, as the next such string begins behind the
            // end of this one.
            if (last_string_ != std::string_view::npos) at_ = std::max(last_string_ + 1, end_of_last_);
            return;
        }
    }

    void open() {
        open_.push_back({at_, text_[at_] == '{'});
        expected_ = open_.back().object ? Expected::key_or_end : Expected::value_or_end;
        ++at_;
    }

    bool close() {
        if (peek() != (open_.back().object ? '}' : ']')) return false;
        ++at_;
        last_ = text_.substr(open_.back().begin, at_ - open_.back().begin);
        end_of_last_ = at_;
        open_.pop_back();
        expected_ = Expected::comma_or_end;
        return true;
    }

    bool step() {
        switch (expected_) {
            case Expected::comma_or_end:
                if (peek() != ',') return close();
                ++at_;
                expected_ = open_.back().object ? Expected::key : Expected::value;
                return true;
            case Expected::key_or_end:
                return close() || key();
            case Expected::key:
                return key();
            case Expected::value_or_end:
                return close() || value();
            case Expected::value:
                return value();
        }
        return false;
    }

    bool key() {
        if (!string()) return false;
        skip_space();
        if (peek() != ':') return false;
        ++at_;
        expected_ = Expected::value;
        return true;
    }

    bool value() {
        if (peek() == '{' || peek() == '[') {
            if (open_.size() == deepest) return false;
            open();
            return true;
        }
        expected_ = Expected::comma_or_end;
        if (peek() == '"') return string();
        for (const std::string_view word : {"true", "false", "null"}) {
            if (!text_.substr(at_).starts_with(word)) continue;
            at_ += word.size();
            return true;
        }
        return number();
    }

    bool string() {
        if (peek() != '"') return false;
        last_string_ = at_++;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
            if (text_[at_] == '\\' && !escape()) return false;
            ++at_;
        }
        if (at_ == text_.size()) return false;
        ++at_;
        return true;
    }

    // Leaves the scanner on the escape's last letter.
    bool escape() {
        ++at_;
        if (peek() != 'u') return at_ < text_.size() && std::string_view("\"\\/bfnrt").find(peek()) < 8;
        for (int i = 0; i < 4; ++i) {
            ++at_;
            const char c = peek();
            if (!is_digit(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F')) return false;
        }
        return true;
    }

    bool digits() {
        const std::size_t begin = at_;
        while (is_digit(peek()))
            ++at_;
        return at_ > begin;
    }

    bool number() {
        if (peek() == '-') ++at_;
        const bool zero = peek() == '0';
        const std::size_t begin = at_;
        if (!digits() || (zero && at_ > begin + 1)) return false;
        if (peek() == '.') {
            ++at_;
            if (!digits()) return false;
        }
        if (peek() != 'e' && peek() != 'E') return true;
        ++at_;
        if (peek() == '+' || peek() == '-') ++at_;
        return digits();
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t last_string_ = std::string_view::npos;
    std::vector<Open> open_;
    Expected expected_ = Expected::value;
    std::optional<std::string_view> last_;
    std::size_t end_of_last_ = 0;
};

std::string_view last_fence(std::string_view text) {
    constexpr std::string_view fence = "```";
    const std::size_t close = text.rfind(fence);
    if (close == std::string_view::npos || close == 0) return {};
    const std::size_t open = text.rfind(fence, close - 1);
    if (open == std::string_view::npos || open + fence.size() > close) return {};
    const std::string_view block = text.substr(open + fence.size(), close - open - fence.size());
    const std::size_t line = block.find('\n');
    return line == std::string_view::npos ? std::string_view() : block.substr(line + 1);
}

}  // namespace

std::optional<std::string_view> last_json(std::string_view text) {
    if (const auto container = JsonScanner(text).last_container()) return container;
    for (const std::string_view candidate : {trim(text), trim(last_fence(text))})
        if (!candidate.empty() && nlohmann::json::accept(candidate)) return candidate;
    return std::nullopt;
}

}  // namespace enough
