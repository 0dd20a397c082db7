#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace enough {

/// Asks a GGUF model in this process. The model is loaded by the first `ask`, on a thread of its own that also decodes;
/// answers asked for at once are written together. Sinks are called on the executor that awaits `ask`, so any may.
///
/// What is sampled: temperature, top_p and seed as the request says, else what the model's file asks for, else
/// llama.cpp's own (0.8, 0.95, any seed); always among the 40 likeliest tokens with at least 0.05 of the likeliest's
/// probability, again unless the file says otherwise. Evidence is exact and from before all sampling. The token that
/// ends an answer is neither text nor evidence, and is not counted.
std::unique_ptr<Agent> make_llama_agent(const LlamaSettings& settings, asio::any_io_executor executor);

}  // namespace enough
