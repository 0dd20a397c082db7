#include "batch/data_intake.hpp"

#include "evaluation/data_line.hpp"

#include <enough/hash/sha256.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <vector>

namespace enough {
namespace {

constexpr std::size_t piece = 64 << 10;
/// What is kept of a line that is too long.
constexpr std::size_t longest_kept = 64 << 10;

/// Lines without their ends. Of one that is too long no more is held than is needed to say so.
class Lines {
public:
    explicit Lines(std::istream& data) : data_(data), part_(piece, '\0') {}

    /// False at the end of the data. Throws `std::runtime_error` if it can't be read to its end.
    bool next() {
        line_.clear();
        bytes_ = 0;
        for (bool any = false;; any = true) {
            data_.getline(part_.data(), static_cast<std::streamsize>(part_.size()));
            if (data_.bad()) throw std::runtime_error("the data can't be read to its end");
            const auto count = static_cast<std::size_t>(data_.gcount());
            const bool unfinished = data_.fail() && !data_.eof() && count > 0;
            const std::size_t length = !unfinished && !data_.eof() && count > 0 ? count - 1 : count;
            bytes_ += length;
            if (line_.size() <= longest_data_line) line_.append(part_, 0, length);
            if (!unfinished) return any || count > 0;
            data_.clear(data_.rdstate() & ~std::ios::failbit);
        }
    }

    const std::string& line() const { return line_; }
    std::uint64_t bytes() const { return bytes_; }  ///< of the whole line

private:
    std::istream& data_;
    std::string part_;
    std::string line_;
    std::uint64_t bytes_ = 0;
};

/// Calls `visit` for each line that is not blank; returns a hash of them all.
std::string each_line(std::istream& data, const std::function<void(const Lines& lines, int number)>& visit) {
    std::string hash;
    Lines lines(data);
    for (int number = 1; lines.next(); ++number) {
        hash = sha256(hash + lines.line());
        if (!is_blank(lines.line())) visit(lines, number);
    }
    return hash;
}

/// The line, or its beginning up to the end of a character.
std::string kept_of(const std::string& line) {
    if (line.size() <= longest_data_line) return line;
    std::size_t length = longest_kept;
    for (int back = 0; back < 3 && (static_cast<unsigned char>(line[length]) & 0xc0) == 0x80; ++back)
        --length;
    return line.substr(0, length);
}

}  // namespace

std::string take_in(std::istream& data, const Workflow& workflow, BatchState& state) {
    return each_line(data, [&](const Lines& lines, int number) {
        const std::string& line = lines.line();
        std::vector<std::string> faults;
        const std::optional<DataItem> item = read_data_line(line, number, workflow, faults);
        if (item && faults.empty()) {
            const BatchState::Added added = state.add(*item);
            if (added.added) return;
            faults.push_back(fmt::format("id {} stands on line {} already", item->id.dump(), added.line));
        }
        const std::string kept = kept_of(line);
        if (kept.size() < line.size())
            faults.push_back(fmt::format("of its {} bytes only the first {} are kept", lines.bytes(), kept.size()));
        state.set_aside(number, fmt::format("{}", fmt::join(faults, "; ")), kept);
    });
}

std::string hash_of_data(std::istream& data) {
    return each_line(data, [](const Lines&, int) {});
}

}  // namespace enough
