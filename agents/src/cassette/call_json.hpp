#pragma once

#include <enough/agents/cassette.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace enough {

/// The version of the format that is written, and the only one that is read.
inline constexpr int cassette_version = 1;

/// A cassette's first line, without its newline.
std::string header_line(const std::string& created);

/// When the cassette was recorded; empty if it does not say. Throws `std::invalid_argument` unless it is the header of
/// a cassette of this version.
std::string read_header(const nlohmann::json& line);

/// A call's line, without its newline.
std::string call_line(const RecordedCall& call);

/// What was asked, alone: equal for equal requests.
std::string request_line(const RecordedCall& call);

/// The call of a line. Throws `std::invalid_argument`, saying what is wrong with which field.
RecordedCall call_from_json(const nlohmann::json& line);

}  // namespace enough
