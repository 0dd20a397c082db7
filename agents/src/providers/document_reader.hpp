#pragma once

#include "providers/answer_draft.hpp"
#include "providers/server_text.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace enough {

/// An `AnswerReader` for protocols whose events and documents are JSON objects that are read as trees.
class DocumentReader : public AnswerReader {
public:
    Result<Progress> event(const SseEvent& event) final;
    Result<Progress> document(const std::string& body) final;
    bool complete() const final { return draft_.complete(); }
    Result<Answer> finish(std::int64_t input_estimate) final;
    Answer stopped_early(std::int64_t input_estimate) final { return draft_.stopped_early(input_estimate); }
    Usage spent(std::int64_t input_estimate) const final { return draft_.spent(input_estimate); }

protected:
    explicit DocumentReader(AnswerSink* sink, ServerText server_text = {}, DraftLimits limits = {})
        : draft_(sink, limits), server_text_(std::move(server_text)) {}

    enum class Then { more, end };

    /// Puts what one event says into `draft_`; `end`: nothing follows it.
    virtual Then read_event(const nlohmann::json& event) = 0;

    /// Puts a whole answer into `draft_`.
    virtual void read_document(const nlohmann::json& answer) = 0;

    /// Nothing follows any more: gives what was held back.
    virtual void flush() {}

    /// An error object came in place of an answer or in the middle of one. `words`: its type, code and status, which
    /// decide about the failure's kind.
    void complain(std::string_view message, std::string_view words);

    AnswerDraft draft_;

private:
    ServerText server_text_;
};

}  // namespace enough
