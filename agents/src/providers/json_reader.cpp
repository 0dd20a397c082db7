#include "providers/json_reader.hpp"

#include "providers/utf8.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

namespace enough {

namespace {

constexpr std::array<double, 23> powers_of_ten{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int exact_digits = 19;  // always fit 64 bits

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// The first of eight characters is the lowest byte of the word, on every machine we know to build for.
static_assert(std::endian::native == std::endian::little);

bool eight_digits(std::uint64_t word) {
    return ((word & 0xF0F0F0F0F0F0F0F0) | (((word + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4)) ==
           0x3333333333333333;
}

// Joins neighbours: digits to pairs, then pairs to fours and fours to eight in one multiplication each.
std::uint64_t value_of_eight(std::uint64_t word) {
    word -= 0x3030303030303030;
    word = word * 10 + (word >> 8);
    return (((word & 0x000000FF000000FF) * 0x000F424000000064) +
            (((word >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >>
           32;
}

}  // namespace

JsonReader::JsonReader(const std::string& text) : at_(text.c_str()), end_(text.c_str() + text.size()) {
    if (text.starts_with("\xEF\xBB\xBF")) at_ += 3;  // a byte order mark
}

bool JsonReader::fail() {
    failed_ = true;
    at_ = end_;  // where the NUL stands: every further read fails there
    return false;
}

constexpr std::array<JsonReader::Kind, 256> JsonReader::kinds = [] {
    std::array<Kind, 256> out{};
    out.fill(Kind::bad);
    for (const char c : std::string_view("0123456789-NI"))
        out[static_cast<unsigned char>(c)] = Kind::number;
    out['{'] = Kind::object;
    out['['] = Kind::array;
    out['"'] = Kind::string;
    out['t'] = out['f'] = Kind::boolean;
    out['n'] = Kind::null;
    return out;
}();

constexpr std::array<bool, 256> JsonReader::plain_character = [] {
    std::array<bool, 256> out{};
    for (std::size_t c = 0x20; c < 0x80; ++c)
        out[c] = c != '"' && c != '\\';
    return out;
}();

bool JsonReader::string(std::string& out) {
    if (!take('"')) {
        out.clear();
        return fail();
    }
    const char* begin = at_;
    while (plain_character[static_cast<unsigned char>(*at_)])
        ++at_;
    out.assign(begin, at_);
    if (*at_ != '"') return odd_string(out);
    ++at_;
    return true;
}

// The rest of a string that holds escapes or characters beyond ASCII.
bool JsonReader::odd_string(std::string& out) {
    for (;;) {
        const char* begin = at_;
        while (*at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20)
            ++at_;
        out.append(begin, at_);
        if (*at_ == '"') break;
        if (*at_ != '\\') return fail();  // a control character, or the text's end
        ++at_;
        if (!escape(out)) return false;
    }
    ++at_;
    return is_utf8(out) || fail();
}

bool JsonReader::escape(std::string& out) {
    switch (*at_++) {
        case '"':
            out += '"';
            return true;
        case '\\':
            out += '\\';
            return true;
        case '/':
            out += '/';
            return true;
        case 'b':
            out += '\b';
            return true;
        case 'f':
            out += '\f';
            return true;
        case 'n':
            out += '\n';
            return true;
        case 'r':
            out += '\r';
            return true;
        case 't':
            out += '\t';
            return true;
        case 'u':
            break;
        default:
            --at_;
            return fail();
    }
    unsigned code = 0;
    if (!code_unit(code)) return fail();
    if (code >= 0xD800 && code < 0xDC00 && at_[0] == '\\' && at_[1] == 'u') {
        const char* second = at_;
        at_ += 2;
        unsigned low = 0;
        if (!code_unit(low)) return fail();
        if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        } else {
            at_ = second;
        }
    }
    if (code >= 0xD800 && code < 0xE000) code = 0xFFFD;
    append_utf8(out, code);
    return true;
}

bool JsonReader::code_unit(unsigned& out) {
    out = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
        const char c = *at_;
        if (is_digit(c)) {
            out = out * 16 + static_cast<unsigned>(c - '0');
        } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
            out = out * 16 + static_cast<unsigned>((c | 0x20) - 'a' + 10);
        } else {
            return false;
        }
    }
    return true;
}

bool JsonReader::number(double& out) {
    skip_space();
    const char* begin = at_;
    const bool negative = *at_ == '-';
    if (negative) ++at_;
    if (!is_digit(*at_)) return odd_number(negative, out);
    std::uint64_t mantissa = 0;
    const char* first = at_;
    while (is_digit(*at_))
        mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at_++ - '0');
    if (*first == '0' && at_ - first > 1) return fail();
    auto count = at_ - first;
    std::ptrdiff_t fraction = 0;
    if (*at_ == '.') {
        const char* dot = ++at_;
        digits(mantissa);
        fraction = at_ - dot;
        if (fraction == 0) return fail();
        count += fraction;
        if (*first == '0') {
            const char* zero = dot;
            for (--count; *zero == '0'; ++zero)
                --count;  // leading zeros take no room
        }
    }
    if (*at_ == 'e' || *at_ == 'E' || count > exact_digits || fraction > 22) return long_number(begin, out);
    // One rounding for a mantissa above 2^53, one for the division; servers compute logprobs in single precision.
    const double value = static_cast<double>(mantissa) / powers_of_ten[static_cast<std::size_t>(fraction)];
    out = negative ? -value : value;
    return true;
}

void JsonReader::digits(std::uint64_t& value) {
    std::uint64_t word = 0;
    while (end_ - at_ >= 8) {
        std::memcpy(&word, at_, 8);
        if (!eight_digits(word)) break;
        value = value * 100'000'000 + value_of_eight(word);
        at_ += 8;
    }
    while (is_digit(*at_))
        value = value * 10 + static_cast<std::uint64_t>(*at_++ - '0');
}

bool JsonReader::long_number(const char* begin, double& out) {
    bool small = false;
    if (*at_ == 'e' || *at_ == 'E') {
        ++at_;
        small = *at_ == '-';
        if (*at_ == '+' || *at_ == '-') ++at_;
        if (!is_digit(*at_)) return fail();
        while (is_digit(*at_))
            ++at_;
    }
    const auto [_, error] = std::from_chars(begin, at_, out);
    if (error == std::errc::result_out_of_range) {
        out = small ? 0.0 : std::numeric_limits<double>::infinity();
        if (*begin == '-') out = -out;
    }
    return true;
}

bool JsonReader::odd_number(bool negative, double& out) {
    if (*at_ == 'I' && literal("Infinity")) {
        out = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
        return true;
    }
    out = std::numeric_limits<double>::quiet_NaN();
    return *at_ == 'N' && !negative ? literal("NaN") : fail();
}

// A whole number from 0 to 255 that is followed by what may follow it. False, with nothing read, for anything else.
inline bool JsonReader::small_number(unsigned& out) {
    const char* at = at_;
    out = static_cast<unsigned char>(*at) - unsigned{'0'};
    if (out > 9) return false;
    ++at;
    if (out != 0 && is_digit(*at)) {
        out = out * 10 + static_cast<unsigned>(*at++ - '0');
        if (is_digit(*at)) out = out * 10 + static_cast<unsigned>(*at++ - '0');
    }
    if (out > 255 || (*at != ',' && *at != ']' && *at != ' ')) return false;
    at_ = at;
    return true;
}

bool JsonReader::byte_array(std::string& out) {
    out.clear();
    if (!take('[')) return fail();
    if (take(']')) return true;
    std::array<char, 64> bytes;  // gathered here first: a string's own bookkeeping costs more than the reading
    std::size_t count = 0;
    bool good = true;
    for (;;) {
        unsigned value = 0;
        skip_space();
        if (small_number(value)) {
            bytes[count++] = static_cast<char>(value);
        } else {
            good = false;
            if (!skip_value(1)) return false;
        }
        const bool more = take(',');
        if (!more || count == bytes.size()) out.append(bytes.data(), std::exchange(count, 0));
        if (!more) return (take(']') || fail()) && good;
    }
}

bool JsonReader::null() {
    skip_space();
    return literal("null");
}

bool JsonReader::boolean(bool& out) {
    skip_space();
    out = *at_ == 't';
    return literal(out ? "true" : "false");
}

bool JsonReader::literal(std::string_view word) {
    for (const char c : word) {
        if (*at_ != c) return fail();
        ++at_;
    }
    return true;
}

// A key with escapes or characters beyond ASCII.
bool JsonReader::odd_key(const char* begin, std::string_view& out) {
    at_ = begin - 1;
    if (!string(scratch_)) return false;
    out = scratch_;
    return take(':') || fail();
}

bool JsonReader::skip_value(int depth) {
    if (depth > max_depth) return fail();
    double ignored = 0;
    bool truth = false;
    switch (peek()) {
        case Kind::object:
            for (JsonObject object(*this); object.next();)
                skip_value(depth + 1);
            return !failed_;
        case Kind::array:
            for (JsonArray array(*this); array.next();)
                skip_value(depth + 1);
            return !failed_;
        case Kind::string:
            return string(scratch_);
        case Kind::number:
            return number(ignored);
        case Kind::boolean:
            return boolean(truth);
        case Kind::null:
            return null();
        case Kind::bad:
            break;
    }
    return fail();
}

bool JsonReader::at_end() {
    skip_space();
    return !failed_ && at_ == end_;
}

}  // namespace enough
