#pragma once

#include "batch/batch_state.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace enough {

/// An item of a finished batch that is to be measured with its calls spent evenly.
struct EvenItem {
    DataItem data;
    std::int64_t number = 0;
    std::vector<Answer> known;  ///< the first answers of the first agent's chain, as far as they are recorded
    std::optional<std::string> output;
};

/// What was measured of even spending, in a batch's state. For one thread; throws `SqliteError`.
class EvenState {
public:
    explicit EvenState(const std::filesystem::path& state);

    /// Items that have ended, have an `expected` and were not measured, after the number `after`; `most` at most.
    std::vector<EvenItem> waiting(std::int64_t after, std::size_t most);
    void keep(std::int64_t item, const nlohmann::json& measured);

    /// What the batch used for an item beside what was measured of it.
    struct Measured {
        nlohmann::json evenly;
        std::int64_t calls = 0;
        RunTotals batch;
    };
    void each(const std::function<void(const Measured&)>& visit);

private:
    std::vector<Answer> known_answers(std::int64_t item);

    SqliteDatabase database_;
};

}  // namespace enough
