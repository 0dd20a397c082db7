#include "serve/chat_stream.hpp"

#include <string_view>
#include <utility>
#include <variant>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

std::int64_t seconds(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

Json chat_usage(const Json& report) {
    const Json& used = report.at("usage");
    const auto input = used.at("input_tokens").get<std::int64_t>();
    const auto output = used.at("output_tokens").get<std::int64_t>();
    Json usage{{"prompt_tokens", input}, {"completion_tokens", output}, {"total_tokens", input + output}};
    usage["prompt_tokens_details"]["cached_tokens"] = used.at("cached_input_tokens");
    return usage;
}

ChatStream::ChatStream(const ServedRun& run, std::string model, bool include_usage,
                       const asio::any_io_executor& executor)
    : id_("chatcmpl-" + run.id()),
      model_(std::move(model)),
      include_usage_(include_usage),
      created_(seconds(run.created())),
      live_(live_output(run.workflow())),
      bell_(executor) {
    for (const Event& event : run.events())  // a run begins before anybody can follow it
        on_event(event);
}

Json ChatStream::chunk(Json delta) const {
    Json choice{{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", nullptr}};
    Json chunk{{"id", id_}, {"object", "chat.completion.chunk"}, {"created", created_}, {"model", model_}};
    chunk["choices"] = Json::array({std::move(choice)});
    if (include_usage_) chunk["usage"] = nullptr;
    return chunk;
}

void ChatStream::put(const Json& chunk) {
    pending_ += "data: " + chunk.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n\n";
    bell_.ring();
}

void ChatStream::put_delta(Json delta, const Json* origin) {
    if (!std::exchange(begun_, true)) put(chunk({{"role", "assistant"}, {"content", ""}}));
    Json made = chunk(std::move(delta));
    if (origin) made["enough"] = *origin;
    put(made);
}

void ChatStream::on_event(const Event& event) {
    if (const auto* asked = std::get_if<CallRequested>(&event.body)) {
        Call& call = calls_[asked->call];
        call.live = live_ && live_->is_of(*asked);
        call.origin = {{"call", asked->call}, {"step", asked->step}, {"agent", asked->agent}, {"rung", asked->rung}};
    } else if (const auto* answered = std::get_if<CallAnswered>(&event.body)) {
        ended(answered->call);
    } else if (const auto* failed = std::get_if<CallFailed>(&event.body)) {
        if (const auto call = calls_.find(failed->call); call != calls_.end()) restart(call->second);
        ended(failed->call);
    } else if (const auto* aborted = std::get_if<CallAborted>(&event.body)) {
        ended(aborted->call);
    } else if (std::holds_alternative<RunFinished>(event.body)) {
        bell_.ring();
    }
}

void ChatStream::ended(CallId call) {
    const auto known = calls_.find(call);
    if (known == calls_.end()) return;
    if (known->second.wrote && !known->second.live) put_delta({{"reasoning_content", "\n\n"}}, &known->second.origin);
    calls_.erase(known);
}

void ChatStream::on_delta(const CallDelta& delta) {
    const auto known = calls_.find(delta.call);
    if (known == calls_.end() || (known != calls_.begin() && !known->second.live)) return;
    Call& call = known->second;
    if (delta.restart) return restart(call);
    if (delta.text.empty()) return;
    call.wrote = true;
    const bool content = call.live && delta.phase == Phase::answer;
    put_delta({{content ? "content" : "reasoning_content", delta.text}}, &call.origin);
    if (content) content_ += delta.text;
}

/// What the call has written belongs to no answer.
void ChatStream::restart(Call& call) {
    if (!call.wrote) return;
    call.wrote = false;
    if (call.live && !content_.empty()) {
        broken_ = true;
        bell_.ring();
        return;
    }
    Json origin = call.origin;
    origin["discard"] = true;
    put_delta(Json::object(), &origin);
}

std::string ChatStream::take() {
    return std::exchange(pending_, std::string());
}

bool ChatStream::conclude(const Json& report, const std::vector<std::string>& ignored) {
    const Json& output = report.at("output");
    const std::string text = output.is_string() ? output.get<std::string>() : std::string();
    if (!text.starts_with(content_)) return false;
    if (text.size() > content_.size()) put_delta({{"content", text.substr(content_.size())}});
    Json last = chunk(Json::object());
    last["choices"][0]["finish_reason"] = "stop";
    last["enough"] = report;
    if (!ignored.empty()) last["enough"]["ignored"] = ignored;
    if (!std::exchange(begun_, true)) put(chunk({{"role", "assistant"}, {"content", ""}}));
    put(last);
    if (include_usage_) {
        Json usage = chunk(Json::object());
        usage["choices"] = Json::array();
        usage["usage"] = chat_usage(report);
        put(usage);
    }
    pending_ += "data: [DONE]\n\n";
    return true;
}

}  // namespace enough
