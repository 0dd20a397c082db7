#include "batch/even_state.hpp"

#include <map>
#include <string>
#include <variant>

namespace enough {
namespace {

using nlohmann::json;

/// The answers to the first rung's calls, in order, up to the first that failed or was cut.
std::vector<Answer> first_answers(const std::vector<Event>& events) {
    std::map<CallId, std::optional<Answer>> calls;
    for (const Event& event : events) {
        if (const auto* asked = std::get_if<CallRequested>(&event.body); asked && asked->rung == 0)
            calls[asked->call] = std::nullopt;
        if (const auto* answered = std::get_if<CallAnswered>(&event.body))
            if (const auto call = calls.find(answered->call); call != calls.end()) call->second = answered->answer;
    }
    std::vector<Answer> answers;
    for (auto& [id, answer] : calls) {
        if (!answer || answer->finish_reason == FinishReason::stopped_early) break;
        answers.push_back(std::move(*answer));
    }
    return answers;
}

}  // namespace

EvenState::EvenState(const std::filesystem::path& state) : database_(open_batch_state(state)) {}

std::vector<EvenItem> EvenState::waiting(std::int64_t after, std::size_t most) {
    SqliteStatement rows = database_.prepare(
        "SELECT i.number, coalesce(i.id, i.key), i.inputs, i.expected, i.line, r.report FROM items i JOIN results r "
        "ON r.number = i.number WHERE i.expected IS NOT NULL AND i.number > ?1 AND NOT EXISTS "
        "(SELECT 1 FROM evenly e WHERE e.number = i.number) ORDER BY i.number LIMIT ?2");
    rows.bind(1, after).bind(2, static_cast<std::int64_t>(most));
    std::vector<EvenItem> items;
    while (rows.step()) {
        EvenItem& item = items.emplace_back();
        item.number = rows.number(0);
        item.data = {json::parse(rows.text(1)), json::parse(rows.text(2)), json::parse(rows.text(3)),
                     static_cast<int>(rows.number(4))};
        const json report = json::parse(rows.text(5));
        if (const auto output = report.find("output"); output != report.end() && output->is_string())
            item.output = output->get<std::string>();
    }
    for (EvenItem& item : items)
        item.known = known_answers(item.number);
    return items;
}

std::vector<Answer> EvenState::known_answers(std::int64_t item) {
    SqliteStatement rows = database_.prepare("SELECT body FROM events WHERE item = ? ORDER BY number");
    rows.bind(1, item);
    std::vector<Event> events;
    while (rows.step())
        events.push_back(event_from_json(json::parse(rows.text(0))));
    return first_answers(events);
}

void EvenState::keep(std::int64_t item, const json& measured) {
    SqliteStatement add = database_.prepare("INSERT OR REPLACE INTO evenly (number, body) VALUES (?, ?)");
    add.bind(1, item).bind(2, measured.dump(-1, ' ', false, json::error_handler_t::replace)).step();
}

void EvenState::each(const std::function<void(const Measured&)>& visit) {
    SqliteStatement rows = database_.prepare(
        "SELECT e.body, s.granted, r.calls, r.input_tokens, r.cached_input_tokens, r.output_tokens, r.usd FROM evenly "
        "e "
        "JOIN results r ON r.number = e.number JOIN shares s ON s.number = e.number ORDER BY e.number");
    while (rows.step())
        visit({json::parse(rows.text(0)), rows.number(1), totals_in(rows, 2)});
}

}  // namespace enough
