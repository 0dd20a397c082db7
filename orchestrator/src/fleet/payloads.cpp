#include "fleet/payloads.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace enough::fleet {
namespace {

using nlohmann::json;

constexpr std::string_view mark = "{\"aside\":";
constexpr std::size_t most_inline = 256 << 10;

std::string text_of(const nats::BlobReference& reference) {
    const json inner{{"sha256", reference.sha256}, {"bytes", reference.bytes}, {"chunks", reference.chunks}};
    return std::string(mark) + inner.dump() + "}";
}

/// Absent: the text stands for itself.
std::optional<nats::BlobReference> reference_in(const std::string& packed) {
    if (!packed.starts_with(mark)) return std::nullopt;
    const json document = json::parse(packed, nullptr, false);
    if (document.is_discarded()) return std::nullopt;
    const json& inner = document.at("aside");
    const bool fits = inner.is_object() && inner.contains("sha256") && inner["sha256"].is_string() &&
                      inner.contains("bytes") && inner["bytes"].is_number_unsigned() && inner.contains("chunks") &&
                      inner["chunks"].is_number_unsigned();
    if (!fits) return std::nullopt;
    return nats::BlobReference{inner["sha256"].get<std::string>(), inner["bytes"].get<std::uint64_t>(),
                               inner["chunks"].get<std::uint32_t>()};
}

}  // namespace

std::size_t largest_inline(std::size_t max_payload) {
    return std::min(most_inline, max_payload / 2);
}

Task<nats::Result<std::string>> Payloads::pack(std::string text) const {
    if (text.size() <= largest_) co_return text;
    nats::Result<nats::BlobReference> put = co_await aside_.put(std::move(text));
    if (!put.has_value()) co_return put.error();
    co_return text_of(*put);
}

Task<nats::Result<std::string>> Payloads::unpack(std::string text) const {
    const std::optional<nats::BlobReference> reference = reference_in(text);
    if (!reference) co_return text;
    nats::Result<std::string> bytes = co_await aside_.get(*reference);
    co_return bytes;
}

Task<void> Payloads::remove(std::string packed) const {
    const std::optional<nats::BlobReference> reference = reference_in(packed);
    if (!reference) co_return;
    const nats::Result<void> ignored = co_await aside_.remove(*reference);
    static_cast<void>(ignored);
}

}  // namespace enough::fleet
