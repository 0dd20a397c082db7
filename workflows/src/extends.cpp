#include "extends.hpp"

#include "field_types.hpp"
#include "scalar.hpp"
#include "suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace enough {
namespace {

std::vector<std::string> names_of(const Node& section) {
    std::vector<std::string> names;
    for (const Node::Entry& entry : section.entries)
        if (!is_extension(entry.key)) names.push_back(entry.key);
    return names;
}

/// The name after `extends`, if there is one and it is text.
std::optional<std::string> extended_name(const Value& value, bool& failed) {
    const Node* extends = value.is_map() ? value.node().find("extends") : nullptr;
    if (extends == nullptr) return std::nullopt;
    const auto name = type::Text{}(Value(*extends, value.path() + ".extends", value.problems()));
    failed = !name;
    return name;
}

void report_unknown(const Value& value, const Node& section, const std::string& name) {
    const Node& extends = *value.node().find("extends");
    const Value at(extends, value.path() + ".extends", value.problems());
    at.error(fmt::format("nothing named {} to extend{}", shown(extends), did_you_mean(name, names_of(section))));
}

constexpr std::size_t most_levels = 16;
constexpr std::size_t most_inherited = 100'000;

std::size_t count_nodes(const Node& node) {
    std::size_t count = 1;
    for (const Node& item : node.items)
        count += count_nodes(item);
    for (const Node::Entry& entry : node.entries)
        count += count_nodes(entry.value);
    return count;
}

class Extension {
public:
    Extension(Node& section, const std::string& section_name, bool complete, Problems& problems)
        : section_(section), name_(section_name), complete_(complete), problems_(problems) {}

    void resolve(const std::string& key, Node& node) {
        if (done_.contains(&node)) return;
        chain_.push_back(key);
        const Value value(node, name_ + "." + key, problems_);
        bool failed = false;
        if (const auto parent = extended_name(value, failed)) failed = !extend(value, node, *parent);
        node.broken = node.broken || failed;
        chain_.pop_back();
        done_.insert(&node);
    }

private:
    bool extend(const Value& value, Node& node, const std::string& parent) {
        if (const auto first = std::find(chain_.begin(), chain_.end(), parent); first != chain_.end()) {
            std::string way = in_quotes(*first);
            for (auto it = first + 1; it != chain_.end(); ++it)
                way += " extends " + in_quotes(*it);
            const Value at(*node.find("extends"), value.path() + ".extends", problems_);
            at.error(fmt::format("a cycle: {} extends {}", way, in_quotes(parent)));
            return false;
        }
        Node* found = is_extension(parent) ? nullptr : section_.find(parent);
        if (found == nullptr) {
            if (complete_) report_unknown(value, section_, parent);
            return false;
        }
        if (chain_.size() <= most_levels) resolve(parent, *found);
        if (found->broken || found->kind != NodeKind::map) return false;
        inherited_ += count_nodes(*found);
        const std::size_t level = levels_[found] + 1;
        if (chain_.size() > most_levels || level > most_levels || inherited_ > most_inherited) {
            value.error(fmt::format("too much to inherit: 'extends' over {} levels at most", most_levels));
            return false;
        }
        Node inherited = *found;
        // A pin is of the very model that was measured.
        if (name_ == "models")
            std::erase_if(inherited.entries, [](const auto& entry) { return entry.key == "evidence"; });
        node = merged(inherited, node);
        levels_[&node] = level;
        return true;
    }

    Node& section_;
    const std::string& name_;
    bool complete_;
    Problems& problems_;
    std::vector<std::string> chain_;
    std::set<const Node*> done_;
    std::map<const Node*, std::size_t> levels_;  ///< of `extends` above a node that is done
    std::size_t inherited_ = 0;
};

}  // namespace

Node merged(const Node& parent, const Node& child) {
    if (parent.kind != NodeKind::map || child.kind != NodeKind::map) return child;
    Node result = child;
    for (const Node::Entry& inherited : parent.entries) {
        if (inherited.key == "extends" || is_extension(inherited.key)) continue;
        Node* own = result.find(inherited.key);
        if (own == nullptr) {
            result.entries.push_back(inherited);
        } else if (inherited.key != "answer") {
            *own = merged(inherited.value, *own);
        }
    }
    return result;
}

void resolve_extends(Node& section, const std::string& section_name, bool complete, Problems& problems) {
    if (section.kind != NodeKind::map) return;
    Extension extension(section, section_name, complete, problems);
    for (Node::Entry& entry : section.entries)
        if (!is_extension(entry.key)) extension.resolve(entry.key, entry.value);
}

Node resolve_in_place(const Value& value, const Node* section, bool complete) {
    Node node = value.node();
    bool failed = false;
    const auto name = extended_name(value, failed);
    if (name) {
        const Node* parent = section == nullptr || is_extension(*name) ? nullptr : section->find(*name);
        if (parent == nullptr && complete) report_unknown(value, section == nullptr ? Node{} : *section, *name);
        failed = parent == nullptr || parent->broken || parent->kind != NodeKind::map;
        if (!failed) node = merged(*parent, node);
    }
    node.broken = node.broken || failed;
    return node;
}

}  // namespace enough
