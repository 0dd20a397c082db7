#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// How the answer's value is taken out of an answer's text.
enum class ExtractKind { text, number, boxed, choice, json, regex };
std::string_view name(ExtractKind kind);
std::optional<ExtractKind> extract_kind_named(std::string_view name);

/// A compiled extraction rule; immutable, cheap to copy, safe to share between threads.
///
/// `text` the trimmed text · `number` the last number (docs list what counts as one) · `boxed` the content of the last
/// \boxed{} · `choice` the last stand-alone letter A-E · `json` the last JSON value in the text, or what `pointer`
/// (RFC 6901) finds in it · `regex` group 1 (else 0) of the last match of an RE2 pattern.
/// All but `text` look at the last 1 MiB only. docs/answers.md has every rule with examples.
///
/// number | in the text                                     | value
/// ------ | ----------------------------------------------- | -----------------------------
/// counts | `1,234.50` `+7` `-3` `−3` `042` `.5` `is 42.`   | `1234.5` `7` `-3` `-3` `42` `0.5` `42`
///        | `$1,200` `-$5` `50%` `12 km` `12km`             | `1200` `-5` `50` `12` `12`
///        | `1E+05` `3 × 10^8` `10^{-2}`                    | `1e5` `3e8` `1e-2`
///        | `3/4` `\frac{1}{2}` `-\frac12` `1 1/2`          | `3/4` `1/2` `-1/2` `3/2`
/// does   | `x2` `H2O` `GPT-4` `2nd` `x_1` `m^2` `2^8`      |
/// not    | `10:30` `1.2.3`                                 |
///
/// `1,2` is two numbers. Zeros that change nothing and separators go; fractions and exponents are not worked out.
///
/// choice: a box or a phrase like "the answer is (B)" (the later of them), else the last bold letter, else the last
/// letter that stands alone and is no article ("A train leaves ...").
///
/// json: the last complete, outermost object or list, in a code fence or not; any other value only if it is the whole
/// text or the whole content of the last fence. A string is given as it is, null is no value, the rest as compact JSON.
class Extractor {
public:
    Extractor();  ///< text

    /// Throws `std::invalid_argument` for a bad pattern or pointer, or an argument the kind does not take.
    static Extractor make(ExtractKind kind, std::string argument = {});

    /// The value; absent when the text holds none. Empty text has no value.
    std::optional<std::string> operator()(std::string_view text) const;

    ExtractKind kind() const;
    const std::string& argument() const;

private:
    struct Rule;
    explicit Extractor(std::shared_ptr<const Rule> rule);
    std::shared_ptr<const Rule> rule_;
};

/// Whether two values, extracted by the same kind, are one answer: `number` compares by size (`0.5` is `1/2`, `42.0` is
/// `42`), `boxed` too if both are numbers, else without white space; `json` compares values; the others compare trimmed
/// and without regard to ASCII case.
bool same_answer(ExtractKind kind, std::string_view a, std::string_view b);

}  // namespace enough
