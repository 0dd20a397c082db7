#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace enough::nats {

/// Any text as one token of a subject, which is also a name that streams, consumers and buckets may have: letters,
/// digits, `-` and `_` stand for themselves but for the one below, every other byte is `_` and two hexadecimal digits,
/// as is `_` itself. Different texts give different tokens; the empty text gives `_`.
std::string subject_token(std::string_view text);

/// The text that gives this token; absent if none does.
std::optional<std::string> text_of_token(std::string_view token);

/// Any text as a key of a bucket: the same, with `/` and `.` standing for themselves where a key may have them.
std::string bucket_key(std::string_view text);
std::optional<std::string> text_of_key(std::string_view key);

}  // namespace enough::nats
