#pragma once

#include "providers/document_reader.hpp"
#include "providers/openai_think.hpp"

#include <enough/agents/token.hpp>

#include <optional>
#include <vector>

namespace enough {

/// Reads what `/completion` of llama.cpp's server answers, streamed or not:
/// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-completion-given-a-prompt-it-returns-the-predicted-completion
/// The text is as the model wrote it: reasoning is told by `<think>…</think>` at its start.
class LlamaCppReader final : public DocumentReader {
public:
    /// `thinking`: the prompt ends inside `<think>`, so the answer begins there.
    explicit LlamaCppReader(AnswerSink* sink, ServerText server_text = {}, bool thinking = false,
                            DraftLimits limits = {});

private:
    Then read_event(const nlohmann::json& event) override;
    void read_document(const nlohmann::json& answer) override;
    void flush() override;

    void show(const ThinkText::Split& split);
    void read_tokens(const nlohmann::json& event);
    void place(Token token);
    void place_silent();
    void give_held(Phase phase);
    void read_end(const nlohmann::json& event);

    ThinkText think_text_;
    ThinkTokens think_tokens_;
    std::vector<Token> held_;      // whose phase can't be told yet
    std::optional<Token> silent_;  // the last one, should it have no text: it may have ended the answer
};

}  // namespace enough
