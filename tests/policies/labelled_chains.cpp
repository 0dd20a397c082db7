#include "labelled_chains.hpp"

#include <utility>

namespace enough::test {

ObservedStep observed(double score, bool correct, std::int64_t output_tokens) {
    ObservedStep step;
    step.score = score;
    step.correct = correct;
    step.input_tokens = 100;
    step.output_tokens = output_tokens;
    return step;
}

ObservedChain chain_of(const std::string& id, std::vector<ObservedStep> steps) {
    return {"\"" + id + "\"", std::move(steps)};
}

std::vector<ObservedChain> one_step(const std::vector<double>& correct, const std::vector<double>& incorrect) {
    std::vector<ObservedChain> chains;
    for (const double score : correct)
        chains.push_back(chain_of("c" + std::to_string(chains.size()), {observed(score, true)}));
    for (const double score : incorrect)
        chains.push_back(chain_of("i" + std::to_string(chains.size()), {observed(score, false)}));
    return chains;
}

std::vector<ObservedChain> overlapping(std::size_t correct, std::size_t incorrect, double from) {
    const auto spread = [](std::size_t count, double low) {
        std::vector<double> scores;
        for (std::size_t i = 0; i < count; ++i)
            scores.push_back(low + 0.8 * (static_cast<double>(i) + 0.5) / static_cast<double>(count));
        return scores;
    };
    return one_step(spread(correct, 0.4), spread(incorrect, from));
}

std::vector<ObservedChain> six_chains() {
    const bool first[] = {true, true, false, false, true, false};
    const bool second[] = {true, true, true, false, false, true};
    std::vector<ObservedChain> chains;
    for (std::size_t i = 0; i < 6; ++i) {
        const double score = static_cast<double>(i + 1) / 10;
        chains.push_back(chain_of(std::string(1, static_cast<char>('a' + i)),
                                  {observed(score, first[i], 100), observed(score / 2, second[i], 50)}));
    }
    return chains;
}

CalibrationSettings without_intervals() {
    CalibrationSettings settings;
    settings.bootstrap.replicates = 0;
    return settings;
}

CalibrationSettings allowing_weak() {
    CalibrationSettings settings = without_intervals();
    settings.allow_weak = true;
    return settings;
}

CalibrationKey key_of(const std::string& signal) {
    CalibrationKey key;
    key.model = "small";
    key.provider = "openai";
    key.signal = signal;
    return key;
}

StepCalibration first_step(const std::vector<ObservedChain>& chains, const CalibrationSettings& settings,
                           const std::string& signal) {
    return calibrate(chains, key_of(signal), settings).steps.front();
}

std::string reasons_of(const StepCalibration& step) {
    std::string text;
    for (const std::string& reason : step.reasons)
        text += reason + "\n";
    return text;
}

}  // namespace enough::test
