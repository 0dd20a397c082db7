#include "log_options.hpp"

#include <map>
#include <string>

namespace enough::cli {

void add_log_options(CLI::App& verb, LogSettings& settings) {
    const std::map<std::string, LogFormat> formats{
        {"off", LogFormat::off}, {"text", LogFormat::text}, {"json", LogFormat::json}};
    const std::map<std::string, LogLevel> levels{{"debug", LogLevel::debug},
                                                 {"info", LogLevel::info},
                                                 {"warning", LogLevel::warning},
                                                 {"error", LogLevel::error}};
    verb.add_option("--log", settings.format, "A line for each request and run on standard error (default: off)")
        ->transform(CLI::CheckedTransformer(formats).description(""))
        ->type_name("json|text|off");
    verb.add_option("--log-level", settings.level, "Least level of a line (default: info; debug: health checks, too)")
        ->transform(CLI::CheckedTransformer(levels).description(""))
        ->type_name("debug|info|warning|error");
}

}  // namespace enough::cli
