#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/event_log.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace enough {
namespace {

Event answered() {
    Answer answer{
        .text = "zw\u00f6lf", .finish_reason = FinishReason::stop, .usage = {.input_tokens = 7, .output_tokens = 3}};
    EvidenceSummary evidence{.tokens = 3, .evidence_tokens = 2, .entropy_mean = 0.1 + 0.2};
    return {"run", 4, RunTime{1.25}, CallAnswered{1, answer, evidence}};
}

TEST(EventJson, KeepsNumbersToTheLastBit) {
    const Event read = event_from_json(nlohmann::json::parse(to_json(answered()).dump()));
    const auto& body = std::get<CallAnswered>(read.body);
    EXPECT_EQ(body.evidence->entropy_mean, 0.1 + 0.2);
    EXPECT_EQ(body.evidence->entropy_max, std::nullopt);
    EXPECT_EQ(body.answer.text, "zw\u00f6lf");
    EXPECT_EQ(body.answer.reported_output_tokens, std::nullopt);
    EXPECT_EQ(read.at, RunTime{1.25});
}

TEST(EventJson, RefusesWhatIsNoEvent) {
    const nlohmann::json good = to_json(answered());
    const auto with = [&](const char* key, nlohmann::json value) {
        nlohmann::json bad = good;
        bad[key] = std::move(value);
        return bad;
    };
    EXPECT_THROW(event_from_json(nlohmann::json::array()), std::invalid_argument);
    EXPECT_THROW(event_from_json(with("type", "party")), std::invalid_argument);
    EXPECT_THROW(event_from_json(with("call", -1)), std::invalid_argument);
    EXPECT_THROW(event_from_json(with("call", 1.5)), std::invalid_argument);
    EXPECT_THROW(event_from_json(with("call", 1ULL << 40)), std::invalid_argument);
    EXPECT_THROW(event_from_json(with("answer", "42")), std::invalid_argument);
    EXPECT_THROW(event_from_json(with("run_id", nullptr)), std::invalid_argument);
    for (const auto& [key, value] : good.items()) {
        if (key == "evidence") continue;  // may be absent
        nlohmann::json bad = good;
        bad.erase(key);
        EXPECT_THROW(event_from_json(bad), std::invalid_argument) << key;
    }
}

TEST(EventJson, RefusesAFormatOfTheFuture) {
    RunStarted start{
        .version = 2, .workflow = "w", .workflow_hash = "h", .started = "s", .inputs = nlohmann::json::object()};
    EXPECT_THROW(event_from_json(to_json({"run", 1, RunTime{}, start})), std::invalid_argument);
}

TEST(EventLog, DropsATornLastLineAndNothingElse) {
    const std::string line = to_json(answered()).dump();
    std::istringstream torn(line + "\n" + line.substr(0, line.size() / 2));
    EXPECT_EQ(read_event_log(torn).size(), 1U);
    std::istringstream broken(line.substr(0, line.size() / 2) + "\n" + line + "\n");
    EXPECT_THROW(read_event_log(broken), std::invalid_argument);
}

TEST(EventLog, RefusesWhatIsNestedDeeperThanTheStackAllows) {
    const auto log = [](std::size_t depth) {
        const std::string inputs = R"({"list":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
        return std::istringstream(
            R"({"run_id":"r","number":1,"at_ms":0,"type":"run_started","version":1,"workflow":"w","workflow_hash":"h",)"
            R"("started":"s","tools":{},"inputs":)" +
            inputs + "}\n");
    };
    auto deep = log(100'000);
    EXPECT_THROW(read_event_log(deep), std::invalid_argument);
    auto usual = log(50);
    EXPECT_EQ(read_event_log(usual).size(), 1U);
}

}  // namespace
}  // namespace enough
