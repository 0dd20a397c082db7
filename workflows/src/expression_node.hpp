#pragma once

#include <enough/workflows/expression.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace enough {

using NodePointer = std::unique_ptr<const Expression::Node>;

/// A path, prepared so that looking it up allocates nothing.
class Reference {
public:
    void add_name(std::string_view name);    ///< `.name`: may be a part of a key that has dots itself
    void add_key(std::string_view key);      ///< `["key"]`: exactly this key
    void add_index(std::string_view index);  ///< `[2]` or `[-1]`: decimal digits with an optional minus

    const Path& path() const { return path_; }
    bool is_bare_name() const { return segments_.size() == 1; }

    /// Null when there is no such value. Of the keys of an object that fit, the longest is taken: in
    /// `signals.entropy.mean` the key `entropy.mean` wins over `entropy`.
    const nlohmann::json* find(const nlohmann::json& root) const;

private:
    struct Segment {
        std::size_t begin, end;  // in joined_
        bool joins_next = false;
        std::optional<long long> index;
    };
    void add(std::string_view name, bool dotted);
    const nlohmann::json* element(const nlohmann::json& list, const Segment& segment) const;
    const nlohmann::json* member(const nlohmann::json& object, std::size_t& at) const;

    Path path_;
    std::string joined_;
    std::vector<Segment> segments_;
    bool last_dotted_ = false;
};

enum class Comparison { equal, unequal, less, less_equal, greater, greater_equal, in, not_in };

struct Expression::Node {
    struct Literal {
        nlohmann::json value;
    };
    struct List {
        std::vector<NodePointer> items;
    };
    struct Not {
        NodePointer operand;
    };
    /// `a or b or c`: the first operand that decides, else the last.
    struct Chain {
        bool decided_by;  // true: or, false: and
        std::vector<NodePointer> operands;
    };
    struct Compare {
        Comparison comparison;
        NodePointer left, right;
    };
    struct Coalesce {
        std::vector<NodePointer> values;
    };
    struct Length {
        NodePointer value;
    };

    std::variant<Literal, Reference, List, Not, Chain, Compare, Coalesce, Length> body;
};

template <class Body>
NodePointer make_node(Body body) {
    return std::make_unique<const Expression::Node>(Expression::Node{std::move(body)});
}

}  // namespace enough
