#pragma once

#include "support/program.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace enough::test {

/// A folder of its own in which the program is run.
class VerbTest : public testing::Test {
protected:
    void write(const std::string& name, const std::string& text) const { std::ofstream(folder_.file(name)) << text; }

    std::string text_of(const std::string& name) const {
        std::ifstream in(folder_.file(name), std::ios::binary);
        EXPECT_TRUE(in) << name << " is not there";
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    }

    nlohmann::json json_of(const std::string& name) const { return nlohmann::json::parse(text_of(name)); }

    bool exists(const std::string& name) const { return std::filesystem::exists(folder_.file(name)); }

    Program start(const std::vector<std::string>& arguments,
                  const std::map<std::string, std::string>& environment = {}) const {
        return Program(ENOUGH_PROGRAM, arguments, environment, folder_.path());
    }

    Program::Ended enough(const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& environment = {}) const {
        return start(arguments, environment).wait();
    }

    TemporaryFolder folder_;
};

/// A workflow whose answers are written in it, for data of any length: a solver that refines once and an expert.
struct ScriptedCascade {
    int items = 60;
    std::string gate = "accept: 0.8";
    std::string temperature = "0.7";
    std::string prompt = "{{ inputs.question }}";
    std::string refine_prompt = "Review it.";
    int top_k = 20;
    int tokens = 5;  ///< of the shortest first answer

    /// Every other first answer is right, and surer than the wrong ones but for a few; of the second two of three.
    static bool right(int item, int step) { return step == 1 ? item % 2 == 0 : item % 3 != 0; }
    static double entropy(int item, int step) {
        return step == 1 ? (right(item, 1) ? 0.5 : 1.0) + 0.05 * ((item * 7) % 11)
                         : (right(item, 2) ? 0.3 : 0.7) + 0.05 * ((item * 5) % 9);
    }
    static int expected(int item) { return 10 * item; }

    std::string text() const;
    std::string data() const;
};

inline std::string ScriptedCascade::data() const {
    std::string lines;
    for (int i = 0; i < items; ++i) {
        const nlohmann::json line{{"id", "q" + std::to_string(i)},
                                  {"inputs", {{"question", "item " + std::to_string(i) + "?"}}},
                                  {"expected", expected(i)}};
        lines += line.dump() + "\n";
    }
    return lines;
}

inline std::string ScriptedCascade::text() const {
    using nlohmann::json;
    const auto answer = [](int item, int step) {
        return (step == 1 ? "it is " : "no, ") + std::to_string(expected(item) + (right(item, step) ? 0 : 1));
    };
    json small = json::array();
    json large = json::array();
    for (int i = 0; i < items; ++i) {
        const std::string asked = "item " + std::to_string(i) + "\\?";
        small.push_back({{"when", asked},
                         {"text", answer(i, 1)},
                         {"entropy", entropy(i, 1)},
                         {"tokens", tokens + i % 4},
                         {"repeat", true}});
        large.push_back({{"when", asked}, {"text", answer(i, 1 + i % 2)}, {"tokens", 9}, {"repeat", true}});
    }
    // The refinement prompt does not tell the items apart: these are given in the items' order, one at a time.
    for (int i = 0; i < items; ++i)
        small.push_back({{"when", "Review|Look"}, {"text", answer(i, 2)}, {"entropy", entropy(i, 2)}, {"tokens", 4}});
    return "version: 1\nname: cascade\ninputs: {question: {type: string}}\nmodels:\n  small: {provider: scripted, "
           "answers: " +
           small.dump() + "}\n  large: {provider: scripted, answers: " + large.dump() +
           "}\nagents:\n  solver: {model: small, temperature: " + temperature +
           ", max_tokens: 100, answer: {extract: number}}\n  expert: {model: large, answer: {extract: number}}\n"
           "gates:\n  sure: {signal: entropy.mean, top_k: " +
           std::to_string(top_k) + ", " + gate + "}\nsteps:\n  - id: solve\n    prompt: " + json(prompt).dump() +
           "\n    ladder:\n      - {agent: solver, gate: sure, refine: {max_steps: 2, prompt: " +
           json(refine_prompt).dump() +
           "}}\n      - {agent: expert, handover: answer}\noutput: \"{{ steps.solve.answer }}\"\neval: {grader: "
           "number}\n";
}

}  // namespace enough::test
