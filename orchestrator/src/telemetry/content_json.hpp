#pragma once

#include <enough/agents/agent.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// Prompts and answers as OpenTelemetry's conventions have them in `gen_ai.input.messages` and
/// `gen_ai.output.messages`: JSON text, each text of it cut at `longest_content` bytes.
/// https://opentelemetry.io/docs/specs/semconv/gen-ai/non-normative/examples-llm-calls/
inline constexpr std::size_t longest_content = 8 * 1024;

std::string input_messages_json(const std::vector<Message>& messages);
std::string output_messages_json(const Answer& answer, std::string_view finish_reason);

}  // namespace enough
