#include "field_types.hpp"
#include "gate_signals.hpp"
#include "loading.hpp"
#include "scalar.hpp"

#include <enough/policies/signal.hpp>

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>
#include <vector>

namespace enough {
namespace {

constexpr std::array<std::string_view, 3> scope_words{"all", "reasoning", "answer"};
constexpr std::array<std::string_view, 8> method_words{"mean", "information", "bayes",     "universal",
                                                       "crc",  "bound",       "hoeffding", "ltt"};
constexpr std::array<std::string_view, 3> missing_words{"refine", "escalate", "fail"};
constexpr std::array<std::string_view, 3> stop_words{"off", "provable", "predicted"};

std::optional<Signal> read_signal(const Value& value) {
    static const std::vector<Signal> signals = [] {
        std::vector<Signal> all(all_signals.begin(), all_signals.end());
        all.insert(all.end(),
                   {Signal::fitted, Signal::agreement, Signal::agreement_share, Signal::verbalized, Signal::judge});
        return all;
    }();
    static const std::vector<std::string_view> words = [] {
        std::vector<std::string_view> all;
        for (const Signal signal : signals)
            all.push_back(name(signal));
        return all;
    }();
    const auto index = type::Word{words}(value);
    return index ? std::optional(signals[*index]) : std::nullopt;
}

/// A threshold of this signal can't be zero: nothing, or everything, would pass.
std::optional<double> read_threshold(const Value& value, Signal signal) {
    if (signal == Signal::fitted) {
        value.error("signal 'fitted' has no thresholds by hand; write {calibration: FILE, method: …}");
        return std::nullopt;
    }
    if (!needs_logprobs(signal)) return type::Number{.above = 0, .most = 1}(value);
    if (signal != Signal::logprob_mean) return type::Number{.above = 0}(value);
    const auto number = type::Number{}(value);
    if (number && *number >= 0) return value.expected("a number below 0 (a mean logprob)");
    return number;
}

/// `{calibration: FILE, method: …, allow_stale: …}`; the upper threshold has no method.
std::optional<CalibrationRef> read_calibration_ref(const Value& value, Signal signal, bool with_method) {
    if (!needs_logprobs(signal)) {
        value.error(fmt::format("signal '{}' has no calibration; write a number up to 1", name(signal)));
        return std::nullopt;
    }
    Fields fields(value);
    CalibrationRef ref{value, std::nullopt, false};
    std::string file;
    fields.required("calibration", type::Text{}, file);
    if (with_method) fields.required("method", type::Choice<Method>{method_words}, ref.method);
    fields.optional("allow_stale", type::Boolean{}, ref.allow_stale);
    return fields.finished(std::move(ref));
}

void read_accept(Fields& fields, WrittenGate& written) {
    Gate& gate = written.gate;
    const auto value = fields.take("accept");
    if (!value) return;
    if (value->is_map()) {
        written.accept = read_calibration_ref(*value, gate.signal, true);
        return;
    }
    const auto threshold = [&](const Value& item) { return read_threshold(item, gate.signal); };
    if (auto accept = type::OneOrList<decltype(threshold)>{threshold, "a number or a list of numbers"}(*value)) {
        gate.accept = *std::move(accept);
        value->warning("uncalibrated: nothing says how often an answer that passes this number is wrong");
    }
}

void read_escalate(Fields& fields, WrittenGate& written) {
    Gate& gate = written.gate;
    const auto value = fields.take("escalate");
    if (!value) return;
    if (value->is_map()) {
        written.escalate = read_calibration_ref(*value, gate.signal, false);
        return;
    }
    gate.escalate = read_threshold(*value, gate.signal);
    if (!gate.escalate || gate.accept.empty()) return;
    const double accept = gate.accept.front();
    if (!at_least_as_sure(gate.signal, *gate.escalate, accept)) return;
    const bool low = direction(gate.signal) == Direction::lower_is_surer;
    value->error(fmt::format("escalate must be {} accept ({}), for {} a {} value is surer", low ? "above" : "below",
                             accept, name(gate.signal), low ? "lower" : "higher"));
}

std::optional<OnMissing> read_missing(const Value& value) {
    if (value.is_scalar() && value.node().text == "accept") {
        value.error("expected refine, escalate, fail: missing evidence is never accepted");
        return std::nullopt;
    }
    return type::Choice<OnMissing>{missing_words}(value);
}

/// `off` is the boolean false to readers of YAML 1.1, so false is taken too.
std::optional<StopEarly> read_stop_early(const Value& value) {
    if (as_boolean(value.node()) == false) return StopEarly::off;
    return type::Choice<StopEarly>{stop_words}(value);
}

void warn_of_idle_keys(const Fields& fields, const Gate& gate) {
    const bool tail = gate.signal == Signal::entropy_tail || gate.signal == Signal::confidence_tail;
    const bool window = gate.signal == Signal::confidence_lowest_group || gate.signal == Signal::confidence_bottom10;
    if (fields.has("last") && !tail)
        fields.value().warning(fmt::format("'last' has no effect on {}", name(gate.signal)));
    if (fields.has("window") && !window)
        fields.value().warning(fmt::format("'window' has no effect on {}", name(gate.signal)));
    if (!needs_logprobs(gate.signal))
        for (const char* key : {"top_k", "scope", "min_coverage"})
            if (fields.has(key))
                fields.value().warning(fmt::format("'{}' has no effect on {}", key, name(gate.signal)));
    const bool entropy = tail ? gate.signal == Signal::entropy_tail
                              : gate.signal == Signal::entropy_mean || gate.signal == Signal::entropy_max;
    const double most = std::log2(static_cast<double>(gate.settings.top_k));
    if (entropy && !gate.accept.empty() && gate.accept.front() >= most)
        fields.value().warning(fmt::format("accepts everything: over {} candidates the entropy is never above {:.2f}",
                                           gate.settings.top_k, most));
    const bool provable = gate.signal == Signal::entropy_mean || gate.signal == Signal::entropy_max;
    if (gate.stop_early == StopEarly::provable && !provable)
        fields.value().warning(
            fmt::format("stop_early: nothing is provable early for {}; no call is cut short", name(gate.signal)));
}

/// What only a calibration can give.
void check_calibrated(const Fields& fields, const WrittenGate& written) {
    if (written.gate.stop_early != StopEarly::predicted) return;
    const Value where = fields.value().at("stop_early");
    if (!written.accept && !written.escalate)
        where.error("'predicted' needs a threshold from a calibration file");
    else if (written.gate.signal != Signal::entropy_mean)
        where.error("'predicted' works with the signal entropy.mean only");
}

}  // namespace

std::optional<WrittenGate> read_gate(const Value& value, Loading& loading) {
    Fields fields(value);
    WrittenGate written;
    Gate& gate = written.gate;
    fields.take("extends");
    const bool known = fields.required("signal", read_signal, gate.signal);
    fields.optional("top_k", type::Whole<int>{2, 1000}, gate.settings.top_k);
    fields.optional("scope", type::Choice<Scope>{scope_words}, gate.settings.scope);
    fields.optional("last", type::Whole<std::size_t>{}, gate.settings.tail);
    fields.optional("window", type::Whole<std::size_t>{}, gate.settings.window);
    fields.require("accept");
    if (known) {
        read_accept(fields, written);
        read_escalate(fields, written);
        read_signal_keys(fields, written, loading);
    } else {  // what these may be depends on the signal
        for (const char* key : {"accept", "escalate", "samples", "verbalized", "judge"})
            fields.take(key);
    }
    fields.optional("missing", read_missing, gate.missing);
    fields.optional("min_coverage", type::Number{.above = 0, .most = 1}, gate.min_coverage);
    fields.optional("stop_early", read_stop_early, gate.stop_early);
    if (known) warn_of_idle_keys(fields, gate);
    if (known) check_calibrated(fields, written);
    auto read = fields.finished(std::move(written));
    return known ? read : std::nullopt;
}

void read_gates(const Value& section, Loading& loading) {
    each_name(section, [&](const std::string& name, const Value& value) {
        auto written = read_gate(value, loading);
        if (!written) return;
        loading.workflow.gates.emplace(name, written->gate);
        loading.gates_by_name.emplace(name, *std::move(written));
    });
}

}  // namespace enough
