#include <enough/orchestrator/telemetry.hpp>

#include "header_list.hpp"

#include <fmt/format.h>
#include <boost/beast/core/string.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/url_view.hpp>

#include <charconv>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::int64_t longest_time = 600'000;

/// A variable that is set to nothing is not set:
/// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#parsing-empty-value
std::optional<std::string> set(const Environment& environment, std::string_view name) {
    auto value = environment(std::string(name));
    return value && value->empty() ? std::nullopt : value;
}

/// What is set for traces counts before what is set for everything.
std::optional<std::string> for_traces(const Environment& environment, std::string_view rest) {
    if (auto value = set(environment, fmt::format("OTEL_EXPORTER_OTLP_TRACES_{}", rest))) return value;
    return set(environment, fmt::format("OTEL_EXPORTER_OTLP_{}", rest));
}

bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    for (const char c : text)
        if (!std::isalnum(static_cast<unsigned char>(c)) && marks.find(c) == std::string_view::npos) return false;
    return !text.empty();
}

/// `key=value,key=value`, values percent-encoded. Nothing of it is repeated in a fault: it may be secret.
Pairs read_pairs(const std::string& text, const std::string& variable) {
    const auto bad = std::invalid_argument(variable + ": expected name=value pairs with commas between them");
    Pairs pairs;
    for (const std::string_view pair : list_members(text)) {
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos) throw bad;
        const std::string_view key = trimmed(pair.substr(0, equals));
        const auto value = boost::urls::make_pct_string_view(trimmed(pair.substr(equals + 1)));
        if (!is_token(key) || !value) throw bad;
        pairs.emplace_back(std::string(key), value->decode());
        if (pairs.back().second.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) throw bad;
    }
    return pairs;
}

double read_ratio(const std::optional<std::string>& text) {
    if (!text) return 1;
    double ratio = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), ratio);
    if (read.ec != std::errc() || read.ptr != text->data() + text->size() || !(ratio >= 0 && ratio <= 1))
        throw std::invalid_argument("OTEL_TRACES_SAMPLER_ARG: expected a share from 0 to 1");
    return ratio;
}

TraceSampler read_sampler(const Environment& environment) {
    const std::string name = set(environment, "OTEL_TRACES_SAMPLER").value_or("parentbased_always_on");
    constexpr std::string_view parent = "parentbased_";
    TraceSampler sampler;
    sampler.parent_based = name.starts_with(parent);
    const std::string root = sampler.parent_based ? name.substr(parent.size()) : name;
    if (root == "always_on") {
        sampler.ratio = 1;
    } else if (root == "always_off") {
        sampler.ratio = 0;
    } else if (root == "traceidratio") {
        sampler.ratio = read_ratio(set(environment, "OTEL_TRACES_SAMPLER_ARG"));
    } else {
        throw std::invalid_argument(
            "OTEL_TRACES_SAMPLER: expected always_on, always_off or traceidratio, with parentbased_ before it or not");
    }
    return sampler;
}

std::chrono::milliseconds read_time(const std::string& variable, const std::optional<std::string>& text,
                                    std::int64_t usual) {
    if (!text) return std::chrono::milliseconds(usual);
    std::int64_t value = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
    if (read.ec != std::errc() || read.ptr != text->data() + text->size() || value < 1 || value > longest_time)
        throw std::invalid_argument(fmt::format("{}: expected milliseconds from 1 to {}", variable, longest_time));
    return std::chrono::milliseconds(value);
}

void check_url(const std::string& url, const std::string& where) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") || parsed->host().empty())
        throw std::invalid_argument(where + ": expected an http:// or https:// URL");
}

std::string under(std::string base) {
    while (base.ends_with('/'))
        base.pop_back();
    return base + "/v1/traces";
}

/// Empty: nobody wants spans.
std::string url_of(const Environment& environment, const std::string& base_url) {
    if (!base_url.empty()) {
        check_url(base_url, "--otlp");
        return under(base_url);
    }
    if (const auto url = set(environment, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")) {
        check_url(*url, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        return *url;
    }
    if (const auto url = set(environment, "OTEL_EXPORTER_OTLP_ENDPOINT")) {
        check_url(*url, "OTEL_EXPORTER_OTLP_ENDPOINT");
        return under(*url);
    }
    return {};
}

}  // namespace

std::optional<TraceSettings> trace_settings(const Environment& environment, const std::string& base_url) {
    if (boost::beast::iequals(set(environment, "OTEL_SDK_DISABLED").value_or(""), "true")) return std::nullopt;
    const std::string exporter = set(environment, "OTEL_TRACES_EXPORTER").value_or("otlp");
    if (base_url.empty() && exporter == "none") return std::nullopt;
    TraceSettings settings;
    settings.url = url_of(environment, base_url);
    if (settings.url.empty()) return std::nullopt;
    if (for_traces(environment, "PROTOCOL").value_or("http/json") == "grpc")
        throw std::invalid_argument(
            "OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not spoken here; take http/json and the collector's HTTP port, 4318");
    for (auto& [name, value] :
         read_pairs(for_traces(environment, "HEADERS").value_or(""), "OTEL_EXPORTER_OTLP_HEADERS"))
        settings.headers.emplace_back(std::move(name), Secret(std::move(value)));
    settings.timeout = read_time("OTEL_EXPORTER_OTLP_TIMEOUT", for_traces(environment, "TIMEOUT"), 10'000);
    for (auto& [name, value] :
         read_pairs(set(environment, "OTEL_RESOURCE_ATTRIBUTES").value_or(""), "OTEL_RESOURCE_ATTRIBUTES")) {
        if (name == "service.name")
            settings.service = std::move(value);
        else
            settings.resource.emplace_back(std::move(name), std::move(value));
    }
    settings.service = set(environment, "OTEL_SERVICE_NAME").value_or(settings.service);
    settings.sampler = read_sampler(environment);
    settings.delay = read_time("OTEL_BSP_SCHEDULE_DELAY", set(environment, "OTEL_BSP_SCHEDULE_DELAY"), 5'000);
    return settings;
}

}  // namespace enough
