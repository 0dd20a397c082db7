#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// Who may ask. Only hashes of the keys are kept, and a key is compared with all of them in constant time.
class ApiKeys {
public:
    /// Nobody needs a key.
    ApiKeys() = default;

    /// One key a line, in plain or as `sha256:` and 64 hex digits; blanks and what follows `#` don't count. Throws
    /// `std::invalid_argument` naming the line, `std::runtime_error` if the file can't be read or holds no key.
    static ApiKeys read(const std::filesystem::path& file);

    bool required() const { return !hashes_.empty(); }

    /// Does an `Authorization` header's value hold one of the keys?
    bool allow(std::string_view authorization) const;

private:
    using Hash = std::array<unsigned char, 32>;
    std::vector<Hash> hashes_;
};

}  // namespace enough
