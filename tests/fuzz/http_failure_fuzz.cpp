// Any bytes are a refusal: the first tells its status, three lines `retry-after-ms`, `retry-after` and the content's
// type, the rest is its body. What is said of it is one bounded line of UTF-8 without our secret, and no wait is
// absurd.
#include "providers/http_failure.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace enough;

const std::string secret = "sk-secret-12345";

void require(bool condition) {
    if (!condition) std::abort();
}

void require_fit_to_be_shown(const std::string& text) {
    require(text.size() < 1000);
    require(std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }));
    require(text.find(secret) == std::string::npos);
    (void)nlohmann::json(text).dump();  // throws for what is no UTF-8
}

std::optional<std::string> next_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return line.empty() ? std::nullopt : std::optional(line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace std::chrono_literals;
    if (size == 0) return 0;
    std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto milliseconds = next_line(text);
    const auto retry_after = next_line(text);
    const std::string content_type = next_line(text).value_or("");
    const auto wait =
        http_retry_after(milliseconds, retry_after, std::chrono::system_clock::time_point(1'700'000'000s));
    require(!wait || (*wait >= 0ms && *wait <= 24h));

    const ServerText shown(std::vector<std::string>{secret});
    const HttpRefusal refusal{200 + 2 * data[0], content_type, std::string(text), std::string(text.substr(0, 100))};
    const Failure failure = http_failure(refusal, "http://server:80", shown);
    require(!failure.message.empty());
    require_fit_to_be_shown(failure.message);
    const ServerError error = server_error(refusal.body);
    require_fit_to_be_shown(stream_failure(shown.excerpt(error.message), error.code).message);
    return 0;
}
