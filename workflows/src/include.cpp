#include "include.hpp"

#include "field_types.hpp"
#include "fields.hpp"
#include "scalar.hpp"
#include "substitute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace enough {
namespace {

constexpr std::array<std::string_view, 6> shared_sections{"inputs", "models", "agents", "gates", "tools", "secrets"};
constexpr std::size_t most_files = 64;

bool same_place(const Mark& a, const Mark& b) {
    return a.source == b.source && a.line == b.line && a.column == b.column;
}

/// The file of `mark` as the file of `name` would write it.
std::string seen_from(const Value& name, const Mark& mark) {
    const std::filesystem::path& directory = name.mark().source->directory;
    return std::filesystem::path(mark.source->name).lexically_proximate(directory).string();
}

class Inclusion {
public:
    Inclusion(Sources& sources, SharedLoad& shared) : sources_(sources), shared_(shared), problems_(shared.problems) {}

    /// Merges what `root` includes into it. `chain` holds the files that are being read.
    void run(Node& root, std::vector<std::filesystem::path>& chain) {
        const Node* include = root.find("include");
        if (include == nullptr) return;
        const Value value(*include, "include", problems_);
        std::vector<Value> names;
        if (value.is_list()) {
            for (std::size_t i = 0; i < include->items.size(); ++i)
                names.push_back(value.at(i));
        } else {
            names.push_back(value);
        }
        Node collected;
        collected.kind = NodeKind::map;
        for (const Value& name : names)
            if (const Node* part = read(name, chain)) collect(*part, name, root, collected);
        for (Node::Entry& section : collected.entries)
            append(root, std::move(section));
    }

    bool complete = true;

private:
    /// The included file, its own includes merged. Null when it can't be used, which was reported.
    const Node* read(const Value& name, std::vector<std::filesystem::path>& chain) {
        const auto text = type::Text{}(name);
        if (!text) return lost();
        const std::filesystem::path path = resolved(name.mark(), *text);
        const std::filesystem::path key = shared_.files.key(path);
        if (std::find(chain.begin(), chain.end(), key) != chain.end()) {
            name.error(fmt::format("an include cycle: {} is being read already", shown(name.node())));
            return lost();
        }
        if (const auto known = files_.find(key); known != files_.end())
            return known->second ? &*known->second : nullptr;
        if (files_.size() >= most_files) {
            name.error(fmt::format("more than {} included files", most_files));
            return lost();
        }
        chain.push_back(key);
        std::optional<Node> node = parse(name, path, chain);
        chain.pop_back();
        if (!node) complete = false;
        const auto kept = files_.emplace(key, std::move(node)).first;
        return kept->second ? &*kept->second : nullptr;
    }

    std::optional<Node> parse(const Value& name, const std::filesystem::path& path,
                              std::vector<std::filesystem::path>& chain) {
        const FileText file = shared_.files.read(path, YamlLimits{}.file_bytes, FileKinds::regular);
        if (!file.text) {
            name.error(fmt::format("file {}: {}", shown(name.node()), file.fault));
            return std::nullopt;
        }
        const auto source = sources_.add(path.string(), path.parent_path());
        std::optional<Node> root = parse_yaml(*file.text, source, problems_);
        if (!root) return std::nullopt;
        substitute(*root, shared_.environment, shared_.unset, problems_);
        check_keys(*root);
        if (root->kind != NodeKind::map) return std::nullopt;
        run(*root, chain);
        return root;
    }

    void check_keys(const Node& root) {
        Fields fields(Value(root, "", problems_));
        std::int64_t version = 0;
        fields.optional("version", type::FormatVersion{}, version);
        fields.take("include");
        for (const std::string_view section : shared_sections)
            if (const auto value = fields.take(section); value && !value->is_map()) value->expected("a map of names");
        for (const char* key : {"name", "description", "limits", "serve", "steps", "output"})
            fields.hint(key, "an included file can define inputs, models, agents, gates, tools and secrets only");
        fields.finish();
    }

    /// Takes over what neither the including file nor an earlier included one defines.
    void collect(const Node& part, const Value& name, const Node& root, Node& collected) {
        for (const std::string_view section : shared_sections) {
            const Node* from = part.find(section);
            if (from == nullptr || from->kind != NodeKind::map) continue;
            const Node* own = root.find(section);
            if (collected.find(section) == nullptr) {
                Node empty;
                empty.kind = NodeKind::map;
                empty.mark = from->mark;
                collected.entries.push_back({std::string(section), from->mark, std::move(empty)});
            }
            Node& into = *collected.find(section);
            for (const Node::Entry& entry : from->entries) {
                if (is_extension(entry.key) || (own != nullptr && own->find(entry.key) != nullptr)) continue;
                const auto earlier = std::find_if(into.entries.begin(), into.entries.end(),
                                                  [&](const Node::Entry& other) { return other.key == entry.key; });
                if (earlier == into.entries.end()) {
                    into.entries.push_back(entry);
                } else if (!same_place(earlier->mark, entry.mark)) {
                    name.error(fmt::format("{}.{} is defined in {} and in {}; define it here to choose", section,
                                           entry.key, seen_from(name, earlier->mark), seen_from(name, entry.mark)));
                }
            }
        }
    }

    static void append(Node& root, Node::Entry section) {
        Node* own = root.find(section.key);
        if (own == nullptr) {
            root.entries.push_back(std::move(section));
        } else if (own->kind == NodeKind::map) {
            std::move(section.value.entries.begin(), section.value.entries.end(), std::back_inserter(own->entries));
        }
    }

    const Node* lost() {
        complete = false;
        return nullptr;
    }

    Sources& sources_;
    SharedLoad& shared_;
    Problems& problems_;
    std::map<std::filesystem::path, std::optional<Node>> files_;
};

}  // namespace

bool include_files(Node& root, const std::filesystem::path& file, Sources& sources, SharedLoad& shared) {
    std::vector<std::filesystem::path> chain;
    if (!file.empty()) chain.push_back(shared.files.key(file));
    Inclusion inclusion(sources, shared);
    inclusion.run(root, chain);
    return inclusion.complete;
}

}  // namespace enough
