// Stands in for what the branches of agents and policies bring.
#include <enough/agents/settings.hpp>
#include <enough/policies/signal.hpp>

namespace enough {

__attribute__((weak)) bool gives_logprobs(const ProviderSettings& settings) {
    if (const auto* openai = std::get_if<OpenAiSettings>(&settings)) return openai->logprobs;
    if (const auto* scripted = std::get_if<ScriptedSettings>(&settings)) return scripted->logprobs;
    return true;
}

__attribute__((weak)) bool needs_logprobs(Signal signal) {
    return signal < Signal::agreement;
}

}  // namespace enough
