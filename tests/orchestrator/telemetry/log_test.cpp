#include "telemetry/log.hpp"

#include <gtest/gtest.h>

namespace enough::test {
namespace {

using Json = nlohmann::ordered_json;

// 2026-01-31T12:00:00.250Z, by `date -u -d @1769860800`.
const std::chrono::system_clock::time_point noon{std::chrono::milliseconds(1'769'860'800'250)};

TEST(Log, AJsonLine) {
    const Json fields{{"route", "/v1/models"}, {"status", 200}, {"key", nullptr}, {"ms", 1.5}};
    EXPECT_EQ(log_line(LogFormat::json, noon, LogLevel::warning, "request", fields),
              R"({"time":"2026-01-31T12:00:00.250Z","level":"warning","message":"request","route":"/v1/models",)"
              R"("status":200,"ms":1.5})"
              "\n");
}

TEST(Log, ATextLineCannotBeForged) {
    const Json fields{{"route", "/v1/runs/{id}"}, {"reason", "a\nb=\"c\""}, {"empty", ""}};
    EXPECT_EQ(log_line(LogFormat::text, noon, LogLevel::info, "run", fields),
              "2026-01-31T12:00:00.250Z info    run route=/v1/runs/{id} reason=\"a\\nb=\\\"c\\\"\" empty=\"\"\n");
}

TEST(Log, BrokenUtf8MakesNoBrokenLine) {
    const Json fields{{"reason", "\xff"}, {"x", 1}};
    const std::string line = log_line(LogFormat::json, noon, LogLevel::info, "run", fields);
    EXPECT_EQ(Json::parse(line)["reason"], "\xEF\xBF\xBD");
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
    std::string written;
    Log log({LogFormat::json, LogLevel::warning}, [&](const std::string& line) { written += line; });
    log.line(LogLevel::info, "no", Json::object());
    EXPECT_EQ(written, "");
    log.line(LogLevel::error, "yes", Json::object());
    EXPECT_EQ(Json::parse(written)["message"], "yes");
    Log off({LogFormat::off, LogLevel::debug}, [&](const std::string&) { FAIL(); });
    off.line(LogLevel::error, "no", Json::object());
}

}  // namespace
}  // namespace enough::test
