#include "fleet/fleet_messages.hpp"

#include "support/run_workflow.hpp"

#include <enough/workflows/load.hpp>

#include <gmock/gmock.h>

#include <functional>
#include <stdexcept>

namespace enough::fleet {
namespace {

using nlohmann::json;
using testing::HasSubstr;

BatchNotice a_notice() {
    BatchNotice notice;
    notice.id = "0a1b";
    notice.workflow = "cascade";
    notice.models = {"large", "small"};
    notice.bundle = R"({"format": 1})";
    notice.lease = std::chrono::milliseconds(1'500);
    notice.silence = std::chrono::milliseconds(4'000);
    notice.max_deliveries = 3;
    notice.begun = "2026-01-31T12:00:00.000Z";
    return notice;
}

Outcome an_outcome() {
    return {{"host-1", 2}, {Status::unresolved, {3, 40, 10, 50, 0.25}, R"({"status":"unresolved"})"}};
}

std::string why(const std::function<void()>& read) {
    try {
        read();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "it was read";
}

TEST(FleetMessages, SayTheSameWhenRead) {
    EXPECT_EQ(read_notice(to_text(a_notice())), a_notice());
    const Job job{7, json("q7"), {{"question", "1 + 1?"}}};
    EXPECT_EQ(read_job(to_text(job)), job);
    const Beat beat{{"a", "b"}, true, false};
    EXPECT_EQ(read_beat(to_text(beat)), beat);
    const News news{"a", 16, 3, "no such file", true};
    EXPECT_EQ(read_news(to_text(news)), news);
    const Waste waste = read_waste(to_text(Waste{{"a", 2}, {1, 2, 0, 3, 0.5}, "late"}));
    EXPECT_EQ(waste.holder, (Holder{"a", 2}));
    EXPECT_EQ(waste.totals, (RunTotals{1, 2, 0, 3, 0.5}));
    EXPECT_EQ(waste.reason, "late");
    const Outcome outcome = read_outcome(to_text(an_outcome()));
    EXPECT_EQ(outcome.holder, an_outcome().holder);
    EXPECT_EQ(outcome.result.status, Status::unresolved);
    EXPECT_EQ(outcome.result.totals, an_outcome().result.totals);
    EXPECT_EQ(outcome.result.report, an_outcome().result.report);
}

TEST(FleetMessages, ARecordHoldsTheEventsOfARun) {
    const auto workflow = parse_workflow(R"yaml(
version: 1
models: {m: {provider: scripted, answers: [{text: done, entropy: [0.5]}]}}
agents: {a: {model: m}}
steps: [{id: s, prompt: q, agent: a}]
)yaml");
    const std::vector<Event> events = test::run_workflow(workflow, json::object()).events;
    ASSERT_GT(events.size(), 3U);
    const RunRecord record = read_record(to_text(RunRecord{{"host-1", 2}, events, 1, true}));
    EXPECT_EQ(record.holder, (Holder{"host-1", 2}));
    EXPECT_EQ(record.failures, 1);
    EXPECT_TRUE(record.handed_back);
    ASSERT_EQ(record.events.size(), events.size());
    for (std::size_t i = 0; i < events.size(); ++i)
        EXPECT_EQ(to_json(record.events[i]), to_json(events[i]));
}

TEST(FleetMessages, ANoticeOfAnotherVersionIsRefused) {
    json notice = json::parse(to_text(a_notice()));
    notice["format"] = 2;
    EXPECT_EQ(why([&] { read_notice(notice.dump()); }), "the batch is of another version of this program");
}

TEST(FleetMessages, EveryFieldMustBeThereAndFit) {
    const auto check = [](const std::string& good, const std::function<void(std::string_view)>& read) {
        const json whole = json::parse(good);
        for (const auto& [key, value] : whole.items()) {
            json without = whole;
            without.erase(key);
            EXPECT_THAT(why([&] { read(without.dump()); }), HasSubstr("'" + key + "'")) << good;
            json wrong = whole;
            wrong[key] = json::array({json::object()});
            const bool any_value_will_do = key == "id" || key == "events";
            if (any_value_will_do) continue;
            EXPECT_NE(why([&] { read(wrong.dump()); }), "it was read") << key << " in " << good;
        }
    };
    check(to_text(a_notice()), [](std::string_view text) { read_notice(text); });
    check(to_text(Job{7, json("q7"), json::object()}), [](std::string_view text) { read_job(text); });
    check(to_text(an_outcome()), [](std::string_view text) { read_outcome(text); });
    check(to_text(Waste{{"a", 2}, {1, 2, 0, 3, 0.5}, "late"}), [](std::string_view text) { read_waste(text); });
    check(to_text(Beat{{"a"}, false, false}), [](std::string_view text) { read_beat(text); });
    check(to_text(News{"a", 1, 1, "", false}), [](std::string_view text) { read_news(text); });
    check(to_text(RunRecord{{"a", 1}, {}, 0, false}), [](std::string_view text) { read_record(text); });
}

TEST(FleetMessages, AResultMustBeOneOfARunThatEnded) {
    for (const char* status : {"running", "queued", "cancelled", "done", ""}) {
        json outcome = json::parse(to_text(an_outcome()));
        outcome["status"] = status;
        EXPECT_THAT(why([&] { read_outcome(outcome.dump()); }), HasSubstr("'status'")) << status;
    }
    for (const char* report : {"", "[]", "{", "{}\n{}", "{} {}"}) {
        json outcome = json::parse(to_text(an_outcome()));
        outcome["report"] = report;
        EXPECT_THAT(why([&] { read_outcome(outcome.dump()); }), HasSubstr("'report'")) << report;
    }
}

TEST(FleetMessages, NumbersKeepTheirBounds) {
    json outcome = json::parse(to_text(an_outcome()));
    outcome["totals"]["calls"] = -1;
    EXPECT_THAT(why([&] { read_outcome(outcome.dump()); }), HasSubstr("'calls'"));
    outcome["totals"]["calls"] = 1.5;
    EXPECT_THAT(why([&] { read_outcome(outcome.dump()); }), HasSubstr("'calls'"));
    json notice = json::parse(to_text(a_notice()));
    notice["lease_ms"] = 0;
    EXPECT_THAT(why([&] { read_notice(notice.dump()); }), HasSubstr("'lease_ms'"));
    notice["lease_ms"] = 1e18;
    EXPECT_THAT(why([&] { read_notice(notice.dump()); }), HasSubstr("'lease_ms'"));
}

TEST(FleetMessages, GarbageIsRefused) {
    const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
    for (const std::string& text : {std::string(), std::string("\0\xff", 2), std::string("[]"), std::string("null"),
                                    std::string("{"), deep, "{\"workers\":" + deep + "}"}) {
        EXPECT_THROW(read_beat(text), std::invalid_argument);
        EXPECT_THROW(read_job(text), std::invalid_argument);
        EXPECT_THROW(read_record(text), std::invalid_argument);
    }
}

}  // namespace
}  // namespace enough::fleet
