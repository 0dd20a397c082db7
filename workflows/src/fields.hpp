#pragma once

#include "problems.hpp"
#include "yaml_tree.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {

/// A node together with the way to it, and the place where faults are reported. Borrows the node and the problems.
class Value {
public:
    Value(const Node& node, std::string path, Problems& problems)
        : node_(&node), path_(std::move(path)), problems_(&problems) {}

    const Node& node() const { return *node_; }
    const std::string& path() const { return path_; }
    const Mark& mark() const { return node_->mark; }
    bool is_map() const { return node_->kind == NodeKind::map; }
    bool is_list() const { return node_->kind == NodeKind::list; }
    bool is_scalar() const { return node_->kind == NodeKind::scalar; }

    Problems& problems() const { return *problems_; }

    Value at(const Node::Entry& entry) const;
    Value at(std::size_t index) const;
    Value at(std::string_view key) const;  ///< the key must be there

    void error(std::string message) const;
    void warning(std::string message) const;

    /// `expected WHAT, found …`; silent where a problem was reported already. Returns nothing, for readers to return.
    std::nullopt_t expected(std::string_view what) const;

private:
    const Node* node_;
    std::string path_;
    Problems* problems_;
};

/// Reads the keys of a map, one call a key, and reports the keys that nobody asked for.
///
/// A type is a callable `std::optional<T>(const Value&)` that reports what it does not like.
class Fields {
public:
    /// A value that is no map is reported; then all fields are absent and nothing more is said.
    explicit Fields(Value map);

    /// Sets `target` if the key is there and well; the result says whether it did.
    template <class Type, class Target>
    bool optional(std::string_view key, const Type& type, Target& target) {
        const std::optional<Value> value = take(key);
        if (!value) return false;
        auto read = type(*value);
        if (!read) return false;
        target = *std::move(read);
        return true;
    }

    /// The same for a key that must be there.
    template <class Type, class Target>
    bool required(std::string_view key, const Type& type, Target& target) {
        require(key);
        return optional(key, type, target);
    }

    /// The key's value, to be read by hand. The key counts as known from now on.
    std::optional<Value> take(std::string_view key);

    void require(std::string_view key);
    bool has(std::string_view key) const;

    /// What to say of a key that is not known here.
    void hint(std::string_view key, std::string message);

    /// Reports every key that was not asked for. To be called last.
    void finish() const;

    /// `finish`, and then `result` unless something was wrong with the map or anything in it.
    template <class Result>
    std::optional<Result> finished(Result result) const {
        finish();
        return usable() && map_.problems().errors() == errors_before_ ? std::optional(std::move(result)) : std::nullopt;
    }

    const Value& value() const { return map_; }
    bool usable() const { return map_.is_map(); }

private:
    Value map_;
    std::size_t errors_before_;
    std::vector<std::string> known_;
    std::map<std::string, std::string, std::less<>> hints_;
};

/// Calls `read(name, value)` for each entry of a map of names, `x-…` and names that can't be used left out.
template <class Read>
void each_name(const Value& map, const Read& read);

/// Is the entry's key usable as the name of a model, agent or gate? What is meant is reported.
bool check_name(const Value& map, const Node::Entry& entry);

template <class Read>
void each_name(const Value& map, const Read& read) {
    if (!map.is_map()) {
        map.expected("a map of names");
        return;
    }
    for (const Node::Entry& entry : map.node().entries) {
        if (is_extension(entry.key)) continue;
        if (check_name(map, entry) && !entry.value.broken) read(entry.key, map.at(entry));
    }
}

}  // namespace enough
