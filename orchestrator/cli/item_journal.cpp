#include "item_journal.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace enough::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

}  // namespace

ItemJournal::ItemJournal(std::filesystem::path file, const std::string& identity, bool resume)
    : file_(std::move(file)) {
    if (std::filesystem::exists(file_)) read(identity, resume);
    // Written anew, since a torn last line must not stand before what comes; beside it, since nothing may be lost.
    const std::filesystem::path beside = file_.string() + ".part";
    out_.open(beside, std::ios::binary | std::ios::trunc);
    write_line({{"journal", 1}, {"of", identity}});
    for (const json& item : done_)
        add(ordered_json(item));
    std::error_code fault;
    if (out_) std::filesystem::rename(beside, file_, fault);
    if (!out_ || fault) throw std::invalid_argument(fmt::format("cannot write {}", file_.string()));
}

void ItemJournal::read(const std::string& identity, bool resume) {
    std::ifstream in(file_, std::ios::binary);
    std::string line;
    std::getline(in, line);
    const json head = json::parse(line, nullptr, false);
    if (!head.is_object() || !head.contains("journal") || head.at("journal") != 1)
        throw std::invalid_argument(fmt::format("{} is no journal of this program", file_.string()));
    const bool empty = in.peek() == std::ifstream::traits_type::eof();
    if (empty) return;
    if (!resume)
        throw std::invalid_argument(
            fmt::format("{} is there from an earlier try; go on with --resume, or remove it", file_.string()));
    if (!head.contains("of") || head.at("of") != identity)
        throw std::invalid_argument(
            fmt::format("{} belongs to another workflow, agent or data; remove it to begin anew", file_.string()));
    for (int number = 2; std::getline(in, line); ++number) {
        json item = json::parse(line, nullptr, false);
        const bool torn = item.is_discarded() && in.peek() == std::ifstream::traits_type::eof();
        if (torn) return;
        if (item.is_discarded()) throw std::invalid_argument(fmt::format("{}:{}: no JSON", file_.string(), number));
        done_.push_back(std::move(item));
    }
}

ItemJournal::~ItemJournal() {
    if (items_ == 0) remove();
}

void ItemJournal::add(const ordered_json& item) {
    write_line(item);
    ++items_;
}

void ItemJournal::write_line(const ordered_json& line) {
    out_ << line.dump(-1, ' ', false, json::error_handler_t::replace) << "\n" << std::flush;
}

void ItemJournal::remove() {
    out_.close();
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
}

}  // namespace enough::cli
