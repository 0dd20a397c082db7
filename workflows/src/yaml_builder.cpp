#include "yaml_builder.hpp"

#include "scalar.hpp"
#include "utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {

Lines::Lines(std::string_view text) {
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        lines_.push_back(text.substr(start, end - start));
        start = end + 1;
    }
}

std::string_view Lines::line(int index) const {
    return index >= 0 && static_cast<std::size_t>(index) < lines_.size() ? lines_[static_cast<std::size_t>(index)]
                                                                         : std::string_view{};
}

int Lines::column(int index, int byte_column) const {
    const auto bytes = static_cast<std::size_t>(std::max(byte_column, 0));
    return static_cast<int>(utf8_length(line(index).substr(0, std::min(bytes, line(index).size())))) + 1;
}

YamlBuilder::YamlBuilder(const Lines& lines, std::shared_ptr<const SourceFile> source, Problems& problems,
                         const YamlLimits& limits)
    : lines_(lines), source_(std::move(source)), problems_(problems), limits_(limits) {}

bool YamlBuilder::blank() const {
    return !root_ || (root_->kind == NodeKind::scalar && scalar_type(*root_) == ScalarType::null);
}

Mark YamlBuilder::at(const YAML::Mark& mark) const {
    return {source_, std::max(mark.line, 0) + 1, lines_.column(mark.line, mark.column)};
}

void YamlBuilder::stop(const Mark& mark, std::string message) {
    problems_.error(mark, "", std::move(message));
    throw Stop{};
}

void YamlBuilder::OnDocumentStart(const YAML::Mark& mark) {
    if (finished_) stop(at(mark), "a second document; a workflow file holds one");
}

void YamlBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
    Node node;
    node.mark = at(mark);
    // An absent value is marked where the next token begins, which may be lines below.
    if (!open_.empty() && open_.back().has_key && open_.back().key_mark.line != node.mark.line)
        node.mark = open_.back().key_mark;
    finish(std::move(node), anchor);
}

void YamlBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
    Node node;
    node.mark = at(mark);
    node.text = value;
    node.plain = tag == "?" || tag.empty();
    if (!node.plain && tag != "!" && tag != "tag:yaml.org,2002:str") {
        problems_.error(node.mark, "", fmt::format("tags are not supported, found {}", in_quotes(tag)));
        node.broken = true;
    }
    finish(std::move(node), anchor);
}

void YamlBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                  YAML::EmitterStyle::value) {
    open(NodeKind::list, mark, tag, anchor);
}

void YamlBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value) {
    open(NodeKind::map, mark, tag, anchor);
}

void YamlBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) stop(at(mark), "an alias inside of what it stands for");
    count(it->second, open_.size() + 1, at(mark));
    finish(it->second, 0);
}

void YamlBuilder::open(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Open opened;
    opened.node.kind = kind;
    opened.node.mark = at(mark);
    opened.anchor = anchor;
    check_collection_tag(tag, opened.node.mark);
    if (open_.size() >= static_cast<std::size_t>(limits_.depth))
        stop(opened.node.mark, fmt::format("nested more than {} levels deep", limits_.depth));
    open_.push_back(std::move(opened));
}

void YamlBuilder::check_collection_tag(const std::string& tag, const Mark& mark) {
    if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:seq" || tag == "tag:yaml.org,2002:map")
        return;
    problems_.error(mark, "", fmt::format("tags are not supported, found {}", in_quotes(tag)));
}

void YamlBuilder::close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    finish(std::move(closed.node), closed.anchor);
}

/// A node is complete: it becomes the root, a list's item, a key or a value.
void YamlBuilder::finish(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    ++nodes_;
    bytes_ += node.text.size();
    if (nodes_ > limits_.nodes) stop(node.mark, fmt::format("more than {} values", limits_.nodes));
    if (open_.empty()) {
        root_ = std::move(node);
        return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == NodeKind::list) {
        parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
        add_key(parent, node);
    } else {
        if (!parent.drop_value)
            parent.node.entries.push_back({std::move(parent.key), parent.key_mark, std::move(node)});
        parent.has_key = parent.drop_value = false;
    }
}

void YamlBuilder::add_key(Open& map, const Node& key) {
    map.has_key = true;
    map.drop_value = true;
    map.key_mark = key.mark;
    if (key.kind != NodeKind::scalar || scalar_type(key) != ScalarType::text) {
        map.node.incomplete = true;
        problems_.error(key.mark, "", fmt::format("a key must be text, found {}", describe(key)));
        return;
    }
    if (key.plain && key.text == "<<") {
        map.node.incomplete = true;
        problems_.error(key.mark, "", "merge keys (<<) are not supported; use 'extends', or write the keys out");
        return;
    }
    const auto [first, is_new] = map.lines.emplace(key.text, key.mark.line);
    if (!is_new) {
        problems_.error(
            key.mark, "",
            fmt::format("duplicate key {}; it stands on line {} already", in_quotes(key.text), first->second));
        return;
    }
    map.drop_value = false;
    map.key = key.text;
}

/// Counts what an alias expands to, before it is copied.
void YamlBuilder::count(const Node& node, std::size_t depth, const Mark& alias) {
    ++nodes_;
    bytes_ += node.text.size();
    if (nodes_ > limits_.nodes || bytes_ > limits_.expanded_bytes)
        stop(alias, "aliases expand to more than a workflow can need");
    if (depth > static_cast<std::size_t>(limits_.depth))
        stop(alias, fmt::format("nested more than {} levels deep", limits_.depth));
    for (const Node& item : node.items)
        count(item, depth + 1, alias);
    for (const Node::Entry& entry : node.entries) {
        bytes_ += entry.key.size();
        count(entry.value, depth + 1, alias);
    }
}

}  // namespace enough
