#pragma once

#include <string>
#include <string_view>

namespace enough::cli {

enum class Colour { none, dim, red, green, yellow, blue };

/// Standard error, as people see it: colours and rewritten lines only where there is a terminal to show them, and no
/// colours if NO_COLOR is set.
class Terminal {
public:
    Terminal();

    bool live() const { return live_; }
    std::string paint(Colour colour, std::string_view text) const;

    /// Ends what `rewrite` left and prints a line.
    void line(const std::string& text);

    /// Shows a line that the next one replaces; nothing where there is no terminal.
    void rewrite(const std::string& text);

private:
    void clear();

    bool live_;
    bool colours_;
    bool dirty_ = false;
};

/// `error: message` on standard error.
void print_error(std::string_view message);

}  // namespace enough::cli
