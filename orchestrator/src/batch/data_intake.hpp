#pragma once

#include "batch/batch_state.hpp"

#include <enough/workflows/workflow.hpp>

#include <istream>
#include <string>

namespace enough {

/// Reads data to its end into `state`, line by line; lines that can't be run are set aside there. Returns the hash of
/// all lines. To be called within a transaction. Throws `std::runtime_error` if the data can't be read to its end.
std::string take_in(std::istream& data, const Workflow& workflow, BatchState& state);

/// The same hash, without taking anything in.
std::string hash_of_data(std::istream& data);

}  // namespace enough
