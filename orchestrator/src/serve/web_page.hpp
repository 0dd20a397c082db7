#pragma once

#include "serve/http_message.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace enough {

/// A file of the web page, as the build has made it.
struct PageFile {
    std::string_view path;  ///< `/` or `/assets/NAME`
    std::string_view content_type;
    std::string_view etag;  ///< with its quotes
    std::string_view content;
    std::string_view gzipped;  ///< empty where that is no smaller
};

/// Every file of it. Written by the build (cmake/setup/web.sh), or web_page_absent.cpp where the page is not built.
std::span<const PageFile> page_files();

/// The response with a file of the page; absent if there is none at that path.
std::optional<ServerResponse> page_response(const ServerRequest& request);

}  // namespace enough
