#pragma once

#include "problems.hpp"
#include "sources.hpp"

#include <enough/workflows/load.hpp>
#include <enough/workflows/workflow.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

struct Loading;

/// What the files of one load share: the workflow, and the workflows that its steps run.
struct SharedLoad {
    /// A workflow file that is being read.
    struct Open {
        std::filesystem::path file;  ///< canonical; empty: text that is no file
        std::string shown;           ///< in quotes, as whoever runs it names it
    };

    const Environment& environment;
    FileSource& files;
    Calibrations calibrations = Calibrations::required;
    Pins pins = Pins::required;
    Unset unset = Unset::refused;
    Problems problems{};
    Sources sources{files};
    std::vector<Open> chain{};                                                     ///< outermost first
    std::map<std::filesystem::path, std::shared_ptr<const Workflow>> workflows{};  ///< null: read in vain
    std::map<std::string, std::string> model_keys{};  ///< hash of the definition by `Model::key`
};

/// Reads `file`, the one that was asked for, and all that it needs. `name` stands for it in problems.
LoadResult load_main(const std::filesystem::path& file, const std::string& name, SharedLoad& shared);

/// Reads one workflow; null when it has errors, which are in `shared.problems`. `file`: what relative paths are
/// relative to. The caller has put it into `shared.chain`.
std::shared_ptr<const Workflow> load_one(std::string_view text, const std::string& name,
                                         const std::filesystem::path& file, SharedLoad& shared);

/// Gives each model the key it is asked by: its name, unless the load knows another model by that name already.
void assign_model_keys(Loading& loading);

}  // namespace enough
