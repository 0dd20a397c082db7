#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace enough {

using LabelValues = std::vector<std::string>;

enum class MetricKind { counter, gauge, histogram };

struct MetricDescription {
    MetricKind kind = MetricKind::counter;
    std::string name;
    std::string help;                 ///< one sentence
    std::vector<std::string> labels;  ///< names
    std::vector<double> bounds = {};  ///< of a histogram's buckets, ascending, without infinity
};

/// A metric with all its label sets. Labels hold what a workflow's author or a server of tools wrote, never what a user
/// did; after `most_series` different sets, further ones are counted together as `other`.
class Metric {
public:
    static constexpr std::size_t most_series = 500;
    static constexpr std::size_t longest_value = 128;  ///< bytes of a label; longer ones are cut

    explicit Metric(MetricDescription description);

    /// As many values as labels, in their order.
    void add(const LabelValues& values, double amount = 1);  ///< to a counter or gauge
    void set(const LabelValues& values, double value);       ///< a gauge, or a counter that is counted elsewhere
    void observe(const LabelValues& values, double value);   ///< in a histogram; what is no number is left out
    void clear();

    const MetricDescription& description() const { return description_; }

    /// With its HELP and TYPE lines, also where it has no label set yet.
    std::string text() const;

private:
    struct Series {
        double value = 0;  ///< or the sum
        std::uint64_t count = 0;
        std::vector<std::uint64_t> buckets;  ///< each by itself, the last beyond all bounds
    };

    Series& series(const LabelValues& values);
    std::string histogram_text(const LabelValues& values, const Series& series) const;

    MetricDescription description_;
    std::map<LabelValues, Series> series_;
};

/// Metrics as Prometheus reads them: text format 0.0.4,
/// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. On one strand.
class MetricRegistry {
public:
    static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

    /// References stay valid. Two of one name are a bug: `std::logic_error`.
    Metric& add(MetricDescription description);

    /// Called before each `text`, to set what is only looked at then.
    void before_text(std::function<void()> look) { looks_.push_back(std::move(look)); }

    /// All metrics, in the order in which they were added.
    std::string text();

private:
    std::deque<Metric> metrics_;
    std::vector<std::function<void()>> looks_;
};

}  // namespace enough
