#include "scores_file.hpp"

#include <enough/json/json_fields.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <map>
#include <stdexcept>

namespace enough::cli {
namespace {

using nlohmann::json;

constexpr std::size_t most_faults = 20;

/// Chains in the order of their first lines.
class ScoresReader {
public:
    explicit ScoresReader(std::string signal) : key_(signal == "entropy.mean" ? "entropy" : "score") {}

    void read(const json& line, std::size_t number) {
        const JsonFields fields(line);
        for (const auto& [name, value] : line.items())
            if (name != key_ && name != "correct" && name != "id" && name != "step" && name != "tokens" &&
                name != "truncated")
                throw std::invalid_argument(
                    fmt::format("unknown key '{}'; known here: {}, correct, id, step, tokens, truncated", name, key_));
        ObservedStep step;
        step.score = fields.get<double>(key_.c_str());
        step.correct = fields.get<bool>("correct");
        step.output_tokens = fields.optional<std::int64_t>("tokens").value_or(0);
        step.truncated = fields.optional<bool>("truncated").value_or(false);
        step.acceptable = !step.truncated;
        const int position = fields.optional<int>("step").value_or(1);
        if (step.score < 0 && key_ == "entropy") throw std::invalid_argument("an entropy is never below 0");
        if (step.output_tokens < 0) throw std::invalid_argument("field 'tokens' is out of range");
        // A line without an id is a chain of its own, whatever ids the others have.
        const bool has_id = fields.has("id");
        if (has_id && !line.at("id").is_string() && !line.at("id").is_number())
            throw std::invalid_argument("'id' must be a text or a number");
        const std::string id = has_id ? line.at("id").dump() : json(number).dump();
        const auto [place, is_new] = places_.emplace(std::pair(has_id, id), chains_.size());
        if (is_new) chains_.push_back({id, {}});
        ObservedChain& chain = chains_[place->second];
        if (position != static_cast<int>(chain.steps.size()) + 1)
            throw std::invalid_argument(
                fmt::format("step {} of id {} is expected here, found step {}", chain.steps.size() + 1, id, position));
        chain.steps.push_back(step);
    }

    std::vector<ObservedChain> result() && { return std::move(chains_); }

private:
    std::string key_;
    std::vector<ObservedChain> chains_;
    std::map<std::pair<bool, std::string>, std::size_t> places_;  ///< by whether a line has an id, and it or its number
};

}  // namespace

std::vector<ObservedChain> read_scores(const std::filesystem::path& file, const std::string& signal) {
    std::ifstream in(file, std::ios::binary);
    if (!in || std::filesystem::is_directory(file))
        throw std::invalid_argument(fmt::format("cannot read {}", file.string()));
    ScoresReader reader(signal);
    std::vector<std::string> faults;
    std::size_t number = 0;
    for (std::string text; std::getline(in, text);) {
        ++number;
        if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
        try {
            const json line = json::parse(text, nullptr, false);
            if (line.is_discarded()) throw std::invalid_argument("this is no JSON");
            reader.read(line, number);
        } catch (const std::invalid_argument& fault) {
            if (faults.size() < most_faults)
                faults.push_back(fmt::format("{}:{}: {}", file.string(), number, fault.what()));
        }
    }
    if (!faults.empty()) throw std::invalid_argument(fmt::format("{}", fmt::join(faults, "\n")));
    std::vector<ObservedChain> chains = std::move(reader).result();
    if (chains.empty()) throw std::invalid_argument(fmt::format("{}: there are no scores", file.string()));
    return chains;
}

}  // namespace enough::cli
