#include "batch/data_intake.hpp"

#include "evaluation/data_line.hpp"

#include <enough/hash/sha256.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <optional>
#include <vector>

namespace enough {
namespace {

constexpr std::size_t piece = 64 << 10;

/// One line without its end, of which no more is held than the longest that may be. False at the end of the data.
bool next_line(std::istream& data, std::string& line) {
    line.clear();
    std::string part(piece, '\0');
    for (bool any = false;; any = true) {
        data.getline(part.data(), static_cast<std::streamsize>(part.size()));
        const auto count = static_cast<std::size_t>(data.gcount());
        const bool unfinished = data.fail() && !data.eof() && count > 0;
        const std::size_t length = !unfinished && !data.eof() && count > 0 ? count - 1 : count;
        if (line.size() <= longest_data_line) line.append(part, 0, length);
        if (!unfinished) return any || count > 0;
        data.clear(data.rdstate() & ~std::ios::failbit);
    }
}

/// Calls `visit` for each line; returns a hash of them all.
std::string each_line(std::istream& data, const std::function<void(const std::string& line, int number)>& visit) {
    std::string hash;
    std::string line;
    for (int number = 1; next_line(data, line); ++number) {
        hash = sha256(hash + line);
        if (!is_blank(line)) visit(line, number);
    }
    return hash;
}

/// What is kept of a line that is too long.
constexpr std::size_t longest_kept = 64 << 10;

}  // namespace

std::string take_in(std::istream& data, const Workflow& workflow, BatchState& state) {
    return each_line(data, [&](const std::string& line, int number) {
        std::vector<std::string> faults;
        const std::optional<DataItem> item = read_data_line(line, number, workflow, faults);
        if (item && faults.empty()) {
            const BatchState::Added added = state.add(*item);
            if (added.added) return;
            faults.push_back(fmt::format("id {} stands on line {} already", item->id.dump(), added.line));
        }
        const bool whole = line.size() <= longest_data_line;
        state.set_aside(number, fmt::format("{}", fmt::join(faults, "; ")),
                        whole ? line : line.substr(0, longest_kept));
    });
}

std::string hash_of_data(std::istream& data) {
    return each_line(data, [](const std::string&, int) {});
}

}  // namespace enough
