#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace enough::cli {

/// What a long piece of work has finished so far: one JSON line an item, flushed, so that `--resume` can go on after a
/// crash. The first line says what work it is; another work's journal is refused.
class ItemJournal {
public:
    /// Begins a new journal, or goes on with the one that is there if `resume`; a torn last line is dropped. Throws
    /// `std::invalid_argument` if there is one with items and `resume` was not said, if it is another work's, no
    /// journal, or can't be written.
    ItemJournal(std::filesystem::path file, const std::string& identity, bool resume);

    /// A journal of nothing stands in nobody's way: it goes.
    ~ItemJournal();
    ItemJournal(const ItemJournal&) = delete;
    ItemJournal& operator=(const ItemJournal&) = delete;

    /// The items that were there when it was opened.
    const std::vector<nlohmann::json>& done() const { return done_; }

    void add(const nlohmann::ordered_json& item);

    /// The work is done: the file goes.
    void remove();

private:
    void write_line(const nlohmann::ordered_json& line);
    void read(const std::string& identity, bool resume);

    std::filesystem::path file_;
    std::vector<nlohmann::json> done_;
    std::ofstream out_;
    std::size_t items_ = 0;
};

}  // namespace enough::cli
