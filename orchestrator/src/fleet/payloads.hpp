#pragma once

#include "nats/blobs.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace enough::fleet {

/// Texts that may be too large for one message: these are put aside, and a reference goes in their place.
class Payloads {
public:
    /// `largest`: bytes that go into a message as they are.
    Payloads(nats::Blobs aside, std::size_t largest) : aside_(std::move(aside)), largest_(largest) {}

    Task<nats::Result<std::string>> pack(std::string text) const;
    Task<nats::Result<std::string>> unpack(std::string text) const;

    /// Removes what was put aside for a packed text, if anything was.
    Task<void> remove(std::string packed) const;

private:
    nats::Blobs aside_;
    std::size_t largest_;
};

/// What fits a message with all that stands around it.
std::size_t largest_inline(std::size_t max_payload);

}  // namespace enough::fleet
