#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

namespace enough {

// Enumerators and their names: tables of pairs (value, name).

template <class Table>
auto value_named(const Table& table, std::string_view name) {
    using Value = typename Table::value_type::first_type;
    const auto found = std::ranges::find(table, name, &Table::value_type::second);
    return found == table.end() ? std::optional<Value>() : std::optional<Value>(found->first);
}

template <class Table, class Value>
std::string_view name_of(const Table& table, Value value) {
    const auto found = std::ranges::find(table, value, &Table::value_type::first);
    return found == table.end() ? "unknown" : found->second;
}

}  // namespace enough
