#include "bundle_check.hpp"
#include "utf8.hpp"

#include <enough/json/shallow_json.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

constexpr int format = 1;
constexpr int deepest = 5;
constexpr std::size_t longest_path = 4'096;  // Linux's PATH_MAX
constexpr std::size_t hash_digits = 64;
/// A byte of a text is six in JSON at most (`\u0000`).
constexpr std::size_t most_json_bytes = 6 * (most_bundle_bytes + most_bundle_paths * longest_path) + (1 << 20);

std::optional<std::string> fault_of_path(const std::string& path) {
    if (path.empty()) return "has a file with an empty name";
    if (path.size() > longest_path) return fmt::format("has a path longer than {} bytes", longest_path);
    if (path.find('\0') != std::string::npos) return "has a path with a NUL in it";
    if (invalid_utf8(path)) return "has a path that is not UTF-8";
    return std::nullopt;
}

bool is_hash(const std::string& text) {
    return text.size() == hash_digits && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

/// The value of a key, or an exception as the JSON library has it.
WorkflowBundle read_bundle(const nlohmann::json& json) {
    if (json.at("format").get<int>() != format) throw std::invalid_argument("it is of another format than 1");
    WorkflowBundle bundle;
    bundle.main = json.at("main").get<std::string>();
    bundle.hash = json.at("hash").get<std::string>();
    for (const nlohmann::json& file : json.at("files"))
        bundle.files.push_back({file.at("paths").get<std::vector<std::string>>(), file.at("text").get<std::string>()});
    return bundle;
}

}  // namespace

std::optional<std::string> fault_of(const WorkflowBundle& bundle) {
    std::size_t bytes = 0;
    std::set<std::string_view> paths;
    for (const BundledFile& file : bundle.files) {
        bytes += file.text.size();
        if (bytes > most_bundle_bytes) return fmt::format("holds more than {} bytes of text", most_bundle_bytes);
        if (file.paths.empty()) return "has a file without a name";
        for (const std::string& path : file.paths) {
            if (auto fault = fault_of_path(path)) return fault;
            if (!paths.insert(path).second) return "has one path twice";
            if (paths.size() > most_bundle_paths) return fmt::format("has more than {} files", most_bundle_paths);
        }
    }
    if (!paths.contains(bundle.main)) return "does not have its main file";
    if (!is_hash(bundle.hash)) return "has a hash that is no SHA-256";
    return std::nullopt;
}

std::string to_json(const WorkflowBundle& bundle) {
    nlohmann::ordered_json files = nlohmann::ordered_json::array();
    for (const BundledFile& file : bundle.files)
        files.push_back({{"paths", file.paths}, {"text", file.text}});
    const nlohmann::ordered_json json{
        {"format", format}, {"main", bundle.main}, {"hash", bundle.hash}, {"files", std::move(files)}};
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::variant<WorkflowBundle, std::string> bundle_from_json(std::string_view text) {
    if (text.size() > most_json_bytes)
        return fmt::format("this is no workflow bundle: it is larger than {} bytes", most_json_bytes);
    try {
        const auto json = parse_shallow(text, deepest);
        if (json.is_discarded()) return "this is no workflow bundle: it is no JSON";
        WorkflowBundle bundle = read_bundle(json);
        if (const auto fault = fault_of(bundle)) return "this is no workflow bundle: it " + *fault;
        return bundle;
    } catch (const std::invalid_argument& fault) {
        return fmt::format("this is no workflow bundle: {}", fault.what());
    } catch (const nlohmann::json::exception&) {
        return "this is no workflow bundle: 'format', 'main', 'hash' or 'files' is missing or of another type";
    }
}

}  // namespace enough
