#pragma once

#include "trials.hpp"

#include <string>
#include <vector>

namespace enough::simulation {

/// A table for people, with a line on the promises that were not kept.
std::string text_of(const std::vector<Row>& rows);
/// All figures, one line a row.
std::string csv_of(const std::vector<Row>& rows);
std::string json_of(const std::vector<Row>& rows, const Plan& plan);

}  // namespace enough::simulation
