#pragma once

#include <enough/orchestrator/labelled_data.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// Longer lines of data files are refused.
inline constexpr std::size_t longest_data_line = 16 << 20;

/// Is there nothing on the line?
bool is_blank(std::string_view line);

/// Reads one line of a data file by itself: JSON, nested 100 deep at most, known keys, an `id` that is a text or a
/// number, inputs that fit the workflow. What is wrong goes into `faults`; whatever could be read comes back all the
/// same (absent: not even an object).
std::optional<DataItem> read_data_line(const std::string& line, int number, const Workflow& workflow,
                                       std::vector<std::string>& faults);

}  // namespace enough
