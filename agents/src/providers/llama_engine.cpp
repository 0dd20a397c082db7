#include "providers/llama_engine.hpp"

#include "failure_kind.hpp"
#include "providers/llama_chat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace enough::llama {

namespace {

// A new prompt's share of a batch while answers are being written: they must not stand still for long.
constexpr std::size_t prompt_share = 64;

enum Decoded { decoded = 0, no_room = 1, aborted = 2 };  // what llama_decode returns

TokenText with_text(const Model& model, const std::vector<llama_token>& tokens) {
    TokenText result;
    for (const auto token : tokens)
        result.append(token, model.bytes(token));
    return result;
}

}  // namespace

Engine::Engine(LlamaSettings settings) : settings_(std::move(settings)), thread_([this] { run(); }) {}

Engine::~Engine() {
    stopping_ = true;
    bell_->ring();
    thread_.join();
    if (batch_.token != nullptr) llama_batch_free(batch_);
}

std::shared_ptr<Job> Engine::submit(Request request) {
    auto job = std::make_shared<Job>(std::move(request), bell_);
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(job);
    }
    bell_->ring();
    return job;
}

void Engine::run() {
    while (!stopping()) {
        drop_given_up();
        admit();
        if (!decode()) bell_->wait();
    }
}

bool Engine::may_abort(void* engine) {
    const auto& self = *static_cast<const Engine*>(engine);
    const auto wanted = [](const Share& share) { return !share.writer->job().given_up(); };
    return self.stopping() || std::none_of(self.shares_.begin(), self.shares_.end(), wanted);
}

std::shared_ptr<Job> Engine::next_job() {
    const std::lock_guard lock(mutex_);
    while (!queue_.empty()) {
        auto job = std::move(queue_.front());
        queue_.pop_front();
        if (!job->given_up()) return job;
    }
    return nullptr;
}

void Engine::admit() {
    while (!stopping() && writers_.size() < most_writers) {
        auto job = next_job();
        if (!job) return;
        if (auto trouble = begin(job)) job->finish(std::move(*trouble));
    }
}

std::optional<Failure> Engine::begin(const std::shared_ptr<Job>& job) {
    if (!model_) {
        auto loaded = Model::load(settings_, &Engine::may_abort, this);
        if (!loaded) return std::move(loaded.error());  // the next job tries again: the file may be there by then
        model_ = std::move(*loaded);
        batch_ = llama_batch_init(static_cast<std::int32_t>(model_->batch_size()), 0, 1);
    }
    const auto tokens = model_->tokenize(render_chat(model_->chat_template(), job->messages));
    if (tokens.empty() || tokens.size() >= model_->limit()) {
        return make_failure(
            FailureKind::context_full,
            fmt::format("the prompt has {} tokens, but the context of {} ends at {}; shorten it or raise "
                        "the model's `context`",
                        tokens.size(), model_->name(), model_->limit()));
    }
    std::vector<bool> is_control;
    for (const auto token : tokens)
        is_control.push_back(model_->is_control(token));
    auto placement = sequences_.place(with_text(*model_, tokens), is_control);
    occupy(*placement);
    writers_.push_back(std::make_unique<Writer>(job, *model_, settings_.max_tokens, std::move(*placement)));
    return std::nullopt;
}

void Engine::occupy(Placement& placement) {
    auto* memory = llama_get_memory(model_->context());
    auto& target = *placement.target;
    target.busy = true;
    if (placement.source != &target) {
        forget(target);
        if (placement.source == nullptr || !model_->shares_beginnings()) placement.kept = 0;
        if (placement.kept == 0) return;
        llama_memory_seq_cp(memory, placement.source->id, target.id, 0, static_cast<llama_pos>(placement.kept));
        target.decoded = placement.source->decoded;
    }
    const bool kept = llama_memory_seq_rm(memory, target.id, static_cast<llama_pos>(placement.kept), -1);
    if (!kept) {  // a state that can't be wound back
        forget(target);
        placement.kept = 0;
    }
    target.decoded.shorten(placement.kept);
}

void Engine::forget(Sequence& sequence) {
    llama_memory_seq_rm(llama_get_memory(model_->context()), sequence.id, -1, -1);
    sequence.decoded.shorten(0);
}

void Engine::drop_given_up() {
    std::vector<Writer*> gone;
    for (const auto& writer : writers_) {
        if (writer->job().given_up()) gone.push_back(writer.get());
    }
    for (auto* writer : gone)
        remove(*writer);
}

void Engine::remove(const Writer& writer) {
    auto& sequence = writer.sequence();
    sequence.busy = false;
    sequences_.touch(sequence);
    std::erase_if(writers_, [&](const auto& other) { return other.get() == &writer; });
    for (const auto& other : writers_)
        other->paused = false;  // there is room again
}

bool Engine::decode() {
    fill_batch();
    if (shares_.empty()) return false;
    const int code = llama_decode(model_->context(), batch_);
    switch (code) {
        case decoded:
            accept_batch();
            break;
        case no_room:
            make_room();
            break;
        case aborted:
            wind_back();
            break;
        default:
            wind_back();
            fail_batch(fmt::format("llama.cpp could not decode a batch (code {})", code));
            break;
    }
    return true;
}

void Engine::fill_batch() {
    batch_.n_tokens = 0;
    shares_.clear();
    if (writers_.empty()) return;
    std::vector<Writer*> prompts;
    for (const auto& writer : writers_) {
        if (writer->paused || !writer->job().has_room()) continue;
        if (writer->left() == 1) {
            add_share(*writer, 1);
        } else {
            prompts.push_back(writer.get());
        }
    }
    auto room = shares_.empty() ? model_->batch_size() : std::min(prompt_share, model_->batch_size() - shares_.size());
    for (auto* writer : prompts) {
        const auto count = std::min(room, writer->left());
        if (count > 0) add_share(*writer, count);
        room -= count;
    }
}

void Engine::add_share(Writer& writer, std::size_t count) {
    const auto& sequence = writer.sequence();
    const auto first = sequence.decoded.size();
    const bool complete = count == writer.left();
    for (std::size_t i = 0; i < count; ++i) {
        const auto at = batch_.n_tokens++;
        batch_.token[at] = writer.tokens().tokens[first + i];
        batch_.pos[at] = static_cast<llama_pos>(first + i);
        batch_.n_seq_id[at] = 1;
        batch_.seq_id[at][0] = sequence.id;
        batch_.logits[at] = static_cast<std::int8_t>(complete && i + 1 == count);
    }
    shares_.push_back(Share{&writer, count, batch_.n_tokens - 1, complete});
}

void Engine::accept_batch() {
    for (const auto& share : shares_) {
        auto& held = share.writer->sequence().decoded;
        const auto& tokens = share.writer->tokens();
        for (std::size_t i = 0; i < share.count; ++i)
            held.append(tokens.tokens[held.size()], tokens.bytes(held.size()));
    }
    std::vector<Writer*> done;
    for (const auto& share : shares_) {
        if (!share.complete) continue;
        const auto* logits = llama_get_logits_ith(model_->context(), share.last);
        if (share.writer->advance(std::span(logits, model_->vocabulary_size()))) done.push_back(share.writer);
    }
    for (auto* writer : done)
        remove(*writer);
}

// The cells are full: conversations that nobody is writing go first, the longest unused before the others; then the
// answer begun last has to wait until another one is done, and its prompt is decoded once more.
void Engine::make_room() {
    if (auto* idle = sequences_.oldest_idle()) {
        forget(*idle);
        return;
    }
    const auto awake = [](const auto& writer) { return !writer->paused && writer->sequence().decoded.size() > 0; };
    if (std::count_if(writers_.begin(), writers_.end(), awake) < 2) {
        fail_batch("llama.cpp finds no room for the context it was given");
        return;
    }
    auto& last = **std::find_if(writers_.rbegin(), writers_.rend(), awake);
    last.paused = true;
    forget(last.sequence());
}

// Nothing of the batch counts: the cache is brought back to what the sequences say.
void Engine::wind_back() {
    for (const auto& share : shares_) {
        auto& sequence = share.writer->sequence();
        const auto held = static_cast<llama_pos>(sequence.decoded.size());
        if (!llama_memory_seq_rm(llama_get_memory(model_->context()), sequence.id, held, -1)) forget(sequence);
    }
}

void Engine::fail_batch(const std::string& why) {
    for (const auto& share : shares_) {
        share.writer->fail(make_failure(FailureKind::server_error, fmt::format("{} ({})", why, model_->name())));
        forget(share.writer->sequence());
        remove(*share.writer);
    }
}

}  // namespace enough::llama
