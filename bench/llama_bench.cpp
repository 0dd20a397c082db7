// The llama provider beside llama.cpp's own server on the same model: tokens per second, what evidence costs, and what
// a refinement step decodes again. bench/llama.sh starts the server and runs this.
#include <enough/agents/registry.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace {

using namespace enough;

constexpr int rounds = 5;
constexpr std::int64_t tokens_per_answer = 96;

class Counting : public AnswerSink {
public:
    Flow on_token(const Token&) override { return Flow::go_on; }
    void on_text(Phase, std::string_view) override {}
    void on_restart() override {}
};

struct Run {
    double tokens_per_second = 0;  // from the first token on
    double cpu_ms_per_token = 0;   // of this process, prompt included
    Usage usage;
    std::string text;
};

double cpu_ms() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto ms = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    return ms(used.ru_utime) + ms(used.ru_stime);
}

Request request(const std::vector<Message>& messages, int top_logprobs, AnswerSink& sink) {
    Request request;
    request.messages = messages;
    request.sampling.temperature = 0;
    request.sampling.max_tokens = tokens_per_answer;
    request.top_logprobs = top_logprobs;
    request.sink = &sink;
    return request;
}

Run ask(asio::io_context& context, Agent& agent, const std::vector<Message>& messages, int top_logprobs) {
    Counting sink;
    Run run;
    const auto cpu_before = cpu_ms();
    asio::co_spawn(context, agent.ask(request(messages, top_logprobs, sink)),
                   [&](std::exception_ptr error, Result<Answer> result) {
                       if (error) std::rethrow_exception(error);
                       const auto& answer = result.value();
                       const auto writing = answer.latency - answer.first_token.value_or(answer.latency);
                       const auto seconds = std::chrono::duration<double>(writing).count();
                       run.usage = answer.usage;
                       run.text = answer.text;
                       run.tokens_per_second = static_cast<double>(answer.usage.output_tokens - 1) / seconds;
                   });
    context.restart();
    context.run();
    run.cpu_ms_per_token =
        (cpu_ms() - cpu_before) / static_cast<double>(std::max<std::int64_t>(run.usage.output_tokens, 1));
    return run;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Series {
    std::vector<double> speeds;
    std::vector<double> cpu;

    void add(const Run& run) {
        speeds.push_back(run.tokens_per_second);
        cpu.push_back(run.cpu_ms_per_token);
    }
};

int environment_number(const char* name, int otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::atoi(value) : otherwise;
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

}  // namespace

int main() {
    asio::io_context context;
    LlamaSettings llama;
    llama.path = environment("ENOUGH_MODEL");
    llama.threads = environment_number("ENOUGH_THREADS", 0);
    OpenAiSettings openai;
    openai.base_url = environment("ENOUGH_TEST_URL");
    openai.model = "any";
    openai.retry = RetryPolicy{100, std::chrono::milliseconds(100), std::chrono::milliseconds(200)};
    const auto here = make_agent(llama, context.get_executor());
    const auto server = openai.base_url.empty() ? nullptr : make_agent(openai, context.get_executor());

    const std::vector<Message> question{Message{Role::system, "You are a helpful assistant."},
                                        Message{Role::user, "Tell me a long story about a fox."}};
    ask(context, *here, question, 0);  // loads the model
    if (server) ask(context, *server, question, 0);

    // In turns, so that whatever else the machine does hits all alike.
    Series plain, evidence, theirs, theirs_evidence;
    for (int round = 0; round < rounds; ++round) {
        plain.add(ask(context, *here, question, 0));
        evidence.add(ask(context, *here, question, 20));
        if (!server) continue;
        theirs.add(ask(context, *server, question, 0));
        theirs_evidence.add(ask(context, *server, question, 20));
    }
    const auto report = [](const char* name, const Series& series, bool own_cpu) {
        if (series.speeds.empty()) return;
        fmt::print("{:36} {:8.1f} tokens/s", name, median(series.speeds));
        if (own_cpu) fmt::print("   {:8.3f} ms CPU per token", median(series.cpu));
        fmt::print("\n");
    };
    report("llama provider", plain, true);
    report("llama provider, 20 candidates", evidence, true);
    report("llama.cpp's server", theirs, false);
    report("llama.cpp's server, 20 candidates", theirs_evidence, false);
    fmt::print("evidence costs {:.1f} % of decoding (CPU)\n", (median(evidence.cpu) / median(plain.cpu) - 1) * 100);

    auto conversation = question;
    const auto first = ask(context, *here, conversation, 20);
    conversation.push_back({Role::assistant, first.text});
    conversation.push_back({Role::user, "Review your answer, find gaps or errors, answer again."});
    const auto second = ask(context, *here, conversation, 20);
    const auto known = first.usage.input_tokens + first.usage.output_tokens;
    const auto again = known - second.usage.cached_input_tokens;
    fmt::print(
        "a refinement step's prompt has {} tokens, {} of them known; decoded again: {} ({:.1f} % of the prompt)\n",
        second.usage.input_tokens, known, again,
        100.0 * static_cast<double>(again) / static_cast<double>(second.usage.input_tokens));
    return 0;
}
