#include "inputs.hpp"

#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace enough::cli {
namespace {

constexpr std::size_t max_file = 16 * 1024 * 1024;

std::string content_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::invalid_argument(fmt::format("cannot read {}", file));
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.size() > max_file) throw std::invalid_argument(fmt::format("{} is larger than 16 MiB", file));
    return text;
}

const Input* input_named(const Workflow& workflow, const std::string& name) {
    for (const auto& [known, input] : workflow.inputs)
        if (known == name) return &input;
    return nullptr;
}

/// The value by the input's type; text that can't be read so stays text, which the check of all inputs then refuses.
nlohmann::json typed(const Input* input, const std::string& value) {
    if (!input) return value;
    try {
        return parse_input(input->type, value);
    } catch (const std::invalid_argument&) {
        return value;
    }
}

void add(const Workflow& workflow, const std::string& argument, nlohmann::json& given) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0)
        throw std::invalid_argument(fmt::format("-i {}: expected NAME=VALUE", argument));
    const std::string name = argument.substr(0, equals);
    if (given.contains(name)) throw std::invalid_argument(fmt::format("input '{}' was given twice", name));
    std::string value = argument.substr(equals + 1);
    if (value.starts_with('@')) value = content_of(value.substr(1));
    given[name] = typed(input_named(workflow, name), value);
}

}  // namespace

nlohmann::json read_inputs(const Workflow& workflow, const std::vector<std::string>& arguments) {
    nlohmann::json given = nlohmann::json::object();
    std::vector<std::string> faults;
    for (const std::string& argument : arguments) {
        try {
            add(workflow, argument, given);
        } catch (const std::invalid_argument& fault) {
            faults.emplace_back(fault.what());
        }
    }
    given = check_inputs(workflow, given, faults);
    if (!faults.empty()) throw std::invalid_argument(fmt::format("{}", fmt::join(faults, "\n")));
    return given;
}

}  // namespace enough::cli
