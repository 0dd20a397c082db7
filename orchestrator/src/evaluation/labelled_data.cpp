#include <enough/orchestrator/labelled_data.hpp>

#include "evaluation/data_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <map>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

constexpr std::size_t most_faults = 20;

class Reader {
public:
    Reader(std::string name, const Workflow& workflow, Labels labels, const std::optional<Grader>& grader)
        : name_(std::move(name)), workflow_(workflow), labels_(labels), grader_(grader) {}

    void read_line(const std::string& line, int number) {
        std::vector<std::string> faults;
        std::optional<DataItem> item = read_data_line(line, number, workflow_, faults);
        if (item) check_new(*item);
        for (const std::string& each : faults)
            fault(number, each);
        if (!item) return;
        check_label(*item);
        items_.push_back(std::move(*item));
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
    void check_new(const DataItem& item) {
        if (!item.id.is_string() && !item.id.is_number()) return;
        const auto [earlier, is_new] = ids_.emplace(item.id, item.line);
        if (!is_new) fault(item.line, fmt::format("id {} stands on line {} already", item.id.dump(), earlier->second));
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
        if (line.size() > longest_data_line || !is_blank(line)) reader.read_line(line, number);
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
