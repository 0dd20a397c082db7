#include "extract_rules.hpp"
#include "number_spelling.hpp"

#include <utility>

namespace enough {
namespace {

constexpr std::size_t longest_number = 400;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
class NumberScanner {
public:
    explicit NumberScanner(std::string_view text) : text_(text) {}

    std::optional<std::string> last() {
        while (at_ < text_.size()) {
            const std::size_t begin = at_;
            std::optional<std::string> number;
            if (text_[at_] == '\\')
                number = latex_fraction();
            else if (starts_number(at_))
                number = number_at(begin);
            else
                ++at_;
            if (number) last_ = std::move(number);
        }
        return last_;
    }

private:
    char peek(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
    char before(std::size_t at, std::size_t back = 1) const { return at >= back ? text_[at - back] : '\0'; }

    bool starts_number(std::size_t at) const {
        return is_digit(text_[at]) ||
               (text_[at] == '.' && is_digit(peek(at + 1)) && !is_digit(before(at)) && before(at) != '.');
    }

    // x2, GPT-4, x_1, x_{1}, m^2, 10:30: no numbers of their own.
    bool is_glued_before(std::size_t begin) const {
        if (before(begin) == ':') return is_digit(before(begin, 2));
        const bool dash = before(begin) == '-';
        std::size_t back = dash ? 2 : 1;
        if (before(begin, back) == '{') ++back;
        const char left = before(begin, back);
        const bool braced = back > (dash ? 2U : 1U);
        return left == '_' || left == '^' || (is_letter(left) && !braced);
    }

    bool is_glued_after(std::size_t end) const {
        const char next = peek(end);
        if (next == '_' || next == '^') return true;
        if (next == ':') return is_digit(peek(end + 1));
        if (next == '.') return is_digit(peek(end + 1));
        if (!is_letter(next)) return false;
        std::size_t word = end;
        while (word - end < 4 && is_letter(peek(word)))
            ++word;
        return !is_unit_of_measure(text_.substr(end, word - end)) || is_digit(peek(word));
    }

    // A minus that is no subtraction, hyphen or range: nothing that could be its left side stands before it.
    bool is_negative(std::size_t begin) const {
        std::size_t at = begin;
        const auto skip_currency = [this, &at] {
            for (const std::string_view sign : {"$", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5"}) {
                if (!text_.substr(0, at).ends_with(sign)) continue;
                at -= sign.size();
                return;
            }
        };
        skip_currency();
        if (before(at) != '-') return false;
        --at;
        const std::size_t sign = at;
        skip_currency();
        const char left = at < sign ? '\0' : before(at);
        return !is_digit(left) && !is_letter(left) && left != ')' && left != ']' && left != '}' && left != '-';
    }

    std::string_view digits() {
        const std::size_t begin = at_;
        while (is_digit(peek(at_)))
            ++at_;
        return text_.substr(begin, at_ - begin);
    }

    // 1,234,567: groups of three behind one to three digits.
    std::string grouped_digits() {
        std::string all(digits());
        if (all.empty() || all.size() > 3) return all;
        const auto group = [this] {
            return peek(at_) == ',' && is_digit(peek(at_ + 1)) && is_digit(peek(at_ + 2)) && is_digit(peek(at_ + 3)) &&
                   !is_digit(peek(at_ + 4));
        };
        for (; group(); at_ += 4)
            all += text_.substr(at_ + 1, 3);
        return all;
    }

    void skip_glued() {
        while (is_digit(peek(at_)) || is_letter(peek(at_)) || (peek(at_) == '.' && is_digit(peek(at_ + 1))))
            ++at_;
    }

    std::optional<std::string> number_at(std::size_t begin) {
        const bool glued = is_glued_before(begin);
        const std::string sign = is_negative(begin) ? "-" : "";
        const std::string whole = grouped_digits();
        const bool is_plain_integer = at_ - begin == whole.size();
        if (auto fraction = slash_fraction(whole, is_plain_integer && !glued)) {
            const bool behind_whole = whole_ && whole_->end + 1 == begin && before(begin) == ' ';
            return written(*fraction, !sign.empty(), behind_whole);
        }
        std::string_view decimals;
        if (peek(at_) == '.' && is_digit(peek(at_ + 1))) {
            ++at_;
            decimals = digits();
        }
        std::string exponent = letter_exponent();
        if (exponent.empty()) exponent = times_power_of_ten();
        const bool is_power = whole == "10" && decimals.empty() && peek(at_) == '^';
        if (is_power) exponent = power(at_);
        if (glued || is_glued_after(at_)) {
            skip_glued();
            return std::nullopt;
        }
        if (at_ - begin > longest_number) return std::nullopt;
        while (decimals.ends_with('0'))
            decimals.remove_suffix(1);
        if (decimals.empty() && exponent.empty()) whole_ = Whole{at_, significant_digits(whole), !sign.empty()};
        std::string number = is_power ? "1" : significant_digits(whole);
        if (!decimals.empty()) number.append(".").append(decimals);
        if (number != "0" && !exponent.empty()) number += "e" + exponent;
        return with_sign(sign, number);
    }

    static std::string with_sign(const std::string& sign, const std::string& number) {
        return number == "0" ? number : sign + number;
    }

    struct Fraction {
        std::string numerator, denominator;
    };

    // As it stands, or as an improper fraction together with the whole number before it: 1 1/2 is 3/2.
    std::string written(Fraction fraction, bool negative, bool behind_whole) const {
        constexpr std::size_t most_digits = 9;
        const auto is_short = [](const std::string& digits) { return digits.size() <= most_digits; };
        const bool mixed = behind_whole && !negative && is_short(whole_->digits) && is_short(fraction.numerator) &&
                           is_short(fraction.denominator);
        if (mixed) {
            const long long numerator = std::stoll(fraction.numerator);
            const long long denominator = std::stoll(fraction.denominator);
            if (numerator < denominator) {
                fraction.numerator = std::to_string(std::stoll(whole_->digits) * denominator + numerator);
                negative = whole_->negative;
            }
        }
        if (fraction.numerator == "0") return "0";
        return with_sign(negative ? "-" : "", fraction.numerator + "/" + fraction.denominator);
    }

    // 3/4, but neither 3/4/2020 nor 1/0.
    std::optional<Fraction> slash_fraction(const std::string& numerator, bool allowed) {
        if (!allowed || peek(at_) != '/' || !is_digit(peek(at_ + 1))) return std::nullopt;
        std::size_t end = at_ + 1;
        while (is_digit(peek(end)))
            ++end;
        if (peek(end) == '/' || (peek(end) == '.' && is_digit(peek(end + 1))) || is_glued_after(end))
            return std::nullopt;
        const std::string denominator = significant_digits(text_.substr(at_ + 1, end - at_ - 1));
        if (denominator == "0" || is_part_of_date()) return std::nullopt;
        at_ = end;
        return Fraction{significant_digits(numerator), denominator};
    }

    bool is_part_of_date() const {
        std::size_t begin = at_;
        while (begin > 0 && is_digit(text_[begin - 1]))
            --begin;
        return before(begin) == '/';
    }

    std::string exponent_digits(std::size_t at) {
        const bool negative = peek(at) == '-';
        if (negative || peek(at) == '+') ++at;
        if (!is_digit(peek(at))) return {};
        at_ = at;
        const std::string value = significant_digits(digits());
        return value == "0" ? value : (negative ? "-" : "") + value;
    }

    std::string letter_exponent() {
        if (peek(at_) != 'e' && peek(at_) != 'E') return {};
        return exponent_digits(at_ + 1);
    }

    // ^8 or ^{-8}; the scanner moves behind it if it is one.
    std::string power(std::size_t at) {
        if (peek(at) != '^') return {};
        const bool braced = peek(at + 1) == '{';
        const std::size_t back = at_;
        std::string exponent = exponent_digits(at + (braced ? 2 : 1));
        if (exponent.empty() || !braced) return exponent;
        if (peek(at_) == '}') {
            ++at_;
            return exponent;
        }
        at_ = back;
        return {};
    }

    // 3 x 10^8 in the ways LaTeX and people write it.
    std::string times_power_of_ten() {
        std::size_t at = at_;
        const auto skip = [this, &at](std::string_view word) {
            if (!text_.substr(at).starts_with(word)) return false;
            at += word.size();
            return true;
        };
        skip(" ");
        if (!skip("\xC3\x97") && !skip("\\times") && !skip("\\cdot") && !skip("*")) return {};
        skip(" ");
        return skip("10") ? power(at) : std::string();
    }

    // \frac{1}{2}, \dfrac{1}{2}, \tfrac12: whole numbers over whole numbers.
    std::optional<std::string> latex_fraction() {
        const std::size_t begin = at_++;
        const std::string_view rest = text_.substr(begin);
        const auto command = [rest](std::string_view name) { return rest.starts_with(name); };
        if (!command("\\frac") && !command("\\dfrac") && !command("\\tfrac")) return std::nullopt;
        std::size_t at = begin + (command("\\frac") ? 5 : 6);
        bool negative = is_negative(begin);
        const std::optional<std::string_view> numerator = latex_argument(at, negative);
        if (!numerator) return std::nullopt;
        const std::optional<std::string_view> denominator = latex_argument(at, negative);
        if (!denominator || significant_digits(*denominator) == "0") return std::nullopt;
        at_ = at;
        const bool behind_whole = whole_ && whole_->end == begin;
        return written(Fraction{significant_digits(*numerator), significant_digits(*denominator)}, negative,
                       behind_whole);
    }

    std::optional<std::string_view> latex_argument(std::size_t& at, bool& negative) const {
        if (is_digit(peek(at))) return text_.substr(at++, 1);
        if (peek(at) != '{') return std::nullopt;
        std::size_t begin = at + 1;
        const bool minus = peek(begin) == '-';
        if (minus) ++begin;
        std::size_t end = begin;
        while (is_digit(peek(end)))
            ++end;
        if (end == begin || peek(end) != '}' || end - begin > longest_number) return std::nullopt;
        at = end + 1;
        negative = negative != minus;
        return text_.substr(begin, end - begin);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::optional<std::string> last_;

    // The whole number read last: a fraction right behind it belongs to it.
    struct Whole {
        std::size_t end;
        std::string digits;
        bool negative;
    };
    std::optional<Whole> whole_;
};

}  // namespace

std::optional<std::string> extract_number(std::string_view text) {
    const std::string plain = plain_number_signs(text);
    return NumberScanner(plain).last();
}

}  // namespace enough
