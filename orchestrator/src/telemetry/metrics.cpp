#include "telemetry/metrics.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace enough {
namespace {

std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    return fmt::format("{}", value);
}

std::string_view type_name(MetricKind kind) {
    switch (kind) {
        case MetricKind::counter:
            return "counter";
        case MetricKind::gauge:
            return "gauge";
        case MetricKind::histogram:
            return "histogram";
    }
    return "untyped";
}

std::string escaped(std::string_view text, bool quoted) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else if (c == '"' && quoted)
            out += "\\\"";
        else
            out += c;
    }
    return out;
}

/// Prometheus takes UTF-8 alone.
std::string as_label(const std::string& value) {
    using Json = nlohmann::json;
    const std::string cut = value.substr(0, Metric::longest_value);
    return Json::parse(Json(cut).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

std::string label_text(const std::vector<std::string>& names, const LabelValues& values, const std::string& more) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i)
        text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", names[i], escaped(values[i], true));
    if (!more.empty()) text += (text.empty() ? "" : ",") + more;
    return text.empty() ? text : "{" + text + "}";
}

}  // namespace

Metric::Metric(MetricDescription description) : description_(std::move(description)) {
    // Without labels there is one series from the start: a rate can be taken of it before it has counted anything.
    if (description_.labels.empty()) series({});
}

Metric::Series& Metric::series(const LabelValues& values) {
    if (values.size() != description_.labels.size())
        throw std::logic_error(fmt::format("{} has {} labels", description_.name, description_.labels.size()));
    LabelValues labels;
    for (const std::string& value : values)
        labels.push_back(as_label(value));
    const bool full = series_.size() >= most_series && !series_.contains(labels);
    if (full) labels.assign(labels.size(), "other");
    Series& found = series_[labels];
    if (description_.kind == MetricKind::histogram) found.buckets.resize(description_.bounds.size() + 1);
    return found;
}

void Metric::add(const LabelValues& values, double amount) {
    series(values).value += amount;
}

void Metric::set(const LabelValues& values, double value) {
    series(values).value = value;
}

void Metric::observe(const LabelValues& values, double value) {
    if (std::isnan(value)) return;
    Series& found = series(values);
    const auto bucket = std::ranges::lower_bound(description_.bounds, value);
    ++found.buckets[static_cast<std::size_t>(bucket - description_.bounds.begin())];
    ++found.count;
    found.value += value;
}

void Metric::clear() {
    series_.clear();
}

std::string Metric::text() const {
    std::string text = fmt::format("# HELP {} {}\n# TYPE {} {}\n", description_.name, escaped(description_.help, false),
                                   description_.name, type_name(description_.kind));
    for (const auto& [values, series] : series_) {
        if (description_.kind == MetricKind::histogram) {
            text += histogram_text(values, series);
        } else {
            const std::string labels = label_text(description_.labels, values, "");
            text += fmt::format("{}{} {}\n", description_.name, labels, number(series.value));
        }
    }
    return text;
}

std::string Metric::histogram_text(const LabelValues& values, const Series& series) const {
    std::string text;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < series.buckets.size(); ++i) {
        below += series.buckets[i];
        const bool last = i == description_.bounds.size();
        const std::string bound = fmt::format("le=\"{}\"", last ? "+Inf" : number(description_.bounds[i]));
        text +=
            fmt::format("{}_bucket{} {}\n", description_.name, label_text(description_.labels, values, bound), below);
    }
    const std::string labels = label_text(description_.labels, values, "");
    text += fmt::format("{}_sum{} {}\n", description_.name, labels, number(series.value));
    text += fmt::format("{}_count{} {}\n", description_.name, labels, series.count);
    return text;
}

Metric& MetricRegistry::add(MetricDescription description) {
    for (const Metric& metric : metrics_)
        if (metric.description().name == description.name)
            throw std::logic_error("there are two metrics by the name " + description.name);
    return metrics_.emplace_back(std::move(description));
}

std::string MetricRegistry::text() {
    for (const auto& look : looks_)
        look();
    std::string text;
    for (const Metric& metric : metrics_)
        text += metric.text();
    return text;
}

}  // namespace enough
