#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace enough {

/// A strict, single-pass JSON reader that builds no tree: values are taken in the order in which they stand. It exists
/// because a streamed token with 20 candidates must be read in about a microsecond, which no tree of nodes allows.
///
/// The text must be followed by a NUL byte (as in `std::string`) and outlive the reader. The first mistake in the text
/// makes the reader `failed`, after which every call returns false or an empty value and nothing moves. Besides JSON
/// the number literals `NaN`, `Infinity` and `-Infinity` are read, since Python's servers write them.
class JsonReader {
public:
    enum class Kind { object, array, string, number, boolean, null, bad };

    explicit JsonReader(const std::string& text);

    /// Kind of the value that comes next, judged by its first character.
    Kind peek() {
        skip_space();
        return kinds[static_cast<unsigned char>(*at_)];
    }

    /// Reads a string into `out`, unescaped. Lone surrogates become U+FFFD; bytes that are no UTF-8 are a mistake.
    bool string(std::string& out);

    /// Reads a number, correct to one unit in the last place. Numbers beyond a double's range become infinite or zero.
    bool number(double& out);

    /// Reads an array of numbers from 0 to 255. False, with the array read all the same, if it holds anything else.
    bool byte_array(std::string& out);

    bool null();
    bool boolean(bool& out);

    /// Reads over one value of any kind, checking it. Values nested deeper than `max_depth` are a mistake.
    bool skip() { return skip_value(0); }

    /// True if nothing but white space is left.
    bool at_end();

    bool failed() const { return failed_; }

    /// Where the reader stands; `rewind` returns to such a place.
    const char* position() const { return at_; }
    void rewind(const char* position) { at_ = position; }

    static constexpr int max_depth = 64;

private:
    friend class JsonObject;
    friend class JsonArray;

    void skip_space() {
        while (static_cast<unsigned char>(*at_) <= ' ' &&
               (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) {
            ++at_;
        }
    }
    bool take(char expected) {
        skip_space();
        if (*at_ != expected) return false;
        ++at_;
        return true;
    }
    bool fail();
    void digits(std::uint64_t& value);
    bool literal(std::string_view word);
    bool odd_number(bool negative, double& out);
    bool long_number(const char* begin, double& out);
    bool odd_string(std::string& out);
    bool small_number(unsigned& out);
    bool escape(std::string& out);
    bool code_unit(unsigned& out);
    bool key(std::string_view& out) {
        if (!take('"')) return fail();
        const char* begin = at_;
        while (plain_character[static_cast<unsigned char>(*at_)])
            ++at_;
        if (*at_ != '"') return odd_key(begin, out);
        out = std::string_view(begin, static_cast<std::size_t>(at_++ - begin));
        return take(':') || fail();
    }
    bool odd_key(const char* begin, std::string_view& out);
    bool skip_value(int depth);

    static const std::array<Kind, 256> kinds;            // by a value's first character
    static const std::array<bool, 256> plain_character;  // ASCII that stands for itself in a string

    const char* at_;
    const char* end_;
    bool failed_ = false;
    std::string scratch_;
};

/// Walks over the members of an object: `for (JsonObject object(reader); object.next();)`, reading exactly one value
/// for each. The key is valid until its value is read.
class JsonObject {
public:
    explicit JsonObject(JsonReader& reader) : reader_(reader) {
        if (!reader_.take('{')) reader_.fail();
    }
    bool next() {
        if (reader_.failed_ || reader_.take('}')) return false;
        if (!first_ && !reader_.take(',')) return reader_.fail();
        first_ = false;
        return reader_.key(key_);
    }
    std::string_view key() const { return key_; }

private:
    JsonReader& reader_;
    std::string_view key_;
    bool first_ = true;
};

/// Walks over the elements of an array in the same way.
class JsonArray {
public:
    explicit JsonArray(JsonReader& reader) : reader_(reader) {
        if (!reader_.take('[')) reader_.fail();
    }
    bool next() {
        if (reader_.failed_ || reader_.take(']')) return false;
        if (!first_ && !reader_.take(',')) return reader_.fail();
        first_ = false;
        // An element must follow: `[1,]` is a mistake that the element's own reading would not see.
        return reader_.peek() != JsonReader::Kind::bad || reader_.fail();
    }

private:
    JsonReader& reader_;
    bool first_ = true;
};

}  // namespace enough
