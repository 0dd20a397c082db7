#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace enough::test {

/// The small model that cmake/setup/model.sh fetches: ENOUGH_MODEL, else where that script puts it.
inline std::string model_path() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return std::filesystem::path(value != nullptr ? value : "");
    };
    if (const auto model = variable("ENOUGH_MODEL"); !model.empty()) return model;
    auto cache = variable("ENOUGH_CACHE");
    if (cache.empty()) {
        const auto xdg = variable("XDG_CACHE_HOME");
        cache = (xdg.empty() ? variable("HOME") / ".cache" : xdg) / "enough";
    }
    const auto path = cache / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
    if (!std::filesystem::exists(path))
        throw std::runtime_error("no test model: run cmake/setup/model.sh or set ENOUGH_MODEL");
    return path;
}

}  // namespace enough::test
