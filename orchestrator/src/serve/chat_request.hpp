#pragma once

#include "serve/api_error.hpp"

#include <enough/workflows/workflow.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <variant>
#include <vector>

namespace enough {

/// A chat completion as it was asked for.
struct ChatRequest {
    std::string model;  ///< the workflow's name
    bool stream = false;
    bool include_usage = false;
    std::string question;              ///< the last message of the user
    nlohmann::json messages;           ///< all of them: [{"role", "content"}], contents as text
    nlohmann::json metadata;           ///< values for other inputs
    Sampling sampling;                 ///< that was given, allowed or not
    std::vector<std::string> ignored;  ///< fields that have no effect here
};

/// Reads a request body. What the API knows and this server can't do (`n` above 1, tools) is refused; fields that only
/// have no effect are noted as ignored.
std::variant<ChatRequest, ApiError> read_chat_request(const std::string& body);

/// Notes the sampling settings that the workflow allows no request to set (`serve.allow`) as ignored.
void ignore_settings(const Workflow& workflow, ChatRequest& request);

/// The inputs of a run: the question is the workflow's first input; an input `messages` of type list gets the whole
/// conversation; others come from `metadata` by name, or keep their defaults.
std::variant<nlohmann::json, ApiError> chat_inputs(const Workflow& workflow, const ChatRequest& request);

}  // namespace enough
