#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {

class Problems;

/// A file (or text) that YAML was read from.
struct SourceFile {
    std::string name;                 ///< as printed in problems
    std::filesystem::path directory;  ///< what relative paths inside are relative to
    int order = 0;                    ///< problems of files read earlier come first
};

/// Where something stands. Lines and columns count from 1; columns count characters.
struct Mark {
    std::shared_ptr<const SourceFile> source;
    int line = 0;
    int column = 0;
};

enum class NodeKind { scalar, list, map };

/// A parsed piece of YAML that remembers where it stood. Aliases are already expanded, keys are unique and text.
struct Node {
    struct Entry;

    NodeKind kind = NodeKind::scalar;
    Mark mark;
    std::string text;                    ///< of a scalar
    bool plain = true;                   ///< a scalar without quotes: it may be a number, a boolean or null
    std::string variable;                ///< what stood here before variables were filled in; empty if there were none
    std::vector<std::string> secrets{};  ///< that were filled in here: never to be shown
    bool unset = false;                  ///< a variable without a value stands here as written: no other fault counts
    bool incomplete = false;             ///< of a map: a key was refused, others must not be missed
    bool broken = false;                 ///< a problem was reported already: readers stay silent about it
    std::vector<Node> items;             ///< of a list
    std::vector<Entry> entries;          ///< of a map, in file order

    const Node* find(std::string_view key) const;
    Node* find(std::string_view key);
};

struct Node::Entry {
    std::string key;
    Mark mark;  ///< of the key
    Node value;
};

/// Bounds that no honest workflow file meets.
struct YamlLimits {
    std::size_t file_bytes = 1 << 20;
    std::size_t expanded_bytes = 10 << 20;  ///< text after aliases are expanded
    std::size_t nodes = 250'000;            ///< after aliases are expanded
    int depth = 64;
};

/// Reads one YAML 1.2 document. Absent when it is no usable YAML, then at least one problem was reported; duplicate
/// keys, keys that are not text, merge keys, tags and second documents are reported too.
std::optional<Node> parse_yaml(std::string_view text, const std::shared_ptr<const SourceFile>& source,
                               Problems& problems, const YamlLimits& limits = {});

/// Is this key free for the user's own purposes (`x-…`)?
inline bool is_extension(std::string_view key) {
    return key.starts_with("x-");
}

}  // namespace enough
