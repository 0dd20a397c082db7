#include "providers/llama_file.hpp"

#include "failure_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace enough::llama {

namespace {

constexpr std::uintmax_t sample_size = 1 << 20;

Failure unusable(const std::string& path, std::string_view why) {
    return make_failure(FailureKind::no_model, fmt::format("the model file {} {}", path, why));
}

// FNV-1a, 64 bits: tells files apart, keeps nothing secret.
void mix(std::uint64_t& hash, std::string_view bytes) {
    for (const char byte : bytes) {
        hash ^= static_cast<unsigned char>(byte);
        hash *= 0x100000001b3;
    }
}

std::string read_at(std::ifstream& file, std::uintmax_t offset, std::uintmax_t size) {
    std::string bytes(static_cast<std::size_t>(size), '\0');
    file.seekg(static_cast<std::streamoff>(offset));
    file.read(bytes.data(), static_cast<std::streamsize>(size));
    bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    return bytes;
}

}  // namespace

Result<ModelFile> inspect_model(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code error;
    const auto status = fs::status(path, error);
    if (!fs::exists(status)) return unusable(path, "does not exist; check the model's `path`");
    if (!fs::is_regular_file(status)) return unusable(path, "is not a file; name a .gguf file");
    const auto size = fs::file_size(path, error);
    std::ifstream file(path, std::ios::binary);
    if (error || !file) return unusable(path, "can't be read; check its permissions");

    const auto head = read_at(file, 0, std::min(size, sample_size));
    if (!std::string_view(head).starts_with("GGUF")) {
        return unusable(path, "is not a GGUF model; download it again or convert it");
    }
    std::uint64_t hash = 0xcbf29ce484222325;
    mix(hash, head);
    mix(hash, read_at(file, size - std::min(size, sample_size), std::min(size, sample_size)));
    return ModelFile{fmt::format("gguf-{}-{:016x}", size, hash)};
}

}  // namespace enough::llama
