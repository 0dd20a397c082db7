#include "e2e/fleet_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace enough::test {
namespace {

using nlohmann::json;

/// A shell that becomes the program once its errors go to the file.
std::vector<std::string> with_log(const std::string& log, const std::vector<std::string>& command) {
    std::vector<std::string> words{"-c", R"(exec "$@" 2>>"$0")", log};
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

}  // namespace

Child::Child(std::string log, const std::vector<std::string>& command,
             const std::map<std::string, std::string>& variables, const std::string& folder)
    : log_(std::move(log)), program_("/bin/sh", with_log(log_, command), variables, folder) {}

void Child::kill() {
    signal(SIGKILL);
    program_.wait();
}

Program::Ended Child::wait(std::chrono::milliseconds limit) {
    try {
        Program::Ended ended = program_.wait(limit);
        ended.err = said();
        return ended;
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(error.what() + said());
    }
}

std::string Child::said() const {
    std::ifstream in(log_, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

int Doors::pass(const std::string& name) {
    std::unique_lock lock(mutex_);
    const int times = ++reached_[name];
    changed_.wait(lock, [&] { return all_open_ || !closed_.contains(name); });
    return times;
}

void Doors::close(const std::string& name) {
    const std::lock_guard lock(mutex_);
    closed_.insert(name);
}

void Doors::open(const std::string& name) {
    const std::lock_guard lock(mutex_);
    closed_.erase(name);
    changed_.notify_all();
}

void Doors::open_all() {
    const std::lock_guard lock(mutex_);
    all_open_ = true;
    changed_.notify_all();
}

Question question_of(const FakeRequest& request) {
    const std::string& body = request.body;
    const auto at = body.find("item ");
    return {at == std::string::npos ? -1 : std::stoi(body.substr(at + 5)), body.find("small-1") != std::string::npos};
}

FleetTest::FleetTest(NatsServerSettings settings) : server_(std::move(settings)) {
    write("w.yaml", scripted_call);
}

void FleetTest::items(int items, const std::string& name) const {
    std::string lines;
    for (int i = 0; i < items; ++i)
        lines += json{{"id", i}, {"inputs", {{"question", "item " + std::to_string(i) + "?"}}}}.dump() + "\n";
    write(name, lines);
}

void FleetTest::serve_model(FakeHandler handler) {
    upstream_ = std::make_unique<FakeServer>(std::move(handler));
}

void FleetTest::answer(FakeExchange& exchange) {
    if (question_of(exchange.request()).small) return stream(exchange, {"perhaps 40", 4});
    stream(exchange, {"it is 42", 1});
}

std::map<std::string, std::string> FleetTest::environment() const {
    if (!upstream_) return {};
    return {{"URL", upstream_->url("/v1")}};
}

std::unique_ptr<Child> FleetTest::child(const std::string& log, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), ENOUGH_PROGRAM);
    return std::make_unique<Child>(folder_.file(log), arguments, environment(), folder_.path());
}

std::unique_ptr<Child> FleetTest::worker(const std::string& name, std::vector<std::string> more) const {
    std::vector<std::string> all{"worker", "--nats", url_, "--name", name};
    all.insert(all.end(), more.begin(), more.end());
    return child(name + ".log", std::move(all));
}

std::unique_ptr<Child> FleetTest::batch(std::vector<std::string> more, const std::string& workflow,
                                        const std::string& data, const std::string& output) const {
    std::vector<std::string> all{"batch", workflow,     data,   "-o",           output, "--nats",
                                 url_,    "--lease-ms", "1000", "--silence-ms", "3000", "--json"};
    all.insert(all.end(), more.begin(), more.end());
    return child(output + ".log", std::move(all));
}

json FleetTest::summary_of(Child& batch, std::chrono::seconds limit, int code) const {
    const auto ended = batch.wait(limit);
    EXPECT_EQ(ended.code, code) << ended.err;
    json summary = json::parse(ended.out, nullptr, false);
    EXPECT_TRUE(summary.is_object()) << ended.out << ended.err;
    return summary;
}

json FleetTest::status(const std::string& output) const {
    const auto ended = enough({"batch", "-o", output, "--status", "--json"});
    json status = json::parse(ended.out, nullptr, false);
    return ended.code == 0 && status.is_object() ? status : json{{"ended", 0}, {"under_way", 0}};
}

int FleetTest::finished(const std::string& output) const {
    std::ifstream in(folder_.file(output + ".part"), std::ios::binary);
    return static_cast<int>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
}

std::vector<json> FleetTest::lines(const std::string& output) const {
    std::istringstream in(text_of(output));
    std::vector<json> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(json::parse(line));
    return lines;
}

void FleetTest::expect_all(int items, const std::string& output) const {
    const std::vector<json> all = lines(output);
    ASSERT_EQ(all.size(), static_cast<std::size_t>(items));
    for (int i = 0; i < items; ++i) {
        const json& line = all.at(static_cast<std::size_t>(i));
        ASSERT_EQ(line.at("id"), i);
        ASSERT_EQ(line.at("status"), "accepted") << line.dump();
    }
}

bool FleetTest::asked(std::size_t requests) const {
    return upstream_->wait_until([=](const FakeServer::Counts& counts) { return counts.requests >= requests; },
                                 std::chrono::seconds(60));
}

std::map<int, std::pair<int, int>> FleetTest::asked_by_item() const {
    std::map<int, std::pair<int, int>> asked;
    for (const FakeRequest& request : upstream_->requests()) {
        const Question question = question_of(request);
        ++(question.small ? asked[question.item].first : asked[question.item].second);
    }
    return asked;
}

}  // namespace enough::test
