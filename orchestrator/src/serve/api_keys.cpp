#include "serve/api_keys.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <optional>
#include <set>
#include <stdexcept>

namespace enough {
namespace {

using Hash = std::array<unsigned char, 32>;

constexpr std::string_view hashed = "sha256:";
constexpr std::string_view bearer = "bearer ";
constexpr std::string_view basic = "basic ";
constexpr std::size_t shortest_key = 16;
constexpr std::size_t longest_key = 1024;
constexpr std::size_t longest_name = 64;

Hash hash_of(std::string_view key) {
    Hash hash{};
    if (EVP_Digest(key.data(), key.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 is not available");
    return hash;
}

std::optional<Hash> read_hash(std::string_view digits) {
    Hash hash{};
    if (digits.size() != 2 * hash.size()) return std::nullopt;
    for (std::size_t i = 0; i < hash.size(); ++i) {
        const char* begin = digits.data() + 2 * i;
        if (std::from_chars(begin, begin + 2, hash[i], 16).ptr != begin + 2) return std::nullopt;
    }
    return hash;
}

Hash read_key(std::string_view text, const std::string& where) {
    if (text.starts_with(hashed)) {
        const auto hash = read_hash(text.substr(hashed.size()));
        if (!hash) throw std::invalid_argument(where + ": after 'sha256:' stand 64 hex digits");
        return *hash;
    }
    if (text.size() < shortest_key)
        throw std::invalid_argument(fmt::format("{}: a key has at least {} characters", where, shortest_key));
    return hash_of(text);
}

/// What stands before a `#`.
std::vector<std::string_view> words_of(std::string_view line) {
    constexpr std::string_view blanks = " \t\r";
    line = line.substr(0, line.find('#'));
    std::vector<std::string_view> words;
    for (std::size_t end = 0;;) {
        const std::size_t begin = line.find_first_not_of(blanks, end);
        if (begin == std::string_view::npos) return words;
        end = std::min(line.find_first_of(blanks, begin), line.size());
        words.push_back(line.substr(begin, end - begin));
    }
}

template <class Number>
Number positive(std::string_view text, const std::string& what) {
    Number number{};
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || !(number > 0) || number > Number(1e15))
        throw std::invalid_argument(what + " is a number above 0");
    return number;
}

bool is_name(std::string_view text) {
    const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; };
    return !text.empty() && text.size() <= longest_name && std::all_of(text.begin(), text.end(), fits);
}

/// A word that is no rule is not repeated: it may be a key.
KeyRules read_rules(const std::vector<std::string_view>& words, const std::string& where) {
    KeyRules rules;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::size_t equals = words[i].find('=');
        const std::string rule(words[i].substr(0, equals));
        const std::string_view value = equals == std::string_view::npos ? "" : words[i].substr(equals + 1);
        const std::string what = where + ": " + rule;
        if (rule == "name" && is_name(value))
            rules.name = value;
        else if (rule == "name")
            throw std::invalid_argument(what + " is made of letters, digits, '-', '_' and '.'");
        else if (rule == "runs")
            rules.runs = static_cast<std::size_t>(positive<std::int64_t>(value, what));
        else if (rule == "requests_per_minute")
            rules.requests_per_minute =
                static_cast<int>(std::min<std::int64_t>(positive<std::int64_t>(value, what), 1'000'000));
        else if (rule == "tokens_per_day")
            rules.per_day.tokens = positive<std::int64_t>(value, what);
        else if (rule == "usd_per_day")
            rules.per_day.usd = positive<double>(value, what);
        else
            throw std::invalid_argument(where +
                                        ": after the key stand name=, runs=, requests_per_minute=, "
                                        "tokens_per_day= and usd_per_day= only");
    }
    return rules;
}

/// The key in an `Authorization` header.
std::optional<std::string> key_in(std::string_view authorization) {
    if (authorization.size() > longest_key) return std::nullopt;
    if (boost::beast::iequals(authorization.substr(0, bearer.size()), bearer))
        return std::string(authorization.substr(bearer.size()));
    if (!boost::beast::iequals(authorization.substr(0, basic.size()), basic)) return std::nullopt;
    const std::string_view coded = authorization.substr(basic.size());
    if (coded.empty() || coded.size() % 4 != 0) return std::nullopt;
    std::string plain(coded.size() / 4 * 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(plain.data()),
                        reinterpret_cast<const unsigned char*>(coded.data()), static_cast<int>(coded.size()));
    if (size < 0) return std::nullopt;
    const auto padding = static_cast<std::size_t>(std::count(coded.end() - 2, coded.end(), '='));
    plain.resize(static_cast<std::size_t>(size) - padding);
    const std::size_t colon = plain.find(':');
    if (colon == std::string::npos) return std::nullopt;
    return plain.substr(colon + 1);
}

}  // namespace

ApiKeys ApiKeys::read(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) throw std::runtime_error(fmt::format("cannot read {}", file.string()));
    ApiKeys keys;
    std::set<std::string> names;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        const std::string where = fmt::format("{}:{}", file.string(), number);
        const auto words = words_of(line);
        if (words.empty()) continue;
        Entry entry{read_key(words.front(), where), read_rules(words, where)};
        if (entry.rules.name.empty()) entry.rules.name = fmt::format("key-{}", keys.entries_.size() + 1);
        if (!names.insert(entry.rules.name).second)
            throw std::invalid_argument(fmt::format("{}: another key has the name '{}'", where, entry.rules.name));
        keys.entries_.push_back(std::move(entry));
    }
    if (keys.entries_.empty()) throw std::runtime_error(fmt::format("{} holds no key", file.string()));
    return keys;
}

const KeyRules* ApiKeys::find(std::string_view authorization) const {
    const std::optional<std::string> given = key_in(authorization);
    if (!given) return nullptr;
    const Hash hash = hash_of(*given);
    const KeyRules* found = nullptr;
    for (const Entry& entry : entries_)
        if (CRYPTO_memcmp(hash.data(), entry.hash.data(), hash.size()) == 0) found = &entry.rules;
    return found;
}

bool ApiKeys::count_money() const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return entry.rules.per_day.usd.has_value(); });
}

std::vector<KeyRules> ApiKeys::all() const {
    std::vector<KeyRules> rules;
    for (const Entry& entry : entries_)
        rules.push_back(entry.rules);
    return rules;
}

}  // namespace enough
