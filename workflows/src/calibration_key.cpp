#include <enough/workflows/calibration_key.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <variant>

namespace enough {
namespace {

using nlohmann::json;

struct Names {
    CalibrationKey& key;

    void operator()(const OpenAiSettings& settings) const { server("openai", settings); }
    void operator()(const AnthropicSettings& settings) const { server("anthropic", settings); }
    void operator()(const GeminiSettings& settings) const { server("gemini", settings); }
    void operator()(const LlamaSettings& settings) const {
        key.provider = "llama";
        key.model = std::filesystem::path(settings.path).filename().string();
    }
    void operator()(const ScriptedSettings&) const { key.provider = key.model = "scripted"; }

    void server(const char* provider, const ServerSettings& settings) const {
        key.provider = provider;
        key.model = settings.model;
        if (!settings.extra_body.empty()) key.settings["extra_body"] = settings.extra_body;
    }
};

template <class T>
std::string text_of(const std::optional<T>& value) {
    return value ? json(*value).dump() : "null";
}

}  // namespace

const char* const default_refine_prompt = "Review your answer, find gaps or errors, and answer again.";

CalibrationKey calibration_key(const AgentRole& agent, const Model& model, const Gate& gate,
                               const std::string& question, const std::string& refine_prompt) {
    CalibrationKey key;
    key.signal = name(gate.signal);
    key.scope = name(gate.settings.scope);
    key.top_k = gate.settings.top_k;
    key.temperature = agent.sampling.temperature;
    const json prompts{agent.system ? json(*agent.system) : json(nullptr), question, refine_prompt};
    key.prompt_hash = sha256(prompts.dump(-1, ' ', false, json::error_handler_t::replace));
    key.settings = {{"max_tokens", text_of(agent.sampling.max_tokens)},
                    {"top_p", text_of(agent.sampling.top_p)},
                    {"stop", json(agent.sampling.stop).dump()},
                    {"answer.extract", json(name(agent.answer.kind())).dump()},
                    {"answer.argument", json(agent.answer.argument()).dump()},
                    {"min_coverage", json(gate.min_coverage).dump()},
                    {"last", json(gate.settings.tail).dump()},
                    {"window", json(gate.settings.window).dump()}};
    // Only where it is set: files from before there was such a setting hold on.
    if (agent.sampling.reasoning_effort) key.settings["reasoning_effort"] = text_of(agent.sampling.reasoning_effort);
    std::visit(Names{key}, model.provider);
    return key;
}

}  // namespace enough
