#include "bundle_check.hpp"
#include "file_source.hpp"
#include "shared_load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t most_names_told = 20;

/// The disk, and what was read from it.
class RecordedDisk final : public Disk {
public:
    using Disk::Disk;

    FileText read(const std::filesystem::path& path, std::size_t limit, FileKinds kinds) override {
        FileText file = Disk::read(path, limit, kinds);
        if (file.text) keep(path.string(), Disk::key(path), *file.text);
        return file;
    }

    /// Whoever asks for the key of a file that was read before may do without its text: here is another of its names.
    std::filesystem::path key(const std::filesystem::path& path) override {
        auto key = Disk::key(path);
        if (const auto known = places_.find(key); known != places_.end()) add_name(known->second, path.string());
        return key;
    }

    std::vector<BundledFile> take_files() { return std::move(files_); }

private:
    void keep(std::string path, const std::filesystem::path& key, const std::string& text) {
        if (const auto known = places_.find(key); known != places_.end())
            return add_name(known->second, std::move(path));
        if (full()) return;
        bytes_ += text.size();
        places_.emplace(key, files_.size());
        files_.push_back({{std::move(path)}, text});
    }

    void add_name(std::size_t place, std::string path) {
        auto& paths = files_[place].paths;
        if (std::find(paths.begin(), paths.end(), path) == paths.end() && !full()) paths.push_back(std::move(path));
    }

    /// More than a bundle may hold, which is found out when it is made.
    bool full() const { return bytes_ > most_bundle_bytes || files_.size() > most_bundle_paths; }

    std::map<std::filesystem::path, std::size_t> places_;
    std::vector<BundledFile> files_;
    std::size_t bytes_ = 0;
};

/// The files of a bundle. Those of secrets are this machine's: relative to `folder`.
class BundledFiles final : public FileSource {
public:
    BundledFiles(const WorkflowBundle& bundle, std::filesystem::path folder) : here_(std::move(folder)) {
        for (const BundledFile& file : bundle.files)
            for (const std::string& path : file.paths)
                files_.emplace(path, &file);
    }

    FileText read(const std::filesystem::path& path, std::size_t limit, FileKinds) override {
        const auto found = files_.find(path.string());
        if (found == files_.end()) return {std::nullopt, "it is not in the bundle"};
        const std::string& text = found->second->text;
        if (text.size() > limit) return {std::nullopt, fmt::format("it is larger than {} bytes", limit)};
        return {text, {}};
    }

    FileText read_secret(const std::filesystem::path& path, std::size_t limit) override {
        return here_.read_secret(path, limit);
    }

    std::filesystem::path key(const std::filesystem::path& path) override {
        const auto found = files_.find(path.string());
        return found == files_.end() ? path : std::filesystem::path(found->second->paths.front());
    }

private:
    Disk here_;
    std::map<std::string, const BundledFile*> files_;
};

Problem problem_of(const std::string& file, std::string message) {
    Problem problem;
    problem.file = file;
    problem.message = std::move(message);
    return problem;
}

std::string another_workflow(const std::set<std::string>& variables) {
    if (variables.empty())
        return "the bundle gives another workflow here than where it was made, and it uses no variables; run the same "
               "version of enough on both machines";
    const std::size_t told = std::min(variables.size(), most_names_told);
    std::string names = fmt::format("{}", fmt::join(variables.begin(), std::next(variables.begin(), told), ", "));
    if (told < variables.size()) names += fmt::format(" and {} more", variables.size() - told);
    return fmt::format(
        "the variables of this machine give another workflow than the one that was bundled; give those that it uses "
        "the same values on both machines: {}",
        names);
}

LoadResult load_from(const WorkflowBundle& bundle, const std::filesystem::path& folder,
                     const Environment& environment) {
    BundledFiles files(bundle, folder);
    std::set<std::string> variables;
    const Environment watched = [&](const std::string& name) {
        variables.insert(name);
        return environment(name);
    };
    SharedLoad shared{watched, files};
    LoadResult result = load_main(bundle.main, bundle.main, shared);
    if (result.workflow && result.workflow->hash != bundle.hash) {
        result.workflow = nullptr;
        result.problems.push_back(problem_of(bundle.main, another_workflow(variables)));
    }
    return result;
}

}  // namespace

BundleResult bundle_workflow(const std::filesystem::path& file, const Environment& environment) {
    const std::string shown = file.string();
    const auto folder = file.parent_path();
    RecordedDisk disk(folder);
    // Named as in a bundle, so that everything else is asked for as it will be there.
    SharedLoad shared{environment, disk};
    LoadResult loaded = load_main(file.filename(), shown, shared);
    BundleResult result;
    for (Problem& problem : loaded.problems)
        if (!problem.file.empty() && problem.file != shown)
            problem.file = (folder / problem.file).lexically_normal().string();
    result.problems = std::move(loaded.problems);
    if (!loaded.workflow) return result;
    WorkflowBundle bundle{file.filename().string(), disk.take_files(), loaded.workflow->hash};
    if (const auto fault = fault_of(bundle)) {
        result.problems.push_back(problem_of(shown, "a bundle can't be made of this workflow, since it " + *fault));
    } else if (!load_from(bundle, folder, environment).workflow) {
        result.problems.push_back(problem_of(shown, "the workflow's files changed while they were read; try again"));
    } else {
        result.bundle = std::move(bundle);
    }
    return result;
}

LoadResult load_bundle(const WorkflowBundle& bundle, const Environment& environment) {
    return load_from(bundle, {}, environment);
}

}  // namespace enough
