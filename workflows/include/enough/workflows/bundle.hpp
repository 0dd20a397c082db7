#pragma once

#include <enough/workflows/load.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace enough {

/// One file of a workflow.
struct BundledFile {
    /// Its names as the workflow asks for them, from the main file's folder: `../shared/models.yaml`, or absolute where
    /// the workflow says so. The first is the one that it was read by; mostly there is no other.
    std::vector<std::string> paths;
    std::string text;  ///< as it stands in the file: `${VAR}` is not filled in

    bool operator==(const BundledFile&) const = default;
};

/// A workflow as its files, for machines that share no disk: the main file and all that loading it reads, which is what
/// it includes, the workflows that its steps run, prompts, prepared answers and calibrations. It holds no value of the
/// environment and no file of `secrets:`; a key that somebody wrote into a workflow file itself is in it.
///
/// What a workflow names and loading does not read stays behind and belongs to the machine that loads the bundle: files
/// of models, of certificates and of secrets, sockets, and programs.
struct WorkflowBundle {
    std::string main;  ///< the path of the main file: its name alone
    std::vector<BundledFile> files;
    std::string hash;  ///< `Workflow::hash` where the bundle was made

    bool operator==(const WorkflowBundle&) const = default;
};

/// Of one bundle; more can neither be made nor be read.
inline constexpr std::size_t most_bundle_paths = 1'000;
inline constexpr std::size_t most_bundle_bytes = 16 << 20;  ///< of the files' texts together

struct BundleResult {
    std::optional<WorkflowBundle> bundle;  ///< absent when there is an error
    std::vector<Problem> problems;         ///< those of `load_workflow`, and what a bundle can't hold
};

/// Loads a workflow as `load_workflow` does and keeps what was read. The bundle that is given can be loaded: it was, in
/// the same environment, with the same hash.
BundleResult bundle_workflow(const std::filesystem::path& file, const Environment& environment = process_environment());

/// Loads the workflow of a bundle with this machine's variables. Says what `load_workflow` says, files named as in the
/// bundle, and reads none from the disk but those of secrets: one that is not in the bundle is a problem. Relative
/// paths of what belongs to this machine count from the working directory, in place of the main file's folder.
///
/// A workflow whose hash is not the bundle's is refused with a problem that names the variables it asked for.
///
/// A bundle decides what is sent where, and which files are read as secrets and run as programs: take none from whom
/// you would not let run a workflow here.
LoadResult load_bundle(const WorkflowBundle& bundle, const Environment& environment = process_environment());

/// One JSON object: `{"format": 1, "main": …, "hash": …, "files": [{"paths": […], "text": …}]}`.
std::string to_json(const WorkflowBundle& bundle);

/// The bundle of such a text, or one sentence that says why it is none. No path in it is used to write anything.
std::variant<WorkflowBundle, std::string> bundle_from_json(std::string_view text);

}  // namespace enough
