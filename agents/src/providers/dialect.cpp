#include "providers/dialect.hpp"

#include <re2/re2.h>

#include <algorithm>

namespace enough {

namespace {

bool says_logprob(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text.find("logprob") != std::string::npos;
}

// "must be less than or equal to 5", "max allowed: 20", "between 0 and 5", "<= 8"
std::optional<int> stated_maximum(const std::string& message) {
    static const RE2 pattern(
        R"((?i)(?:<=|less than or equal to|at most|no more than|up to|between \d+ and|max(?:imum)?[a-z_' ]*)\D{0,8}(\d{1,4}))");
    int maximum = 0;
    if (!RE2::PartialMatch(message, pattern, &maximum)) return std::nullopt;
    return maximum;
}

}  // namespace

int Dialect::top_logprobs(int wanted) const {
    if (!gives_logprobs || wanted <= 0) return 0;
    return max_top_logprobs > 0 ? std::min(wanted, max_top_logprobs) : wanted;
}

std::optional<Dialect> learn_about_logprobs(const HttpRefusal& refusal, const Request& asked, const Dialect& used) {
    if (refusal.status != 400 && refusal.status != 403 && refusal.status != 422) return std::nullopt;
    const int count = used.top_logprobs(asked.top_logprobs);
    const auto message = server_error(refusal.body).message;
    if (count == 0 || !says_logprob(message)) return std::nullopt;
    auto learned = used;
    const auto maximum = stated_maximum(message);
    if (maximum && *maximum > 0 && *maximum < count) {
        learned.max_top_logprobs = *maximum;
    } else {
        learned.gives_logprobs = false;
    }
    return learned;
}

void take_over(Dialect& dialect, const Dialect& used, const Dialect& learned) {
    if (learned.gives_logprobs != used.gives_logprobs) dialect.gives_logprobs = learned.gives_logprobs;
    if (learned.max_top_logprobs != used.max_top_logprobs) dialect.max_top_logprobs = learned.max_top_logprobs;
    if (learned.max_tokens_field != used.max_tokens_field) dialect.max_tokens_field = learned.max_tokens_field;
}

}  // namespace enough
