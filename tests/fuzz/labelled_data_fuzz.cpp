// Any bytes are read as a file of items: either there are some, each with an id of its own, complete inputs and a label
// that its grader can use, or `std::invalid_argument` says which lines are wrong.
#include <enough/orchestrator/labelled_data.hpp>
#include <enough/workflows/load.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace enough;

std::shared_ptr<const Workflow> with_inputs() {
    static const auto workflow = parse_workflow(R"yaml(
version: 1
name: all-types-of-inputs
inputs:
  question: {type: string}
  digits: {type: integer, default: 3}
  exact: {type: boolean, default: false}
  limit: {type: number, default: 0.5}
  words: {type: list, default: []}
models: {m: {provider: scripted, answers: [{text: "42", repeat: true}]}}
agents: {a: {model: m}}
steps: [{id: s, prompt: "{{ inputs.question }}", agent: a}]
)yaml");
    return workflow;
}

std::optional<std::vector<DataItem>> read(const std::string& text, Labels labels, const std::optional<Grader>& grader) {
    std::istringstream in(text);
    try {
        return read_data(in, "items.jsonl", *with_inputs(), labels, grader);
    } catch (const std::invalid_argument& faults) {
        if (std::string_view(faults.what()).empty()) std::abort();
        return std::nullopt;
    }
}

void require_complete(const std::vector<DataItem>& items) {
    std::set<nlohmann::json> ids;
    for (const DataItem& item : items) {
        if (!ids.insert(item.id).second || item.line < 1) std::abort();
        if (!item.inputs.is_object() || !item.inputs.contains("question") || !item.inputs.contains("digits"))
            std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto items = read(text, Labels::optional, std::nullopt);
    if (items) require_complete(*items);
    for (const auto kind :
         {GraderKind::exact, GraderKind::number, GraderKind::choice, GraderKind::regex, GraderKind::json}) {
        const std::optional<Grader> grader = Grader::make(kind);
        const auto labelled = read(text, Labels::required, grader);
        if (labelled && !items) std::abort();
        if (!labelled) continue;
        for (const DataItem& item : *labelled) {
            if (item.expected.is_null() || grader->fault(item.expected)) std::abort();
            (void)(*grader)(item.expected,
                            item.expected.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        }
    }
    return 0;
}
