#pragma once

#include <enough/agents/failure.hpp>
#include <enough/agents/settings.hpp>

#include <llama.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace enough::llama {

/// Sampling that the model's file asks for, else what llama.cpp's own server does.
struct SamplingDefaults {
    int top_k = 40;
    double top_p = 0.95;
    double min_p = 0.05;
    double temperature = 0.8;
};

/// A loaded model with its context: what llama.cpp owns, its vocabulary and what the file says about itself.
/// Use it from one thread at a time.
class Model {
public:
    /// Conversations kept in the cache at most.
    static constexpr int sequences = 16;

    /// `may_abort(data)` is asked while a batch is decoded; true ends `llama_decode` early.
    static Result<std::unique_ptr<Model>> load(const LlamaSettings& settings, bool (*may_abort)(void*), void* data);

    ~Model();

    llama_context* context() const { return context_.get(); }
    /// Tokens that can be decoded at once.
    std::size_t batch_size() const { return llama_n_batch(context()); }
    std::size_t vocabulary_size() const;
    bool is_end(llama_token token) const;
    bool is_control(llama_token token) const;

    /// Special tokens in the text become what they stand for.
    std::vector<llama_token> tokenize(std::string_view text) const;

    /// The token's bytes as seen by the model: special tokens are visible.
    const std::string& bytes(llama_token token) const;

    /// Whether a conversation can take over a part of another one's cache; models with a running state can't.
    bool shares_beginnings() const;

    /// Tokens that one conversation may have, prompt and answer together.
    std::size_t limit() const { return limit_; }
    const std::string& name() const { return name_; }
    const std::string& fingerprint() const { return fingerprint_; }
    const std::string& chat_template() const { return chat_template_; }
    const SamplingDefaults& defaults() const { return defaults_; }

private:
    struct Free {
        void operator()(llama_model* model) const { llama_model_free(model); }
        void operator()(llama_context* context) const { llama_free(context); }
    };
    class Threads;

    Model();
    void describe(const LlamaSettings& settings);
    void read_vocabulary();

    std::unique_ptr<llama_model, Free> model_;
    std::unique_ptr<Threads> threads_;  // outlives the context that uses it
    std::unique_ptr<llama_context, Free> context_;
    const llama_vocab* vocabulary_ = nullptr;
    std::vector<std::string> pieces_;
    std::size_t limit_ = 0;
    std::string name_;
    std::string fingerprint_;
    std::string chat_template_;
    SamplingDefaults defaults_;
};

}  // namespace enough::llama
