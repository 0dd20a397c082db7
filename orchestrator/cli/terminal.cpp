#include "terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace enough::cli {
namespace {

const char* code(Colour colour) {
    switch (colour) {
        case Colour::none:
            return "";
        case Colour::dim:
            return "\033[2m";
        case Colour::red:
            return "\033[31m";
        case Colour::green:
            return "\033[32m";
        case Colour::yellow:
            return "\033[33m";
        case Colour::blue:
            return "\033[34m";
    }
    return "";
}

bool on_terminal() {
    const char* kind = std::getenv("TERM");
    return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

std::size_t width() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

}  // namespace

Terminal::Terminal() : live_(on_terminal()) {
    const char* no_colour = std::getenv("NO_COLOR");
    colours_ = live_ && (no_colour == nullptr || *no_colour == '\0');
}

std::string Terminal::paint(Colour colour, std::string_view text) const {
    if (!colours_ || colour == Colour::none) return std::string(text);
    return fmt::format("{}{}\033[0m", code(colour), text);
}

void Terminal::line(const std::string& text) {
    clear();
    fmt::print(stderr, "{}\n", text);
}

void Terminal::rewrite(const std::string& text) {
    if (!live_) return;
    clear();
    fmt::print(stderr, "{}", std::string_view(text).substr(0, width() - 1));
    std::fflush(stderr);
    dirty_ = true;
}

void Terminal::clear() {
    if (!dirty_) return;
    fmt::print(stderr, "\r\033[K");
    dirty_ = false;
}

void print_error(std::string_view message) {
    Terminal terminal;
    terminal.line(fmt::format("{} {}", terminal.paint(Colour::red, "error:"), message));
}

}  // namespace enough::cli
