#include <enough/orchestrator/doctor.hpp>

namespace enough {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json or_null(const std::optional<T>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json listed(const Diagnosis& diagnosis, bool errors) {
    ordered_json list = ordered_json::array();
    for (const Finding& finding : diagnosis.findings)
        if (finding.error == errors) list.push_back({{"what", finding.what}, {"advice", finding.advice}});
    return list;
}

ordered_json pin_json(const EvidencePin& pin) {
    ordered_json json{{"k", pin.k},
                      {"streamed", pin.streamed},
                      {"mode", name(pin.mode)},
                      {"reasoning", name(pin.reasoning)},
                      {"usage", pin.usage}};
    if (!pin.model.empty()) json["model"] = pin.model;
    return json;
}

}  // namespace

ordered_json to_json(const Diagnosis& diagnosis) {
    const auto pin = pin_of(diagnosis);
    return {{"ok", diagnosis.ok()},
            {"gated", diagnosis.gated},
            {"reachable", diagnosis.reachable},
            {"authorized", or_null(diagnosis.authorized)},
            {"model", diagnosis.model},
            {"fingerprint", diagnosis.fingerprint},
            {"k_asked", diagnosis.k_asked},
            {"k", diagnosis.k},
            {"streamed", or_null(diagnosis.streamed)},
            {"agree", or_null(diagnosis.agree)},
            {"mode", name(diagnosis.mode)},
            {"reasoning", name(diagnosis.reasoning)},
            {"usage", diagnosis.counted.has_value()},
            {"entries", or_null(diagnosis.entries)},
            {"counted", or_null(diagnosis.counted)},
            {"latency_ms", or_null(diagnosis.latency_ms)},
            {"first_token_ms", or_null(diagnosis.first_token_ms)},
            {"errors", listed(diagnosis, true)},
            {"warnings", listed(diagnosis, false)},
            {"pin", pin ? pin_json(*pin) : ordered_json(nullptr)}};
}

}  // namespace enough
