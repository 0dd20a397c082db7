#include <enough/policies/calibration_file.hpp>

#include <enough/json/json_fields.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <stdexcept>

namespace enough {
namespace {

using nlohmann::json;

constexpr std::size_t most_steps = 100;
constexpr std::size_t most_checkpoints = 64;
constexpr std::int64_t most_tokens = 1'000'000'000'000;  // sums of them can't overflow

std::string text_or_empty(const JsonFields& fields, const char* key) {
    return fields.optional<std::string>(key).value_or(std::string());
}

double finite(const json& value, const char* key) {
    if (!value.is_number() || !std::isfinite(value.get<double>()))
        throw std::invalid_argument(std::string("field '") + key + "' must hold numbers");
    return value.get<double>();
}

/// Not copied: a value may be nested deeper than the stack allows.
const json& list_of(const JsonFields& fields, const char* key) {
    const auto found = fields.json().find(key);
    if (found == fields.json().end() || !found->is_array())
        throw std::invalid_argument(std::string("field '") + key + "' must be a list");
    return *found;
}

std::vector<double> numbers(const JsonFields& fields, const char* key) {
    std::vector<double> result;
    for (const json& value : list_of(fields, key))
        result.push_back(finite(value, key));
    return result;
}

CalibrationKey read_key(const JsonFields& file) {
    CalibrationKey key;
    key.model = text_or_empty(file, "model");
    key.provider = text_or_empty(file, "provider");
    key.served_model = text_or_empty(file, "served_model");
    key.fingerprint = text_or_empty(file, "fingerprint");
    key.signal = file.get<std::string>("signal");
    if (!signal_named(key.signal)) throw std::invalid_argument("field 'signal' names no signal: " + key.signal);
    key.scope = file.get<std::string>("scope");
    if (!scope_named(key.scope)) throw std::invalid_argument("field 'scope' names no scope: " + key.scope);
    key.top_k = file.get<int>("top_k");
    if (key.top_k < 2) throw std::invalid_argument("field 'top_k' must be at least 2");
    key.temperature = file.optional<double>("temperature");
    key.prompt_hash = text_or_empty(file, "prompt_hash");
    if (!file.has("settings")) return key;
    for (const auto& [name, value] : file.object("settings").json().items()) {
        if (!value.is_string()) throw std::invalid_argument("field 'settings' must hold texts");
        key.settings.emplace(name, value.get<std::string>());
    }
    return key;
}

StopBoundary read_boundary(const JsonFields& fields) {
    StopBoundary boundary;
    boundary.delta = fields.get<double>("delta");
    boundary.threshold = fields.get<double>("threshold");
    const json& above = list_of(fields, "above");
    if (above.size() > most_checkpoints) throw std::invalid_argument("field 'above' must be a list of at most 64");
    for (const json& value : above)
        boundary.above.push_back(value.is_null() ? std::nullopt : std::optional(finite(value, "above")));
    return boundary;
}

CalibratedThreshold read_threshold(const JsonFields& fields) {
    CalibratedThreshold threshold;
    threshold.value = fields.optional<double>("value");
    threshold.reason = text_or_empty(fields, "reason");
    const auto low = fields.optional<double>("low");
    const auto high = fields.optional<double>("high");
    if (low && high) threshold.interval = Interval{*low, *high};
    return threshold;
}

MethodThresholds read_thresholds(const JsonFields& fields) {
    MethodThresholds thresholds;
    for (const Method method : all_methods) {
        const std::string key(name(method));
        if (fields.has(key.c_str())) thresholds[method] = read_threshold(fields.object(key.c_str()));
    }
    return thresholds;
}

CalibrationVerdict read_verdict(const JsonFields& fields) {
    const auto verdict = calibration_verdict_named(fields.get<std::string>("verdict"));
    if (!verdict) throw std::invalid_argument("field 'verdict' must be usable, weak or refused");
    return *verdict;
}

FittedCalibration read_fitted(const JsonFields& fields) {
    FittedCalibration fitted;
    fitted.verdict = read_verdict(fields);
    fitted.reasons = fields.get<std::vector<std::string>>("reasons");
    LogisticModel& model = fitted.model;
    model.features = fields.get<std::vector<std::string>>("features");
    model.mean = numbers(fields, "mean");
    model.scale = numbers(fields, "scale");
    model.weights = numbers(fields, "weights");
    model.intercept = fields.get<double>("intercept");
    model.penalty = fields.get<double>("penalty");
    const std::size_t n = model.features.size();
    if (model.features != feature_names() || model.mean.size() != n || model.scale.size() != n ||
        model.weights.size() != n)
        throw std::invalid_argument("field 'features' is not what this version can compute");
    for (const double scale : model.scale)
        if (!(scale > 0)) throw std::invalid_argument("field 'scale' must hold numbers above 0");
    fitted.better = fields.get<bool>("better");
    const JsonFields thresholds = fields.object("thresholds");
    fitted.thresholds = read_thresholds(thresholds);
    if (thresholds.has("escalate")) fitted.escalate = read_threshold(thresholds.object("escalate"));
    return fitted;
}

void read_boundaries(StepCalibration& step, const JsonFields& fields) {
    for (auto& [method, threshold] : step.thresholds) {
        const std::string key(name(method));
        if (fields.has(key.c_str())) threshold.boundary = read_boundary(fields.object(key.c_str()));
    }
    if (step.escalate && fields.has("escalate")) step.escalate->boundary = read_boundary(fields.object("escalate"));
}

StepCalibration read_step(const JsonFields& fields) {
    StepCalibration step;
    step.step = fields.get<int>("step");
    step.verdict = read_verdict(fields);
    step.reasons = fields.get<std::vector<std::string>>("reasons");
    const JsonFields thresholds = fields.object("thresholds");
    step.thresholds = read_thresholds(thresholds);
    if (thresholds.has("escalate")) step.escalate = read_threshold(thresholds.object("escalate"));
    if (fields.has("boundary")) read_boundaries(step, fields.object("boundary"));
    if (fields.has("fitted")) step.fitted = read_fitted(fields.object("fitted"));
    return step;
}

std::int64_t tokens(const JsonFields& fields, const char* key) {
    const auto count = fields.optional<std::int64_t>(key).value_or(0);
    if (count < 0 || count > most_tokens)
        throw std::invalid_argument(std::string("field '") + key + "' is out of range");
    return count;
}

ObservedStep read_observed(const JsonFields& fields, const char* score) {
    ObservedStep step;
    step.score = fields.optional<double>(score);
    step.output_tokens = tokens(fields, "tokens");
    step.input_tokens = tokens(fields, "input_tokens");
    step.correct = fields.get<bool>("correct");
    step.truncated = fields.optional<bool>("truncated").value_or(false);
    step.acceptable = fields.optional<bool>("acceptable").value_or(true);
    step.coverage = fields.optional<double>("coverage").value_or(1);
    if (fields.has("running")) step.running = numbers(fields, "running");
    if (fields.has("features")) step.features = numbers(fields, "features");
    return step;
}

/// Says where: `steps[2]: field 'verdict' is missing`.
template <class Read>
auto at(const char* list, std::size_t index, const Read& read) {
    try {
        return read();
    } catch (const std::invalid_argument& fault) {
        throw std::invalid_argument(std::string(list) + "[" + std::to_string(index) + "]: " + fault.what());
    }
}

}  // namespace

ObservedChain chain_from_json(const json& document, std::string_view signal) {
    const JsonFields fields(document);
    ObservedChain chain;
    const auto id = document.find("id");
    if (id == document.end() || !(id->is_string() || id->is_number()))
        throw std::invalid_argument("field 'id' must be a text or a number");
    chain.id = id->dump(-1, ' ', false, json::error_handler_t::replace);
    const char* score = signal == "entropy.mean" ? "entropy" : "score";
    for (const json& step : list_of(fields, "steps"))
        chain.steps.push_back(at("steps", chain.steps.size(), [&] { return read_observed(JsonFields(step), score); }));
    return chain;
}

Calibration calibration_from_json(const json& document) {
    const JsonFields file(document);
    if (const auto version = file.get<int>("version"); version != Calibration::current_version)
        throw std::invalid_argument("version " + std::to_string(version) +
                                    " is not known; this program reads version " +
                                    std::to_string(Calibration::current_version));
    Calibration calibration;
    calibration.key = read_key(file);
    calibration.created = text_or_empty(file, "created");
    for (const json& step : list_of(file, "steps")) {
        const std::size_t index = calibration.steps.size();
        calibration.steps.push_back(at("steps", index, [&] { return read_step(JsonFields(step)); }));
        if (calibration.steps.back().step != static_cast<int>(index) + 1 || index >= most_steps)
            throw std::invalid_argument("steps must be numbered 1, 2, 3 ...");
    }
    if (calibration.steps.empty()) throw std::invalid_argument("there are no steps");
    const json& items = list_of(file, "items");
    for (std::size_t i = 0; i < items.size(); ++i)
        calibration.items.push_back(at("items", i, [&] { return chain_from_json(items[i], calibration.key.signal); }));
    json said = json::object();
    for (const auto& [field, value] : document.items())
        if (field != "items") said[field] = value;
    calibration.document = said.dump(-1, ' ', false, json::error_handler_t::replace);
    return calibration;
}

}  // namespace enough
