// Any bytes are parsed as an expression and as a template: either they are refused with an offset inside them, or they
// evaluate without complaint and to the same value again.
#include <enough/workflows/expression.hpp>
#include <enough/workflows/expression_error.hpp>
#include <enough/workflows/template.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

const nlohmann::json& context() {
    static const nlohmann::json value = nlohmann::json::parse(
        R"({"inputs": {"a": 1, "b": "text"}, "steps": {"s": {"signals": {"entropy.mean": 0.5}, "items": [1, null]}}})");
    return value;
}

void require(bool condition) {
    if (!condition) std::abort();
}

void parse_as_expression(std::string_view text) {
    try {
        const enough::Expression expression = enough::Expression::parse(text);
        std::vector<enough::Path> read;
        require(expression.evaluate(context()) == expression.evaluate(context(), read));
        require(read.size() <= expression.paths().size());
    } catch (const enough::ExpressionError& error) {
        require(error.offset() <= text.size());
    }
}

void parse_as_template(std::string_view text) {
    try {
        const enough::Template parsed = enough::Template::parse(text);
        require(parsed.render(context()) == parsed.render(context()));
    } catch (const enough::ExpressionError& error) {
        require(error.offset() <= text.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    parse_as_expression(text);
    parse_as_template(text);
    return 0;
}
