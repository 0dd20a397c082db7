#include "schema_check.hpp"

#include <re2/re2.h>

#include <regex>
#include <vector>

namespace enough {
namespace {

constexpr std::size_t longest = 500;
constexpr int most_repetitions = 4;

/// What a pattern repeats. The validator matches by trying (std::regex): nested repetition takes exponential time.
class Repetition {
public:
    explicit Repetition(const std::string& pattern) : text_(pattern) {}

    std::string fault() {
        std::vector<bool> loose(1, false);  // per open group: something in it can match in several ways
        for (at_ = 0; at_ < text_.size(); ++at_) {
            switch (text_[at_]) {
                case '\\':
                    ++at_;
                    break;
                case '[':
                    skip_class();
                    break;
                case '(':
                    loose.push_back(false);
                    if (next_is('?')) ++at_;
                    break;
                case ')': {
                    const bool inner = loose.back();
                    if (loose.size() > 1) loose.pop_back();
                    if (inner && repeated_after())
                        return "a repeated group with repetition or choice inside may take for ever";
                    loose.back() = loose.back() || inner;
                    break;
                }
                case '*':
                case '+':
                    ++unbounded_;
                    [[fallthrough]];
                case '?':
                case '|':
                    loose.back() = true;
                    break;
                case '{':
                    if (ranged(at_)) {
                        ++unbounded_;
                        loose.back() = true;
                    }
                    break;
                default:
                    break;
            }
        }
        return unbounded_ > most_repetitions ? "more than 4 repetitions without a fixed number may take for ever" : "";
    }

private:
    bool next_is(char c) const { return at_ + 1 < text_.size() && text_[at_ + 1] == c; }

    bool ranged(std::size_t open) const {
        const std::size_t close = text_.find('}', open);
        return close != std::string::npos && text_.find(',', open) < close;
    }

    bool repeated_after() const { return next_is('*') || next_is('+') || next_is('{'); }

    void skip_class() {
        if (next_is('^')) ++at_;
        if (next_is(']')) ++at_;
        while (at_ + 1 < text_.size() && text_[at_ + 1] != ']')
            at_ += text_[at_ + 1] == '\\' ? 2 : 1;
        ++at_;
    }

    const std::string& text_;
    std::size_t at_ = 0;
    int unbounded_ = 0;
};

}  // namespace

std::string pattern_fault(const std::string& pattern) {
    if (pattern.size() > longest) return "a pattern of more than 500 characters";
    const re2::RE2 compiled(pattern, re2::RE2::Quiet);
    if (!compiled.ok()) return "not a valid pattern (RE2): " + compiled.error();
    try {
        const std::regex other(pattern);
    } catch (const std::regex_error&) {
        return "not a valid pattern (ECMAScript)";
    }
    return Repetition(pattern).fault();
}

}  // namespace enough
