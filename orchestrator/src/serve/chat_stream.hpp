#pragma once

#include "bell.hpp"
#include "serve/live_output.hpp"
#include "serve/served_run.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace enough {

/// Makes the chunks of a streamed chat completion out of what a run does.
///
/// Drafts go out as `reasoning_content`, of one call at a time: the oldest that is being written. What is the output
/// already while it is written goes out as `content`; otherwise the output follows when the run has ended. A draft that
/// is started over is taken back by `enough: {discard: true}`; content can't be, so the stream then ends in an error.
class ChatStream final : public RunFollower {
public:
    ChatStream(const ServedRun& run, std::string model, bool include_usage, const asio::any_io_executor& executor);

    void on_event(const Event& event) override;
    void on_delta(const CallDelta& delta) override;

    /// Rings when `take` has something, or the run has ended.
    Bell& bell() { return bell_; }

    /// The events since, as they stand in the stream; empty: none.
    std::string take();
    std::size_t waiting() const { return pending_.size(); }

    /// Content has gone out that the run has since taken back.
    bool broken() const { return broken_; }

    /// The rest of the output, the report and the usage, once the run has ended well. False: what went out as content
    /// is not how the output begins.
    bool conclude(const nlohmann::ordered_json& report, const std::vector<std::string>& ignored);

private:
    struct Call {
        bool live = false;
        bool wrote = false;
        nlohmann::ordered_json origin;  ///< `enough` of its deltas
    };

    nlohmann::ordered_json chunk(nlohmann::ordered_json delta) const;
    void put(const nlohmann::ordered_json& chunk);
    void put_delta(nlohmann::ordered_json delta, const nlohmann::ordered_json* origin = nullptr);
    void restart(Call& call);
    void ended(CallId call);

    std::string id_;
    std::string model_;
    bool include_usage_;
    std::int64_t created_;
    std::optional<LiveOutput> live_;
    std::map<CallId, Call> calls_;  ///< being written
    std::string content_;           ///< that has gone out
    std::string pending_;
    bool begun_ = false;
    bool broken_ = false;
    Bell bell_;
};

/// The usage of a report in OpenAI's form.
nlohmann::ordered_json chat_usage(const nlohmann::ordered_json& report);

}  // namespace enough
