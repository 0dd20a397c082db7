#include <enough/orchestrator/labelled_data.hpp>

#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <map>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

constexpr std::size_t longest_line = 16 << 20;
constexpr std::size_t most_faults = 20;
constexpr int deepest = 100;  // what prints and compares JSON values does it recursively

class Reader {
public:
    Reader(std::string name, const Workflow& workflow, Labels labels, const std::optional<Grader>& grader)
        : name_(std::move(name)), workflow_(workflow), labels_(labels), grader_(grader) {}

    void read_line(const std::string& line, int number) {
        bool too_deep = false;
        const auto shallow = [&](int depth, json::parse_event_t, json&) {
            too_deep = too_deep || depth > deepest;
            return !too_deep;
        };
        const json document = json::parse(line, shallow, false);
        if (too_deep) return fault(number, fmt::format("values are nested more than {} deep", deepest));
        if (document.is_discarded()) return fault(number, "this is no JSON");
        if (!document.is_object()) return fault(number, "expected an object: {\"id\": …, \"inputs\": {…}, …}");
        DataItem item{document.value("id", json()), document.value("inputs", json()),
                      document.value("expected", json()), number};
        for (const auto& [key, value] : document.items())
            if (key != "id" && key != "inputs" && key != "expected" && !key.starts_with("x-"))
                fault(number, fmt::format("unknown key '{}'; a line has id, inputs and expected (x-… is free)", key));
        check_id(item);
        check_inputs_of(item);
        check_label(item);
        items_.push_back(std::move(item));
    }

    std::vector<DataItem> result() && {
        if (count_ == 0 && items_.empty()) throw std::invalid_argument(fmt::format("{}: there are no items", name_));
        if (count_ == 0) return std::move(items_);
        std::string text = fmt::format("{}", fmt::join(faults_, "\n"));
        if (count_ > faults_.size()) text += fmt::format("\n… and {} more", count_ - faults_.size());
        throw std::invalid_argument(text);
    }

    void fault(int line, std::string_view what) {
        if (++count_ <= most_faults) faults_.push_back(fmt::format("{}:{}: {}", name_, line, what));
    }

private:
    void check_id(const DataItem& item) {
        if (!item.id.is_string() && !item.id.is_number()) return fault(item.line, "'id' must be a text or a number");
        const auto [earlier, is_new] = ids_.emplace(item.id, item.line);
        if (!is_new) fault(item.line, fmt::format("id {} stands on line {} already", item.id.dump(), earlier->second));
    }

    void check_inputs_of(DataItem& item) {
        if (!item.inputs.is_object()) return fault(item.line, "'inputs' must be an object");
        std::vector<std::string> faults;
        item.inputs = check_inputs(workflow_, item.inputs, faults);
        for (const std::string& each : faults)
            fault(item.line, each);
    }

    void check_label(const DataItem& item) {
        if (labels_ == Labels::required && item.expected.is_null()) return fault(item.line, "'expected' is missing");
        if (item.expected.is_null() || !grader_) return;
        if (const auto unfit = grader_->fault(item.expected)) fault(item.line, *unfit);
    }

    std::string name_;
    const Workflow& workflow_;
    Labels labels_;
    const std::optional<Grader>& grader_;
    std::vector<DataItem> items_;
    std::map<json, int> ids_;
    std::vector<std::string> faults_;
    std::size_t count_ = 0;
};

}  // namespace

std::vector<DataItem> read_data(std::istream& in, const std::string& name, const Workflow& workflow, Labels labels,
                                const std::optional<Grader>& grader) {
    Reader reader(name, workflow, labels, grader);
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (line.size() > longest_line)
            reader.fault(number, "the line is longer than 16 MiB");
        else if (line.find_first_not_of(" \t\r") != std::string::npos)
            reader.read_line(line, number);
    }
    return std::move(reader).result();
}

std::vector<DataItem> read_data(const std::filesystem::path& file, const Workflow& workflow, Labels labels,
                                const std::optional<Grader>& grader) {
    std::ifstream in(file, std::ios::binary);
    if (!in || std::filesystem::is_directory(file))
        throw std::invalid_argument(fmt::format("cannot read {}", file.string()));
    return read_data(in, file.string(), workflow, labels, grader);
}

}  // namespace enough
