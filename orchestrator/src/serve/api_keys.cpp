#include "serve/api_keys.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <boost/beast/core/string.hpp>

#include <charconv>
#include <fstream>
#include <optional>
#include <stdexcept>

namespace enough {
namespace {

using Hash = std::array<unsigned char, 32>;

constexpr std::string_view hashed = "sha256:";
constexpr std::string_view scheme = "bearer ";
constexpr std::size_t shortest_key = 16;
constexpr std::size_t longest_key = 1024;

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

std::string_view trimmed(std::string_view line) {
    line = line.substr(0, line.find('#'));
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

Hash read_key(std::string_view text, const std::string& where) {
    if (text.starts_with(hashed)) {
        const auto hash = read_hash(text.substr(hashed.size()));
        if (!hash) throw std::invalid_argument(where + ": after 'sha256:' stand 64 hex digits");
        return *hash;
    }
    if (text.find_first_of(" \t") != std::string_view::npos)
        throw std::invalid_argument(where + ": a key holds no blanks; one stands on each line");
    if (text.size() < shortest_key)
        throw std::invalid_argument(fmt::format("{}: a key has at least {} characters", where, shortest_key));
    return hash_of(text);
}

}  // namespace

ApiKeys ApiKeys::read(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) throw std::runtime_error(fmt::format("cannot read {}", file.string()));
    ApiKeys keys;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        const std::string_view text = trimmed(line);
        if (!text.empty()) keys.hashes_.push_back(read_key(text, fmt::format("{}:{}", file.string(), number)));
    }
    if (keys.hashes_.empty()) throw std::runtime_error(fmt::format("{} holds no key", file.string()));
    return keys;
}

bool ApiKeys::allow(std::string_view authorization) const {
    if (authorization.size() > longest_key) return false;
    if (!boost::beast::iequals(authorization.substr(0, scheme.size()), scheme)) return false;
    const Hash given = hash_of(authorization.substr(scheme.size()));
    int equal = 0;
    for (const Hash& known : hashes_)
        equal |= static_cast<int>(CRYPTO_memcmp(given.data(), known.data(), known.size()) == 0);
    return equal != 0;
}

}  // namespace enough
