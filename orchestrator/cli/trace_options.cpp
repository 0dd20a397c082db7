#include "trace_options.hpp"

#include <stdexcept>

namespace enough::cli {

void TraceArguments::add_to(CLI::App& verb) {
    verb.add_option("--otlp", otlp, "Send traces to this OpenTelemetry collector (http://localhost:4318); also OTEL_…")
        ->type_name("URL");
    verb.add_flag("--trace-content", content, "Send prompts and answers with the traces, too");
}

std::optional<TraceSettings> TraceArguments::settings() const {
    auto settings = trace_settings(process_environment(), otlp);
    if (settings) settings->content = content;
    if (!settings && content)
        throw std::invalid_argument(
            "--trace-content: there are no traces (--otlp URL, or OTEL_EXPORTER_OTLP_ENDPOINT)");
    return settings;
}

}  // namespace enough::cli
