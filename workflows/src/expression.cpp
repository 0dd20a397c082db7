#include <enough/workflows/expression.hpp>

#include "expression_node.hpp"
#include "expression_parser.hpp"
#include "number_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;
using Node = Expression::Node;

// A value that lies in the context or in the expression, or one that was just made.
class Value {
public:
    explicit Value(const json* borrowed) : borrowed_(borrowed) {}
    explicit Value(json&& made) : made_(std::move(made)) {}

    const json& operator*() const { return borrowed_ ? *borrowed_ : made_; }
    const json* operator->() const { return &**this; }
    json take() && { return borrowed_ ? *borrowed_ : std::move(made_); }

private:
    const json* borrowed_ = nullptr;
    json made_;
};

std::optional<long double> as_number(const json& value) {
    if (value.is_number_unsigned()) return static_cast<long double>(value.get<std::uint64_t>());
    if (value.is_number_integer()) return static_cast<long double>(value.get<std::int64_t>());
    if (value.is_number_float()) return static_cast<long double>(value.get<double>());
    if (value.is_string()) return read_number(value.get_ref<const std::string&>());
    return std::nullopt;
}

bool equal(const json& left, const json& right) {
    if (left.is_string() && right.is_string() && left == right) return true;
    if (const auto l = as_number(left)) {
        if (const auto r = as_number(right)) return *l == *r;
    }
    return left == right;
}

template <class T>
bool ordered(Comparison comparison, const T& left, const T& right) {
    switch (comparison) {
        case Comparison::less:
            return left < right;
        case Comparison::less_equal:
            return left <= right;
        case Comparison::greater:
            return left > right;
        case Comparison::greater_equal:
            return left >= right;
        case Comparison::equal:
        case Comparison::unequal:
        case Comparison::in:
        case Comparison::not_in:
            break;
    }
    return false;
}

// Numbers by size, other strings by their bytes, nothing else.
bool order(Comparison comparison, const json& left, const json& right) {
    if (const auto l = as_number(left)) {
        if (const auto r = as_number(right)) return ordered(comparison, *l, *r);
    }
    if (!left.is_string() || !right.is_string()) return false;
    return ordered(comparison, left.get_ref<const std::string&>(), right.get_ref<const std::string&>());
}

bool contains(const json& whole, const json& part) {
    if (whole.is_array())
        return std::any_of(whole.begin(), whole.end(), [&part](const json& item) { return equal(item, part); });
    if (!part.is_string()) return false;
    const std::string& text = part.get_ref<const std::string&>();
    if (whole.is_object()) return whole.contains(text);
    return whole.is_string() && whole.get_ref<const std::string&>().find(text) != std::string::npos;
}

bool compare(Comparison comparison, const json& left, const json& right) {
    switch (comparison) {
        case Comparison::equal:
            return equal(left, right);
        case Comparison::unequal:
            return !equal(left, right);
        case Comparison::less:
        case Comparison::less_equal:
        case Comparison::greater:
        case Comparison::greater_equal:
            return order(comparison, left, right);
        case Comparison::in:
            return contains(right, left);
        case Comparison::not_in:
            return !contains(right, left);
    }
    return false;
}

json length(const json& value) {
    if (value.is_null()) return json(0);
    if (value.is_array() || value.is_object()) return json(value.size());
    if (!value.is_string()) return {};
    const auto begins_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
    const std::string& text = value.get_ref<const std::string&>();
    return json(static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character)));
}

void add_once(std::vector<Path>& paths, const Path& path) {
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
}

class Evaluation {
public:
    Evaluation(const json& context, std::vector<Path>* read) : context_(context), read_(read) {}

    Value of(const Node& node) const {
        return std::visit([this](const auto& body) { return of(body); }, node.body);
    }

private:
    Value of(const Node::Literal& literal) const { return Value(&literal.value); }

    Value of(const Reference& reference) const {
        if (read_) add_once(*read_, reference.path());
        const json* found = reference.find(context_);
        return found ? Value(found) : Value(json());
    }

    Value of(const Node::List& list) const {
        json items = json::array();
        for (const NodePointer& item : list.items)
            items.push_back(of(*item).take());
        return Value(std::move(items));
    }

    Value of(const Node::Not& negation) const { return Value(json(!truthy(*of(*negation.operand)))); }

    Value of(const Node::Chain& chain) const {
        const std::size_t last = chain.operands.size() - 1;
        for (std::size_t i = 0; i < last; ++i) {
            Value value = of(*chain.operands[i]);
            if (truthy(*value) == chain.decided_by) return value;
        }
        return of(*chain.operands[last]);
    }

    Value of(const Node::Compare& comparison) const {
        const Value left = of(*comparison.left);
        const Value right = of(*comparison.right);
        return Value(json(compare(comparison.comparison, *left, *right)));
    }

    Value of(const Node::Coalesce& coalesce) const {
        for (const NodePointer& node : coalesce.values) {
            Value value = of(*node);
            if (!value->is_null()) return value;
        }
        return Value(json());
    }

    Value of(const Node::Length& node) const { return Value(length(*of(*node.value))); }

    const json& context_;
    std::vector<Path>* read_;
};

class PathCollector {
public:
    void visit(const Node& node) {
        std::visit([this](const auto& body) { visit(body); }, node.body);
    }
    std::vector<Path> paths;

private:
    void visit(const Node::Literal&) {}
    void visit(const Reference& reference) { add_once(paths, reference.path()); }
    void visit(const Node::List& list) { visit(list.items); }
    void visit(const Node::Not& negation) { visit(*negation.operand); }
    void visit(const Node::Chain& chain) { visit(chain.operands); }
    void visit(const Node::Coalesce& coalesce) { visit(coalesce.values); }
    void visit(const Node::Length& node) { visit(*node.value); }
    void visit(const Node::Compare& comparison) {
        visit(*comparison.left);
        visit(*comparison.right);
    }
    void visit(const std::vector<NodePointer>& nodes) {
        for (const NodePointer& node : nodes)
            visit(*node);
    }
};

}  // namespace

Expression::Expression(std::shared_ptr<const Node> root, std::string text)
    : root_(std::move(root)), text_(std::make_shared<const std::string>(std::move(text))) {}

Expression Expression::parse(std::string_view text) {
    return Expression(std::shared_ptr<const Node>(parse_expression(text)), std::string(text));
}

Expression Expression::constant(json value) {
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return Expression(std::shared_ptr<const Node>(make_node(Node::Literal{std::move(value)})), std::move(text));
}

json Expression::evaluate(const json& context) const {
    return Evaluation(context, nullptr).of(*root_).take();
}

json Expression::evaluate(const json& context, std::vector<Path>& read) const {
    return Evaluation(context, &read).of(*root_).take();
}

std::vector<Path> Expression::paths() const {
    PathCollector collector;
    collector.visit(*root_);
    return std::move(collector.paths);
}

const std::string& Expression::text() const {
    return *text_;
}

bool truthy(const json& value) {
    switch (value.type()) {
        case json::value_t::null:
        case json::value_t::discarded:
            return false;
        case json::value_t::boolean:
            return value.get<bool>();
        case json::value_t::number_integer:
        case json::value_t::number_unsigned:
        case json::value_t::number_float:
            return value.get<double>() != 0;
        case json::value_t::string:
            return !value.get_ref<const std::string&>().empty();
        case json::value_t::array:
        case json::value_t::object:
        case json::value_t::binary:
            return !value.empty();
    }
    return false;
}

}  // namespace enough
