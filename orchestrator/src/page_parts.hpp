#pragma once

#include <string_view>

/// The files that the evaluation page is made of, put into the library by the build (page_parts.cpp.in).
namespace enough::page_parts {

extern const std::string_view page;     ///< HTML with {{policy}}, {{style}}, {{report}}, {{library}} and {{script}}
extern const std::string_view style;    ///< CSS
extern const std::string_view library;  ///< Chart.js, minified, with its licence comment
extern const std::string_view script;   ///< the page's own JavaScript

}  // namespace enough::page_parts
