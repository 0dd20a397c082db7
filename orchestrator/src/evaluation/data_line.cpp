#include "evaluation/data_line.hpp"

#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>

#include <utility>

namespace enough {
namespace {

using nlohmann::json;

constexpr int deepest = 100;  // what prints and compares JSON values does it recursively

void check_id(const DataItem& item, std::vector<std::string>& faults) {
    if (!item.id.is_string() && !item.id.is_number()) faults.emplace_back("'id' must be a text or a number");
}

void check_inputs_of(DataItem& item, const Workflow& workflow, std::vector<std::string>& faults) {
    if (item.inputs.is_object())
        item.inputs = check_inputs(workflow, item.inputs, faults);
    else
        faults.emplace_back("'inputs' must be an object");
}

}  // namespace

bool is_blank(std::string_view line) {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

std::optional<DataItem> read_data_line(const std::string& line, int number, const Workflow& workflow,
                                       std::vector<std::string>& faults) {
    if (line.size() > longest_data_line) {
        faults.emplace_back("the line is longer than 16 MiB");
        return std::nullopt;
    }
    // To the parser a zero byte is the end, whatever follows.
    if (line.find('\0') != std::string::npos) {
        faults.emplace_back("there is a zero byte in the line");
        return std::nullopt;
    }
    bool too_deep = false;
    const auto shallow = [&](int depth, json::parse_event_t, json&) {
        too_deep = too_deep || depth > deepest;
        return !too_deep;
    };
    const json document = json::parse(line, shallow, false);
    if (too_deep)
        faults.push_back(fmt::format("values are nested more than {} deep", deepest));
    else if (document.is_discarded())
        faults.emplace_back("this is no JSON");
    else if (!document.is_object())
        faults.emplace_back("expected an object: {\"id\": …, \"inputs\": {…}, …}");
    if (!document.is_object() || too_deep) return std::nullopt;
    DataItem item{document.value("id", json()), document.value("inputs", json()), document.value("expected", json()),
                  number};
    for (const auto& [key, value] : document.items())
        if (key != "id" && key != "inputs" && key != "expected" && !key.starts_with("x-"))
            faults.push_back(fmt::format("unknown key '{}'; a line has id, inputs and expected (x-… is free)", key));
    check_id(item, faults);
    check_inputs_of(item, workflow, faults);
    return item;
}

}  // namespace enough
