#include "serve/live_api.hpp"

#include "bell.hpp"
#include "serve/api_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t pieces_at_once = 4'096;

/// Rings when there is more to read.
class TextWatch final : public RunFollower {
public:
    explicit TextWatch(const asio::any_io_executor& executor) : bell_(executor) {}
    void on_event(const Event&) override { bell_.ring(); }
    void on_delta(const CallDelta&) override { bell_.ring(); }
    void on_token(CallId, const Token&) override { bell_.ring(); }
    Bell& bell() { return bell_; }

private:
    Bell bell_;
};

std::string event_text(std::string_view type, const Json& data) {
    return fmt::format("event: {}\ndata: {}\n\n", type, data.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Json piece_json(const RunText::Call& call, std::size_t index) {
    const RunText::Piece& piece = call.pieces[index];
    const std::size_t begin = index == 0 ? 0 : call.pieces[index - 1].end;
    Json json{{"text", call.text.substr(begin, piece.end - begin)}, {"bits", nullptr}};
    if (!std::isnan(piece.bits)) json["bits"] = std::round(double(piece.bits) * 1e4) / 1e4;
    if (piece.phase == Phase::reasoning) json["phase"] = "reasoning";
    return json;
}

/// How far one reader has come.
class Reader {
public:
    /// The next events; empty: it has everything.
    std::string read(const RunText& text) {
        std::string events;
        for (const auto& [id, call] : text.calls())
            events += read(id, call);
        return events;
    }

private:
    struct Place {
        std::uint32_t generation = 0;
        std::size_t next = 0;
        bool cut = false;
    };

    std::string read(CallId id, const RunText::Call& call) {
        Place& place = places_[id];
        std::string events;
        if (place.generation != call.generation) {
            events += event_text("restart", Json{{"call", id}});
            place = Place{.generation = call.generation};
        }
        const std::size_t end = std::min(call.pieces.size(), place.next + pieces_at_once);
        if (place.next < end) {
            Json data{{"call", id}, {"pieces", Json::array()}};
            for (; place.next < end; ++place.next)
                data["pieces"].push_back(piece_json(call, place.next));
            events += event_text("text", data);
        }
        if (call.cut && !place.cut && place.next == call.pieces.size()) {
            events += event_text("cut", Json{{"call", id}});
            place.cut = true;
        }
        return events;
    }

    std::map<CallId, Place> places_;
};

ApiError not_kept(bool known) {
    ApiError error = no_such_run();
    if (known) error.message = "the tokens of this run are not kept any more";
    return error;
}

}  // namespace

LiveApi::LiveApi(asio::any_io_executor executor, Runs& runs, const ServerLimits& limits)
    : executor_(std::move(executor)), runs_(runs), limits_(limits) {}

Task<void> LiveApi::handle(std::string id, ResponseWriter& writer) {
    const auto run = runs_.find(id);
    const auto text = runs_.text(id);
    if (!text) co_return co_await writer.send(error_response(not_kept(run != nullptr)));
    co_await writer.begin(event_stream());
    TextWatch watch(executor_);
    std::optional<Following> following;
    if (run) following.emplace(*run, watch);
    Reader reader;
    for (;;) {
        const bool ended = !run || run->ended();
        std::string events = reader.read(*text);
        const bool all = events.empty();
        if (!all) co_await writer.write(std::move(events));
        if (all && ended) break;
        if (all && !co_await watch.bell().wait(Deadline::after(limits_.keep_alive)))
            co_await writer.write(": quiet\n\n");
    }
    co_await writer.write("event: end\ndata: {}\n\n");
    co_await writer.finish();
}

}  // namespace enough
