#pragma once

#include <enough/orchestrator/doctor.hpp>

#include <map>
#include <string>

namespace enough::cli {

/// Prints diagnoses by model for people, on standard output: a table, then what was found and what to do about it.
void print_diagnoses(const std::map<std::string, Diagnosis>& diagnoses);

}  // namespace enough::cli
