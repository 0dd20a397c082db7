#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace enough {

/// One HTML file that shows an evaluation's report, with style, scripts, chart library and the report itself inside: it
/// works offline and asks for nothing. Texts of the report are shown as text only, whatever they hold; its content
/// security policy lets no other script run. Works for any report, whatever is null or missing in it; text that is not
/// UTF-8 is shown with replacement characters.
std::string evaluation_page(const nlohmann::ordered_json& report);

}  // namespace enough
