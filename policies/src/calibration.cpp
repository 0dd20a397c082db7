#include <enough/policies/calibration.hpp>

#include "calibrate_step.hpp"
#include "names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 8> method_names{{{Method::mean, "mean"},
                                                                           {Method::information, "information"},
                                                                           {Method::bayes, "bayes"},
                                                                           {Method::universal, "universal"},
                                                                           {Method::crc, "crc"},
                                                                           {Method::bound, "bound"},
                                                                           {Method::hoeffding, "hoeffding"},
                                                                           {Method::ltt, "ltt"}}};
constexpr std::array<std::pair<Loss, std::string_view>, 2> loss_names{
    {{Loss::regret, "regret"}, {Loss::wrong, "wrong"}}};
constexpr std::array<std::pair<CalibrationVerdict, std::string_view>, 3> verdict_names{
    {{CalibrationVerdict::usable, "usable"},
     {CalibrationVerdict::weak, "weak"},
     {CalibrationVerdict::refused, "refused"}}};

std::string shown(const std::optional<double>& value) {
    return value ? fmt::format("{}", *value) : "the model's default";
}

void compare(std::vector<std::string>& words, std::string_view what, const std::string& now, const std::string& then) {
    if (now != then && !then.empty()) words.push_back(fmt::format("{} is '{}', calibrated with '{}'", what, now, then));
}

}  // namespace

std::string_view name(Method method) {
    return name_of(method_names, method);
}

std::optional<Method> method_named(std::string_view name) {
    return value_named(method_names, name);
}

bool controls_risk(Method method) {
    return method == Method::crc || method == Method::bound || method == Method::hoeffding || method == Method::ltt;
}

std::string_view name(Loss loss) {
    return name_of(loss_names, loss);
}

std::optional<Loss> loss_named(std::string_view name) {
    return value_named(loss_names, name);
}

std::string_view name(CalibrationVerdict verdict) {
    return name_of(verdict_names, verdict);
}

std::optional<CalibrationVerdict> calibration_verdict_named(std::string_view name) {
    return value_named(verdict_names, name);
}

std::vector<std::string> differences(const CalibrationKey& now, const CalibrationKey& calibrated) {
    std::vector<std::string> words;
    if (calibrated.model.empty())
        words.emplace_back("the calibration does not say for which model and prompt it holds");
    compare(words, "model", now.model, calibrated.model);
    compare(words, "provider", now.provider, calibrated.provider);
    compare(words, "signal", now.signal, calibrated.signal);
    compare(words, "scope", now.scope, calibrated.scope);
    if (now.top_k != calibrated.top_k)
        words.push_back(fmt::format("top_k is {}, calibrated with {}", now.top_k, calibrated.top_k));
    if (calibrated.model.empty()) return words;
    if (now.temperature != calibrated.temperature)
        words.push_back(fmt::format("temperature is {}, calibrated with {}", shown(now.temperature),
                                    shown(calibrated.temperature)));
    if (now.prompt_hash != calibrated.prompt_hash)
        words.emplace_back("the system prompt, question template or refinement prompt is another");
    for (const auto& [key, value] : now.settings) {
        const auto then = calibrated.settings.find(key);
        const std::string before = then == calibrated.settings.end() ? "null" : then->second;
        if (value != before) words.push_back(fmt::format("{} is {}, calibrated with {}", key, value, before));
    }
    for (const auto& [key, before] : calibrated.settings)
        if (!now.settings.contains(key) && before != "null")
            words.push_back(fmt::format("{} is null, calibrated with {}", key, before));
    return words;
}

const StepCalibration* Calibration::step(int number) const {
    const auto found = std::ranges::find(steps, number, &StepCalibration::step);
    return found == steps.end() ? nullptr : &*found;
}

const std::vector<std::string>& feature_names() {
    static const std::vector<std::string> names{"entropy.mean",        "entropy.max",  "confidence.mean",
                                                "confidence.bottom10", "logprob.mean", "log_tokens"};
    return names;
}

Calibration calibrate(std::vector<ObservedChain> chains, CalibrationKey key, const CalibrationSettings& settings) {
    if (chains.empty() || chains.front().steps.empty())
        throw std::invalid_argument("there are no items to calibrate on");
    const std::size_t length = chains.front().steps.size();
    const auto same = [=](const ObservedChain& chain) { return chain.steps.size() == length; };
    if (!std::ranges::all_of(chains, same)) throw std::invalid_argument("the chains differ in length");
    const auto signal = signal_named(key.signal);
    if (!signal) throw std::invalid_argument(fmt::format("unknown signal '{}'", key.signal));

    Calibration calibration;
    calibration.key = std::move(key);
    calibration.settings = settings;
    for (std::size_t step = 0; step < length; ++step)
        calibration.steps.push_back(calibrate_step(chains, step, *signal, settings));
    calibration.items = std::move(chains);
    return calibration;
}

}  // namespace enough
