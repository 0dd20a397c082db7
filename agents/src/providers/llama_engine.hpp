#pragma once

#include "providers/llama_job.hpp"
#include "providers/llama_model.hpp"
#include "providers/llama_sequences.hpp"
#include "providers/llama_writer.hpp"

#include <enough/agents/settings.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace enough::llama {

/// The inference thread of one model. It loads the model for the first job and decodes all jobs together: every batch
/// holds the next token of each answer being written and, in what room is left, pieces of new prompts.
class Engine {
public:
    explicit Engine(LlamaSettings settings);

    /// Ends the thread. Jobs that are not done are dropped.
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    std::shared_ptr<Job> submit(Request request);

private:
    static constexpr std::size_t most_writers = 4;  // answers written at once; the others wait their turn

    // One writer's share of a batch.
    struct Share {
        Writer* writer = nullptr;
        std::size_t count = 0;
        int last = -1;          // place in the batch of its last token
        bool complete = false;  // nothing of it is left: its logits tell the next token
    };

    void run();
    bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
    static bool may_abort(void* engine);

    std::shared_ptr<Job> next_job();
    void admit();
    std::optional<Failure> begin(const std::shared_ptr<Job>& job);  // loads the model if it isn't there
    void occupy(Placement& placement);
    void forget(Sequence& sequence);
    void drop_given_up();
    void remove(const Writer& writer);

    bool decode();  // one batch; false if there is nothing to decode now
    void fill_batch();
    void add_share(Writer& writer, std::size_t count);
    void accept_batch();
    void make_room();
    void wind_back();
    void fail_batch(const std::string& why);

    const LlamaSettings settings_;
    const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;  // guards the queue
    std::deque<std::shared_ptr<Job>> queue_;

    // The thread's own.
    std::unique_ptr<Model> model_;
    Sequences sequences_{Model::sequences};
    std::vector<std::unique_ptr<Writer>> writers_;
    std::vector<Share> shares_;
    llama_batch batch_{};

    std::thread thread_;
};

}  // namespace enough::llama
