#include "serve/web_page.hpp"

#include <array>

// In the place of the page where it is not built.
namespace enough {
namespace {

constexpr std::string_view words = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>enough</title>
<h1>enough</h1>
<p>This server was built without its web page. To get it, install npm (<code>cmake/setup/packages.sh</code>), configure
with <code>-DENOUGH_WEB=ON</code> and build again.</p>
<p>Everything else is there: <a href="v1/models">models</a>, <a href="v1/workflows">workflows</a>,
<a href="v1/runs">runs</a>.</p>
</html>
)html";

constexpr std::array files{PageFile{"/", "text/html; charset=utf-8", "\"absent-1\"", words, {}}};

}  // namespace

std::span<const PageFile> page_files() {
    return files;
}

}  // namespace enough
