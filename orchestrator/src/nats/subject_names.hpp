#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace enough::nats {

/// Any text as one token of a subject, which is also a name that streams, consumers and buckets may have: letters,
/// digits and `-` stand for themselves, every other byte, `_` too, is `_` and two hexadecimal digits. Different texts
/// give different tokens; the empty text gives `_`.
std::string subject_token(std::string_view text);

/// The text that gives this token; absent if none does.
std::optional<std::string> text_of_token(std::string_view token);

/// Any text as a key of a bucket: the same, but `/`, `=` and a `.` between two other characters stand for themselves.
std::string bucket_key(std::string_view text);
std::optional<std::string> text_of_key(std::string_view key);

/// Whether this may be sent as a subject: at most 1,000 characters, no empty token, no space or control character,
/// which would end our connection. `wildcards`: `*` as a token, and `>` as the last one.
enum class Wildcards { none, allowed };
bool is_subject(std::string_view text, Wildcards wildcards);

/// Whether a stream or consumer may have this name: at most 200 characters that a subject's token may have, no slashes.
bool is_stream_name(std::string_view text);

/// Whether a bucket takes this key as it is.
bool is_bucket_key(std::string_view key);

}  // namespace enough::nats
