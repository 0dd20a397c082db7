#pragma once

#include <enough/agents/failure.hpp>

#include <string>

namespace enough::llama {

/// What a model's file is, as far as can be told without reading all of it.
struct ModelFile {
    std::string fingerprint;  ///< of its size, its head and its tail
};

/// Looks at a file before llama.cpp does, so that the failure says what is wrong with it.
Result<ModelFile> inspect_model(const std::string& path);

}  // namespace enough::llama
