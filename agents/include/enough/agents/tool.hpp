#pragma once

#include <string>

namespace enough {

/// A tool that a model may call.
struct ToolSpec {
    std::string name;
    std::string description;
    std::string parameters;  ///< JSON Schema of its arguments, as compact JSON

    bool operator==(const ToolSpec&) const = default;
};

/// A model's wish to have a tool called.
struct ToolCall {
    std::string id;  ///< the model's own, unique within an answer; the result refers to it
    std::string name;
    std::string arguments;  ///< JSON as the model wrote it; may be broken

    bool operator==(const ToolCall&) const = default;
};

/// What a tool gave.
struct ToolResult {
    std::string content;    ///< text; what is no text is named in words
    bool is_error = false;  ///< the tool says that it failed: the model is told, the run goes on

    bool operator==(const ToolResult&) const = default;
};

}  // namespace enough
