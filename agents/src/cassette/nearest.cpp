#include "cassette/nearest.hpp"

#include "cassette/names.hpp"
#include "cassette/same_request.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <tuple>

namespace enough {
namespace {

constexpr std::size_t before_difference = 24;  // bytes of an excerpt on each side of where texts part
constexpr std::size_t after_difference = 40;
constexpr std::size_t longest_name = 40;
constexpr std::size_t most_models = 3;

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
}

// A part of the text in quotes, with dots where it was cut; control characters are escaped, broken ones replaced.
std::string quoted(std::string_view text, std::size_t begin, std::size_t end) {
    end = std::min(end, text.size());
    for (int i = 0; i < 3 && begin > 0 && begin < text.size() && continues_character(text[begin]); ++i)
        --begin;
    for (int i = 0; i < 3 && end > begin && end < text.size() && continues_character(text[end]); ++i)
        --end;
    const nlohmann::json part =
        (begin > 0 ? "…" : "") + std::string(text.substr(begin, end - begin)) + (end < text.size() ? "…" : "");
    return part.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string quoted_name(std::string_view name) {
    return quoted(name, 0, longest_name);
}

std::string around(std::string_view text, std::size_t place) {
    return quoted(text, place - std::min(place, before_difference), place + after_difference);
}

std::size_t common_bytes(std::string_view a, std::string_view b) {
    const auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    return static_cast<std::size_t>(end - a.begin());
}

template <class T>
std::string value_or_none(const std::optional<T>& value) {
    return value ? fmt::format("{}", *value) : "none";
}

std::vector<std::string> differences(const Sampling& recorded, const Sampling& wanted) {
    std::vector<std::string> out;
    const auto compare = [&](const char* field, const auto& was, const auto& is) {
        if (was != is) out.push_back(fmt::format("{} {} instead of {}", field, value_or_none(was), value_or_none(is)));
    };
    compare("temperature", recorded.temperature, wanted.temperature);
    compare("top_p", recorded.top_p, wanted.top_p);
    compare("seed", recorded.seed, wanted.seed);
    compare("max_tokens", recorded.max_tokens, wanted.max_tokens);
    compare("reasoning_effort", recorded.reasoning_effort, wanted.reasoning_effort);
    if (recorded.stop != wanted.stop) out.emplace_back("other stop texts");
    return out;
}

// Those beside messages and sampling.
std::vector<std::string> tool_differences(const RecordedCall& call, const Request& request) {
    std::vector<std::string> out;
    if (call.tools != request.tools) out.emplace_back("had other tools");
    if (call.tools_forbidden != request.tools_forbidden) {
        out.emplace_back(call.tools_forbidden ? "was forbidden to call its tools"
                                              : "was allowed to call its tools, which the request is not");
    }
    return out;
}

// How far a recording agrees with a request; the larger the nearer.
struct Likeness {
    Likeness(const RecordedCall& call, const Request& request) {
        const auto& recorded = call.messages;
        const auto& wanted = request.messages;
        const auto [end, other] = std::mismatch(recorded.begin(), recorded.end(), wanted.begin(), wanted.end());
        equal_messages = static_cast<std::size_t>(end - recorded.begin());
        all_messages = end == recorded.end() && other == wanted.end();
        if (end != recorded.end() && other != wanted.end() && end->role == other->role)
            equal_bytes = common_bytes(end->content, other->content);
        settings = -static_cast<int>(differences(call.sampling, request.sampling).size() +
                                     tool_differences(call, request).size());
    }

    auto rank() const { return std::tuple(all_messages, equal_messages, equal_bytes, settings); }

    bool all_messages = false;
    std::size_t equal_messages = 0;
    std::size_t equal_bytes = 0;  // in the first message that differs
    int settings = 0;
};

std::string message_difference(const RecordedCall& call, const Request& request, const Likeness& likeness) {
    const auto at = likeness.equal_messages;
    const auto& recorded = call.messages;
    const auto& wanted = request.messages;
    if (at == recorded.size() || at == wanted.size()) {
        return fmt::format("it has {} message{}, the request {}; the first {} are equal", recorded.size(),
                           recorded.size() == 1 ? "" : "s", wanted.size(), at);
    }
    if (recorded[at].role != wanted[at].role) {
        return fmt::format("its message {} is of the role {}, the request's of the role {}", at + 1,
                           word(role_words, recorded[at].role), word(role_words, wanted[at].role));
    }
    const auto role = word(role_words, wanted[at].role);
    if (recorded[at].content == wanted[at].content) {
        return fmt::format("its message {} ({}) {}", at + 1, role,
                           recorded[at].tool_calls != wanted[at].tool_calls ? "has other tool calls"
                                                                            : "is the result of another tool call");
    }
    return fmt::format("its message {} ({}) differs from byte {} on: recorded {}, asked {}", at + 1, role,
                       likeness.equal_bytes + 1, around(recorded[at].content, likeness.equal_bytes),
                       around(wanted[at].content, likeness.equal_bytes));
}

std::string difference(const RecordedCall& call, const Request& request) {
    const Likeness likeness(call, request);
    auto settings = tool_differences(call, request);
    const auto sampling = differences(call.sampling, request.sampling);
    if (!sampling.empty())
        settings.insert(settings.begin(), fmt::format("was sampled with {}", fmt::join(sampling, ", ")));
    const auto joined = fmt::format("{}", fmt::join(settings, " and "));
    if (likeness.all_messages) return "the nearest recording has the same messages, but " + joined;
    auto out = "of the nearest recording: " + message_difference(call, request, likeness);
    if (!settings.empty()) out += "; it also " + joined;
    return out;
}

bool equal_but_for_model(const RecordedCall& call, const Request& request) {
    return same_request(call, request);
}

std::string used_up(std::size_t count, const std::string& which) {
    return count == 1 ? fmt::format("the only recording {} is used up", which)
                      : fmt::format("all {} recordings {} are used up", count, which);
}

std::string describe_equal(const std::vector<const RecordedCall*>& equal, const Request& request) {
    const auto fitting = static_cast<std::size_t>(std::count_if(
        equal.begin(), equal.end(), [&](const auto* call) { return call->top_logprobs >= request.top_logprobs; }));
    if (fitting == equal.size()) return used_up(fitting, "of this request");
    const auto enough = fmt::format("of this request with at least {} candidates for each token", request.top_logprobs);
    if (fitting > 0) return used_up(fitting, enough);
    const auto most = std::max_element(equal.begin(), equal.end(),
                                       [](const auto* a, const auto* b) { return a->top_logprobs < b->top_logprobs; });
    if ((*most)->top_logprobs == 0)
        return fmt::format("this request was recorded without evidence, and {} candidates are wanted for each token",
                           request.top_logprobs);
    return fmt::format("this request was recorded with {} candidates for each token, and {} are wanted",
                       (*most)->top_logprobs, request.top_logprobs);
}

std::string describe_other_models(const std::vector<Tape::Recording>& recordings, std::string_view model,
                                  const Request& request) {
    std::vector<std::string_view> models;
    for (const auto& call : recordings) {
        const bool known = std::find(models.begin(), models.end(), call->model) != models.end();
        if (!known) models.emplace_back(call->model);
    }
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(models.size(), most_models); ++i)
        names.push_back(quoted_name(models[i]));
    auto out =
        fmt::format("the tape has no call of the model {}, only of {}", quoted_name(model), fmt::join(names, ", "));
    if (models.size() > most_models) out += fmt::format(" and {} more", models.size() - most_models);
    const auto same = std::find_if(recordings.begin(), recordings.end(),
                                   [&](const auto& call) { return equal_but_for_model(*call, request); });
    if (same != recordings.end()) out += fmt::format("; this request was recorded for {}", quoted_name((*same)->model));
    return out;
}

}  // namespace

std::string describe_nearest(const std::vector<Tape::Recording>& recordings, std::string_view model,
                             const Request& request) {
    if (recordings.empty()) return "the tape has no calls";
    std::vector<const RecordedCall*> of_model;
    std::vector<const RecordedCall*> equal;
    for (const auto& call : recordings) {
        if (call->model != model) continue;
        of_model.push_back(call.get());
        if (equal_but_for_model(*call, request)) equal.push_back(call.get());
    }
    if (of_model.empty()) return describe_other_models(recordings, model, request);
    if (!equal.empty()) return describe_equal(equal, request);
    const RecordedCall* best = of_model.front();
    Likeness likeness(*best, request);
    for (const RecordedCall* call : of_model) {
        const Likeness other(*call, request);
        if (likeness.rank() < other.rank()) {
            best = call;
            likeness = other;
        }
    }
    return difference(*best, request);
}

}  // namespace enough
