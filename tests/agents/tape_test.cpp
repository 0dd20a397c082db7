#include <enough/agents/cassette.hpp>

#include "agents/recorded_calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace enough {
namespace {

using test::answered;
using test::asking;
using testing::HasSubstr;
using testing::Not;

using Used = std::unordered_set<const RecordedCall*>;

std::string text_of(const Tape::Recording& recording) {
    return recording == nullptr ? "none" : recording->outcome->text;
}

TEST(Tape, FindsEqualRequestsInTheirOrder) {
    Tape tape;
    tape.add(answered("m", asking("a"), "one"));
    tape.add(answered("m", asking("b"), "other"));
    tape.add(answered("m", asking("a"), "two"));
    EXPECT_EQ(tape.size(), 3U);
    Used used;
    for (const char* want : {"one", "two", "none"}) {
        const auto found = tape.find("m", asking("a"), used);
        EXPECT_EQ(text_of(found), want);
        if (found != nullptr) used.insert(found.get());
    }
    EXPECT_EQ(text_of(tape.find("m", asking("b"), used)), "other");
    EXPECT_EQ(text_of(tape.find("m", asking("a"), {})), "one");
}

TEST(Tape, EveryPartOfARequestCounts) {
    Request full = asking("a");
    full.sampling = {.temperature = 0.5, .top_p = 0.9, .seed = 1, .max_tokens = 100, .stop = {"x", "y"}};
    Tape tape;
    tape.add(answered("m", full, "yes"));
    EXPECT_EQ(text_of(tape.find("m", full, {})), "yes");
    EXPECT_EQ(text_of(tape.find("n", full, {})), "none");
    const std::function<void(Request&)> changes[] = {
        [](Request& r) { r.messages[1].content = "b"; },
        [](Request& r) { r.messages[1].role = Role::assistant; },
        [](Request& r) { r.messages.pop_back(); },
        [](Request& r) { r.messages.emplace_back(); },
        [](Request& r) { std::swap(r.messages[0], r.messages[1]); },
        [](Request& r) { r.sampling.temperature = 0.6; },
        [](Request& r) { r.sampling.temperature.reset(); },
        [](Request& r) { r.sampling.top_p = 1; },
        [](Request& r) { r.sampling.seed = 2; },
        [](Request& r) { r.sampling.max_tokens = 101; },
        [](Request& r) { r.sampling.stop = {"xy"}; },
        [](Request& r) { r.top_logprobs = 21; },
    };
    for (std::size_t i = 0; i < std::size(changes); ++i) {
        Request other = full;
        changes[i](other);
        EXPECT_EQ(text_of(tape.find("m", other, {})), "none") << i;
    }
    Request same = full;
    same.top_logprobs = 19;
    same.deadline = Deadline::after(std::chrono::hours(1));
    EXPECT_EQ(text_of(tape.find("m", same, {})), "yes");
}

Request with_tools() {
    auto request = asking("weather?");
    request.messages.push_back({Role::assistant, "", {{"c", "weather", "{}"}}});
    request.messages.push_back({Role::tool, "sunny", {}, "c"});
    request.tools = {{"weather", "Tells it", "{}"}};
    return request;
}

RecordedCall answered_with_tools(const std::string& model, const Request& request) {
    auto call = answered(model, request, "yes");
    call.tools = request.tools;
    call.tools_forbidden = request.tools_forbidden;
    return call;
}

TEST(Tape, ToolsBelongToTheRequest) {
    Tape tape;
    tape.add(answered_with_tools("m", with_tools()));
    EXPECT_EQ(text_of(tape.find("m", with_tools(), {})), "yes");
    const struct {
        void (*change)(Request&);
        const char* difference;
    } cases[] = {
        {[](Request& request) { request.tools.clear(); }, "the same messages, but had other tools"},
        {[](Request& request) { request.tools[0].description = "x"; }, "but had other tools"},
        {[](Request& request) { request.tools_forbidden = true; }, "was allowed to call its tools, which the request"},
        {[](Request& request) { request.messages[2].tool_calls[0].arguments = "[]"; },
         "its message 3 (assistant) has other tool calls"},
        {[](Request& request) { request.messages[3].tool_call_id = "d"; },
         "its message 4 (tool) is the result of another tool call"},
    };
    for (const auto& test : cases) {
        auto other = with_tools();
        test.change(other);
        EXPECT_EQ(text_of(tape.find("m", other, {})), "none") << test.difference;
        EXPECT_THAT(tape.nearest("m", other), HasSubstr(test.difference));
    }
}

TEST(Tape, PassesOverRecordingsWithTooLittleEvidence) {
    Tape tape;
    tape.add(answered("m", asking("a", 5), "few"));
    tape.add(answered("m", asking("a", 20), "many"));
    EXPECT_EQ(text_of(tape.find("m", asking("a", 20), {})), "many");
    EXPECT_EQ(text_of(tape.find("m", asking("a", 5), {})), "few");
    EXPECT_EQ(text_of(tape.find("m", asking("a", 0), {})), "few");
}

TEST(TapeNearest, OfNothing) {
    EXPECT_EQ(Tape().nearest("m", asking("a")), "the tape has no calls");
}

TEST(TapeNearest, OfOtherModels) {
    Tape tape;
    tape.add(answered("big", asking("a"), ""));
    tape.add(answered("big", asking("b"), ""));
    EXPECT_EQ(tape.nearest("small", asking("c")), R"(the tape has no call of the model "small", only of "big")");
    EXPECT_EQ(tape.nearest("small", asking("b")),
              R"(the tape has no call of the model "small", only of "big"; this request was recorded for "big")");
    for (const char* model : {"x", "y", "z", "z"})
        tape.add(answered(model, asking("a"), ""));
    EXPECT_THAT(tape.nearest("small", asking("c")), HasSubstr(R"(only of "big", "x", "y" and 1 more)"));
}

TEST(TapeNearest, AllUsedUp) {
    Tape tape;
    tape.add(answered("m", asking("a"), ""));
    EXPECT_EQ(tape.nearest("m", asking("a")), "the only recording of this request is used up");
    tape.add(answered("m", asking("a"), ""));
    EXPECT_EQ(tape.nearest("m", asking("a")), "all 2 recordings of this request are used up");
    tape.add(answered("m", asking("a", 5), ""));
    EXPECT_EQ(tape.nearest("m", asking("a")),
              "all 2 recordings of this request with at least 20 candidates for each token are used up");
}

TEST(TapeNearest, TooLittleEvidence) {
    Tape tape;
    tape.add(answered("m", asking("a", 0), ""));
    EXPECT_EQ(tape.nearest("m", asking("a", 20)),
              "this request was recorded without evidence, and 20 candidates are wanted for each token");
    tape.add(answered("m", asking("a", 5), ""));
    EXPECT_EQ(tape.nearest("m", asking("a", 20)),
              "this request was recorded with 5 candidates for each token, and 20 are wanted");
}

TEST(TapeNearest, OtherSampling) {
    Tape tape;
    auto far = asking("a");
    far.sampling = {.temperature = 1, .top_p = 1, .seed = 1, .max_tokens = 1, .stop = {"x"}};
    tape.add(answered("m", far, ""));
    tape.add(answered("m", asking("a"), ""));
    auto wanted = asking("a");
    wanted.sampling.temperature = 0.25;
    wanted.sampling.seed = 7;
    EXPECT_EQ(tape.nearest("m", wanted),
              "the nearest recording has the same messages, but was sampled with temperature 0.5 instead of 0.25, seed "
              "none instead of 7");
    wanted.sampling = far.sampling;
    wanted.sampling.top_p = 0.5;
    wanted.sampling.max_tokens = 2;
    wanted.sampling.stop = {};
    EXPECT_EQ(tape.nearest("m", wanted),
              "the nearest recording has the same messages, but was sampled with top_p 1 instead of 0.5, max_tokens 1 "
              "instead of 2, other stop texts");
}

TEST(TapeNearest, OtherMessages) {
    Tape tape;
    tape.add(answered("m", asking("How many apples has Ann?"), ""));
    tape.add(answered("m", asking("Who"), ""));
    const auto text = tape.nearest("m", asking("How many pears has Ann?"));
    EXPECT_EQ(text, R"(of the nearest recording: its message 2 (user) differs from byte 10 on: recorded )"
                    R"("How many apples has Ann?", asked "How many pears has Ann?")");

    auto longer = asking("Who");
    longer.messages.push_back({Role::assistant, "I"});
    EXPECT_EQ(tape.nearest("m", longer),
              "of the nearest recording: it has 2 messages, the request 3; the first 2 are equal");

    auto role = asking("Who");
    role.messages[1].role = Role::assistant;
    role.sampling.seed = 1;
    EXPECT_THAT(tape.nearest("m", role),
                HasSubstr("its message 2 is of the role user, the request's of the role assistant; it also was sampled "
                          "with seed none instead of 1"));
}

TEST(TapeNearest, QuotesOnlyWhereTextsPart) {
    const std::string secret(3000, 'q');
    Tape tape;
    tape.add(answered("m", asking(secret + "\xC3\xA4zzz" + secret), ""));
    const auto text = tape.nearest("m", asking(secret + "\xC3\xB6zzz" + secret));
    EXPECT_THAT(text, HasSubstr("from byte 3002 on")) << "the two bytes of the letters differ in the second";
    EXPECT_THAT(text, HasSubstr("q\xC3\xA4zzzq"));
    EXPECT_THAT(text, HasSubstr("q\xC3\xB6zzzq"));
    EXPECT_THAT(text, HasSubstr("\"…q"));
    EXPECT_THAT(text, HasSubstr("q…\""));
    EXPECT_THAT(text, Not(HasSubstr(std::string(50, 'q'))));
}

TEST(TapeNearest, IsOneBoundedLineWhateverTheTexts) {
    for (const std::string& filler : {std::string(5000, '\n'), std::string(5000, '\x01'), std::string(5000, '\xFF')}) {
        Tape tape;
        auto recorded = asking(filler + "a" + filler);
        recorded.sampling = {
            .temperature = 1.0 / 3, .top_p = 1.0 / 7, .seed = UINT64_MAX, .max_tokens = INT64_MIN, .stop = {filler}};
        for (const char* model : {"", "2", "3", "4"})
            tape.add(answered(filler + model, recorded, ""));
        for (const std::string& model : {filler, std::string("other") + filler}) {
            for (const auto& wanted : {asking(filler + "b" + filler), recorded}) {
                auto request = wanted;
                request.top_logprobs = 100;
                const auto text = tape.nearest(model, request);
                EXPECT_LE(text.size(), 2000U);
                for (const char c : text)
                    ASSERT_FALSE(static_cast<unsigned char>(c) < 0x20) << text;
                EXPECT_THAT(text, Not(HasSubstr("\xFF")));
            }
        }
    }
}

}  // namespace
}  // namespace enough
