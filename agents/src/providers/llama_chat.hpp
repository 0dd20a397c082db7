#pragma once

#include <enough/agents/agent.hpp>

#include <optional>
#include <string>
#include <vector>

namespace enough::llama {

/// The prompt for a conversation as the model's chat template writes it, up to where the assistant's turn begins.
/// `chat_template` is the Jinja text in the model's file; it is recognised by llama.cpp's table, not interpreted. An
/// unknown one, or none, is taken for ChatML.
std::string render_chat(const std::string& chat_template, const std::vector<Message>& messages);

/// The system message that a ChatML template adds to a conversation without one. llama.cpp's table leaves it out.
std::optional<std::string> default_system_message(const std::string& chat_template);

}  // namespace enough::llama
