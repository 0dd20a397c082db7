#include "providers/openai_chat.hpp"

#include "providers/openai_profile.hpp"
#include "providers/openai_request.hpp"
#include "providers/openai_stream.hpp"

#include <utility>

namespace enough {

namespace {

OpenAiSettings with_defaults(OpenAiSettings settings) {
    settings.base_url = openai_base_url(settings);
    if (settings.max_tokens_field.empty()) settings.max_tokens_field = openai_traits(settings.profile).max_tokens_field;
    return settings;
}

}  // namespace

OpenAiChat::OpenAiChat(OpenAiSettings settings)
    : settings_(with_defaults(std::move(settings))),
      endpoint_(openai_endpoint(settings_.base_url)),
      headers_(openai_headers(settings_)),
      server_text_(settings_) {
    openai_body({}, settings_, dialect());  // an extra_body that is none is found out now
}

HttpRequest OpenAiChat::request(const Request& asked) const {
    return request_in(dialect(), asked);
}

HttpRequest OpenAiChat::request_in(const Dialect& dialect, const Request& asked) const {
    return {.url = endpoint_.url, .headers = headers_, .body = openai_body(asked, settings_, dialect)};
}

std::unique_ptr<AnswerReader> OpenAiChat::reader(const Request& asked) const {
    return std::make_unique<OpenAiStream>(asked.sink, OpenAiStreamLimits(), server_text_);
}

Dialect OpenAiChat::dialect() const {
    Dialect dialect;
    dialect.max_tokens_field = settings_.max_tokens_field;
    dialect.gives_logprobs = gives_logprobs(settings_);
    dialect.max_top_logprobs = openai_traits(settings_.profile).max_top_logprobs;
    return dialect;
}

std::optional<Dialect> OpenAiChat::learn(const HttpRefusal& refusal, const Request& asked, const Dialect& used) const {
    return openai_learn(refusal, asked, used, settings_.profile);
}

}  // namespace enough
