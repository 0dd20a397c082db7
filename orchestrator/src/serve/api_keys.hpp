#pragma once

#include "serve/ledger.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// What one key may use. Absent: no bound but the server's.
struct KeyRules {
    std::string name;  ///< for logs and lists, never the key itself
    std::optional<std::size_t> runs;
    std::optional<int> requests_per_minute;
    RunAllowance per_day;
};

/// Who may ask. Only hashes of the keys are kept, and a key is compared with all of them in constant time.
class ApiKeys {
public:
    /// Nobody needs a key.
    ApiKeys() = default;

    /// One key a line, in plain or as `sha256:` and 64 hex digits, then its rules: `name=team runs=4
    /// requests_per_minute=60 tokens_per_day=200000 usd_per_day=1.5`; blanks and what follows `#` don't count. A key
    /// without a name is `key-N`, N its place among the keys. Throws `std::invalid_argument` naming the line,
    /// `std::runtime_error` if the file can't be read or holds no key.
    static ApiKeys read(const std::filesystem::path& file);

    bool required() const { return !entries_.empty(); }

    /// Whose key an `Authorization` header holds: `Bearer KEY`, or `Basic` with the key as password, as browsers send
    /// it. Null: nobody's.
    const KeyRules* find(std::string_view authorization) const;

    std::vector<KeyRules> all() const;

    /// Has one of them a budget in money?
    bool count_money() const;

private:
    using Hash = std::array<unsigned char, 32>;
    struct Entry {
        Hash hash;
        KeyRules rules;
    };
    std::vector<Entry> entries_;
};

}  // namespace enough
