#include <enough/agents/cassette.hpp>

#include "agents/recorded_calls.hpp"
#include "failure_kind.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace enough {
namespace {

using namespace std::chrono_literals;
using test::same;
using test::token;
using testing::HasSubstr;

std::string content(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string written(const std::vector<RecordedCall>& calls) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "calls.jsonl";
    CassetteWriter writer(file);
    for (const auto& call : calls)
        writer.write(call);
    EXPECT_FALSE(writer.error());
    return content(file);
}

std::shared_ptr<Tape> read(const std::string& text) {
    std::istringstream in(text);
    return read_cassette(in);
}

RecordedCall full_call() {
    RecordedCall call;
    call.model = "small \xE2\x82\xAC";
    call.messages = {{Role::system, "a\n\"b\"\\"}, {Role::user, std::string("\xFF\x00z", 3)}, {Role::assistant, ""}};
    call.sampling.temperature = 0.1 + 0.2;
    call.sampling.top_p = 1;
    call.sampling.seed = std::numeric_limits<std::uint64_t>::max();
    call.sampling.max_tokens = 9007199254740993;  // no double holds it
    call.sampling.stop = {"\n", "\xC3"};
    call.top_logprobs = 3;
    call.stream = {test::shown("thin", Phase::reasoning),
                   token("thin", test::nan, {}, Phase::reasoning),
                   Restart{},
                   token("\xE2\x82", -0.0, {{"\xE2\x82", -1e-300}, {"", -test::infinity}, {"x", test::infinity}}),
                   token("\xAC", -9999, {{"\xAC", test::nan}}, Phase::reasoning),
                   token(std::string(1, '\0'), std::numeric_limits<double>::lowest()),
                   test::shown("\xE2\x82\xAC")};
    Answer answer;
    answer.text = "\xE2\x82\xAC";
    answer.reasoning = "thin\x80";
    answer.finish_reason = FinishReason::length;
    answer.usage = {
        .input_tokens = 1, .cached_input_tokens = 2, .output_tokens = 3, .reasoning_tokens = 4, .estimated = true};
    answer.reported_output_tokens = 5;
    answer.model = "small-2025";
    answer.fingerprint = "fp_1";
    answer.logprobs_refused = true;
    answer.latency = std::chrono::duration<double, std::milli>(1234.5678901234567);
    answer.first_token = std::chrono::duration<double, std::milli>(1.0 / 3);
    call.outcome = answer;
    return call;
}

RecordedCall failed_call() {
    auto call = full_call();
    auto failure = make_failure(FailureKind::rate_limited, "http://h answered 429 \xFE");
    failure.retryable = false;
    failure.retry_after = 1500ms;
    failure.spent.output_tokens = 7;
    call.outcome = failure;
    return call;
}

TEST(Cassette, KeepsEveryField) {
    RecordedCall least;  // all that is optional is absent
    const std::vector<RecordedCall> calls = {full_call(), failed_call(), least};
    const auto tape = read(written(calls));
    ASSERT_EQ(tape->size(), calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i)
        EXPECT_TRUE(same(*tape->calls()[i], calls[i])) << i;
}

TEST(Cassette, KeepsEveryNamedValue) {
    std::vector<RecordedCall> calls;
    for (const auto reason : {FinishReason::stop, FinishReason::length, FinishReason::filter,
                              FinishReason::stopped_early, FinishReason::tool_calls, FinishReason::other}) {
        calls.emplace_back().outcome->finish_reason = reason;
    }
    for (int kind = 0; kind <= static_cast<int>(FailureKind::script_ended); ++kind)
        calls.emplace_back().outcome = make_failure(static_cast<FailureKind>(kind), "");
    const auto tape = read(written(calls));
    ASSERT_EQ(tape->size(), calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i)
        EXPECT_TRUE(same(*tape->calls()[i], calls[i])) << i;
}

rc::Gen<std::string> any_bytes() {
    const auto raw = rc::gen::container<std::string>(rc::gen::cast<char>(rc::gen::inRange(0, 256)));
    return rc::gen::oneOf(raw,
                          rc::gen::element<std::string>("", " word", "\xC3\xA9", "\xF0\x9F\x98", "restart", "inf"));
}

rc::Gen<double> any_number() {
    return rc::gen::oneOf(rc::gen::arbitrary<double>(),
                          rc::gen::element(test::nan, test::infinity, -test::infinity, -0.0, 5e-324, -9999.0));
}

std::vector<Candidate> any_candidates() {
    std::vector<Candidate> out(*rc::gen::inRange<std::size_t>(0, 4));
    for (auto& candidate : out)
        candidate = {*any_bytes(), *any_number()};
    return out;
}

Phase any_phase() {
    return *rc::gen::element(Phase::reasoning, Phase::answer);
}

StreamEvent any_event() {
    switch (*rc::gen::inRange(0, 4)) {
        case 0:
            return test::shown(*any_bytes(), any_phase());
        case 1:
            return Restart{};
        default:
            return token(*any_bytes(), *any_number(), any_candidates(), any_phase());
    }
}

Usage any_usage() {
    const auto count = rc::gen::arbitrary<std::int64_t>();
    return {.input_tokens = *count,
            .cached_input_tokens = *count,
            .output_tokens = *count,
            .reasoning_tokens = *count,
            .estimated = *rc::gen::arbitrary<bool>()};
}

RecordedCall any_call() {
    RecordedCall call;
    call.model = *any_bytes();
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
        call.messages.push_back({*rc::gen::element(Role::system, Role::user, Role::assistant), *any_bytes()});
    if (*rc::gen::arbitrary<bool>()) call.sampling.temperature = *any_number();
    if (*rc::gen::arbitrary<bool>()) call.sampling.seed = *rc::gen::arbitrary<std::uint64_t>();
    call.sampling.stop = *rc::gen::container<std::vector<std::string>>(any_bytes());
    call.top_logprobs = *rc::gen::inRange(0, 21);
    for (int i = *rc::gen::inRange(0, 10); i > 0; --i)
        call.stream.push_back(any_event());
    if (*rc::gen::arbitrary<bool>()) {
        auto failure = make_failure(*rc::gen::element(FailureKind::connect, FailureKind::stream_cut), *any_bytes());
        failure.spent = any_usage();
        call.outcome = failure;
    } else {
        call.outcome->text = *any_bytes();
        call.outcome->usage = any_usage();
        call.outcome->latency = std::chrono::duration<double, std::milli>(*any_number());
    }
    return call;
}

RC_GTEST_PROP(Cassette, KeepsWhateverIsWritten, ()) {
    const std::vector<RecordedCall> calls = {any_call(), any_call()};
    const auto tape = read(written(calls));
    RC_ASSERT(tape->size() == 2U);
    RC_ASSERT(same(*tape->calls()[0], calls[0]));
    RC_ASSERT(same(*tape->calls()[1], calls[1]));
}

// The example of docs/cassettes.md, with one of each.
constexpr const char* header = "{\"cassette\":1}\n";
constexpr const char* by_hand =
    R"({"model":"small","messages":[{"role":"user","content":"2+2?"}],"sampling":{"temperature":0.7,"stop":[]},)"
    R"("top_logprobs":2,"answer":{"text":"4","reasoning":"","finish_reason":"stop","usage":{"input_tokens":9,)"
    R"("cached_input_tokens":0,"output_tokens":1,"reasoning_tokens":0,"estimated":false},"model":"m-1",)"
    R"("fingerprint":"","logprobs_refused":false,"latency_ms":12.5},)"
    R"("stream":["restart",{"answer":"4"},["4",-0.25,[["4",-0.25],["5",-1.5]]],[[255],null,"reasoning"]]})"
    "\n";

TEST(Cassette, ReadsAndWritesWhatTheFormatSays) {
    const auto tape = read(std::string(header) + "\n" + by_hand);
    ASSERT_EQ(tape->size(), 1U);
    RecordedCall want;
    want.model = "small";
    want.messages = {{Role::user, "2+2?"}};
    want.sampling.temperature = 0.7;
    want.top_logprobs = 2;
    want.stream = {Restart{}, test::shown("4"), token("4", -0.25, {{"4", -0.25}, {"5", -1.5}}),
                   token("\xFF", test::nan, {}, Phase::reasoning)};
    want.outcome->text = "4";
    want.outcome->usage = {.input_tokens = 9, .output_tokens = 1};
    want.outcome->model = "m-1";
    want.outcome->latency = std::chrono::duration<double, std::milli>(12.5);
    EXPECT_TRUE(same(*tape->calls()[0], want));
    EXPECT_EQ(written({want}), std::string(header) + by_hand);
}

std::string error_of(const std::string& text, std::size_t longest_line = longest_cassette_line) {
    std::istringstream in(text);
    try {
        read_cassette(in, longest_line);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "none";
}

// The line by hand with one thing replaced by another.
std::string with(const std::string& what, const std::string& instead) {
    std::string line = by_hand;
    const auto place = line.find(what);
    if (place == std::string::npos) throw std::logic_error(what);
    return line.replace(place, what.size(), instead);
}

TEST(Cassette, RefusesWhatIsNoCallAndNamesTheLine) {
    const struct {
        const char* what;
        const char* instead;
        const char* error;
    } cases[] = {
        {"{\"model\"", "\"model\"", "not JSON"},
        {"{\"model\":\"small\",", "{", "a call has no 'model'"},
        {"\"model\":\"small\"", "\"model\":7", "model must be a string or a list of bytes"},
        {"\"model\":\"small\"", "\"model\":[256]", "model must be a string or a list of numbers from 0 to 255"},
        {"\"model\":\"small\"", "\"model\":[-1]", "numbers from 0 to 255"},
        {"\"model\":\"small\"", "\"model\":\"small\",\"key\":\"\"", "a call has an unknown 'key'"},
        {"[{\"role\":\"user\",\"content\":\"2+2?\"}]", "{}", "messages must be a list"},
        {"\"role\":\"user\"", "\"role\":\"robot\"", "unknown role 'robot'"},
        {"\"role\":\"user\"", "\"role\":1", "role must be a string"},
        {"\"role\":\"user\"", "\"role\":\"user\",\"tool_calls\":{}", "tool_calls must be a list"},
        {"\"role\":\"user\"", "\"role\":\"user\",\"tool_calls\":[{\"id\":\"c\"}]", "a tool call has no 'name'"},
        {"\"role\":\"user\"", "\"role\":\"user\",\"tool_call_id\":1", "tool_call_id must be a string"},
        {"\"top_logprobs\":2", "\"top_logprobs\":2,\"tools\":[{\"name\":\"a\",\"parameters\":\"{}\"}]",
         "a tool has no 'description'"},
        {"\"top_logprobs\":2", "\"top_logprobs\":2,\"tools_forbidden\":1", "tools_forbidden must be true or false"},
        {"\"text\":\"4\"", "\"text\":\"4\",\"tool_calls\":[7]", "a tool call must be an object"},
        {"\"temperature\":0.7", "\"temperature\":\"hot\"", "temperature must be a number"},
        {"\"temperature\":0.7", "\"seed\":-1", "seed must be an integer in range"},
        {"\"temperature\":0.7", "\"max_tokens\":1.5", "max_tokens must be an integer"},
        {"\"temperature\":0.7", "\"top_k\":1", "sampling has an unknown 'top_k'"},
        {"\"top_logprobs\":2", "\"top_logprobs\":-2", "top_logprobs must be zero or more"},
        {"\"top_logprobs\":2", "\"top_logprobs\":99999999999", "top_logprobs must be an integer in range"},
        {"\"answer\":{", "\"reply\":{", "either 'answer' or 'failure'"},
        {"\"stream\":[", "\"failure\":{},\"stream\":[", "either 'answer' or 'failure'"},
        {"\"finish_reason\":\"stop\"", "\"finish_reason\":\"bored\"", "unknown finish_reason 'bored'"},
        {"\"input_tokens\":9", "\"input_tokens\":\"9\"", "input_tokens must be an integer"},
        {"\"estimated\":false", "\"estimated\":0", "estimated must be true or false"},
        {"\"latency_ms\":12.5", "\"latency_ms\":true", "latency_ms must be a number"},
        {"\"latency_ms\":12.5", "\"latency_ms\":1e999", "not JSON"},
        {"\"restart\"", "\"again\"", "stream, entry 1: it must be a token"},
        {"{\"answer\":\"4\"}", "{\"thought\":\"4\"}", "stream, entry 2: unknown phase 'thought'"},
        {"{\"answer\":\"4\"}", "{}", "stream, entry 2: it must be a token"},
        {"[\"4\",-0.25,[", "[\"4\",[", "stream, entry 3: a token's logprob must be a number"},
        {"[\"5\",-1.5]", "[\"5\"]", "stream, entry 3: a candidate must be [text, logprob]"},
        {"\"reasoning\"]", "\"answer\"]", "stream, entry 4: a token must be [text, logprob]"},
        {"\"reasoning\"]", "\"reasoning\",[],[]]", "stream, entry 4: a token must be [text, logprob]"},
        {"\"4\",-0.25", "\"4", "not JSON"},
        {"\"2+2?\"", "\"2+\xFF\"", "not JSON"},
    };
    for (const auto& test : cases) {
        const auto error = error_of(std::string(header) + by_hand + with(test.what, test.instead) + by_hand);
        EXPECT_THAT(error, testing::StartsWith("line 3: ")) << test.instead;
        EXPECT_THAT(error, HasSubstr(test.error)) << test.instead;
    }
    const auto failure = [](const std::string& kind) {
        return R"({"model":"m","messages":[],"sampling":{"stop":[]},"top_logprobs":0,"stream":[],"failure":{"kind":")" +
               kind +
               R"(","message":"","retryable":true,"spent":{"input_tokens":0,"cached_input_tokens":0,)"
               R"("output_tokens":0,"reasoning_tokens":0,"estimated":false}}})";
    };
    EXPECT_EQ(error_of(header + failure("timeout")), "none");
    EXPECT_EQ(error_of(header + failure("tired")), "line 2: unknown kind of failure 'tired'");
}

TEST(Cassette, RefusesWhatIsNoCassette) {
    EXPECT_THAT(error_of(""), HasSubstr("line 1: no cassette: it is empty"));
    EXPECT_THAT(error_of("{\"cass"), HasSubstr("line 1: no cassette: not JSON"));
    EXPECT_THAT(error_of(by_hand), HasSubstr("line 1: no cassette"));
    EXPECT_THAT(error_of("[]\n"), HasSubstr("line 1: no cassette"));
    EXPECT_THAT(error_of("{\"cassette\":\"1\"}\n"), HasSubstr("line 1: cassette must be an integer"));
    EXPECT_EQ(error_of("{\"cassette\":2}\n"), "line 1: cassette format version 2; this program reads 1");
    EXPECT_EQ(error_of("{\"cassette\":1,\"note\":\"for people\"}\n"), "none");
    EXPECT_THAT(error_of(std::string(header) + header), HasSubstr("line 2: a call has "));
}

TEST(Cassette, DropsATornLastLineOnly) {
    const std::string whole = std::string(header) + by_hand + by_hand;
    const std::size_t second = std::string(header).size() + std::string(by_hand).size();
    for (std::size_t size = second; size < whole.size(); ++size) {
        const bool complete = size + 1 == whole.size();  // only its newline is missing
        EXPECT_EQ(read(whole.substr(0, size))->size(), complete ? 2U : 1U) << size;
    }
    EXPECT_THAT(error_of(whole.substr(0, second + 9) + "\n"), HasSubstr("line 3: not JSON"));
}

TEST(Cassette, RefusesLinesThatAreTooLong) {
    const std::string text = std::string(header) + by_hand;
    const std::size_t line = std::string(by_hand).size() - 1;
    EXPECT_EQ(error_of(text, line), "none");
    EXPECT_EQ(error_of(text, line - 1), "line 2: longer than " + std::to_string(line - 1) + " bytes");
}

TEST(Cassette, FilesThatAreNone) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "calls.jsonl";
    EXPECT_THROW(read_cassette(file), std::runtime_error);
    EXPECT_THROW(read_cassette(folder.path()), std::runtime_error);
    std::ofstream(file) << "no\n";
    try {
        read_cassette(file);
        ADD_FAILURE() << "it was read";
    } catch (const std::invalid_argument& error) {
        EXPECT_THAT(error.what(), HasSubstr(file.string() + ": line 1: "));
    }
}

TEST(CassetteWriter, ReplacesTheFile) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "calls.jsonl";
    std::ofstream(file) << std::string(10'000, 'x');
    CassetteWriter writer(file);
    EXPECT_EQ(content(file), header);
    writer.write(full_call());
    EXPECT_EQ(read_cassette(file)->size(), 1U) << "a line is flushed when it is written";
}

TEST(CassetteWriter, SaysWhatItCannotWrite) {
    const test::TemporaryFolder folder;
    EXPECT_THROW(CassetteWriter(folder.path() / "none" / "calls.jsonl"), std::runtime_error);
    EXPECT_THROW(CassetteWriter("/dev/full"), std::runtime_error);
}

TEST(CassetteWriter, WritesWholeLinesFromSeveralThreads) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "calls.jsonl";
    CassetteWriter writer(file);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&writer, i] {
            auto call = full_call();
            call.model = std::to_string(i);
            call.messages.front().content = std::string(20'000, 'x');
            for (int n = 0; n < 25; ++n)
                writer.write(call);
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_FALSE(writer.error());
    EXPECT_EQ(read_cassette(file)->size(), 100U);
}

}  // namespace
}  // namespace enough
