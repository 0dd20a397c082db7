#pragma once

#include "problems.hpp"
#include "yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace enough {

/// A text's lines, to turn byte columns into character columns.
class Lines {
public:
    explicit Lines(std::string_view text);

    std::string_view line(int index) const;       ///< from 0
    int column(int line, int byte_column) const;  ///< from 1

private:
    std::vector<std::string_view> lines_;
};

/// Builds a `Node` from the events of yaml-cpp's parser: its own `Node` class keeps the first of two equal keys without
/// a word and expands aliases without bounds.
class YamlBuilder : public YAML::EventHandler {
public:
    /// Thrown through the parser when going on makes no sense; the problem is reported.
    struct Stop {};

    YamlBuilder(const Lines& lines, std::shared_ptr<const SourceFile> source, Problems& problems,
                const YamlLimits& limits);

    /// From now on another document is a problem.
    void expect_end() { finished_ = true; }
    bool blank() const;  ///< nothing but an empty document
    std::optional<Node> take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override;
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override;
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override;
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override;
    void OnMapEnd() override { close(); }

private:
    /// A list or map that is still being read.
    struct Open {
        Node node;
        YAML::anchor_t anchor = 0;
        bool has_key = false;     ///< of a map: the next node is a value
        bool drop_value = false;  ///< its key was refused
        std::string key;
        Mark key_mark;
        std::unordered_map<std::string, int> lines;  ///< of the keys so far
    };

    Mark at(const YAML::Mark& mark) const;
    [[noreturn]] void stop(const Mark& mark, std::string message);
    void open(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
    void close();
    void finish(Node node, YAML::anchor_t anchor);
    void add_key(Open& map, const Node& key);
    void count(const Node& node, std::size_t depth, const Mark& alias);
    void check_collection_tag(const std::string& tag, const Mark& mark);

    const Lines& lines_;
    std::shared_ptr<const SourceFile> source_;
    Problems& problems_;
    YamlLimits limits_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Node> anchors_;
    std::optional<Node> root_;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
    bool finished_ = false;
};

}  // namespace enough
