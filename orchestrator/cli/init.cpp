#include "terminal.hpp"
#include "verb.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace enough::cli {
namespace {

constexpr const char* starter =
    R"yaml(# A first workflow. Try it:  enough run workflow.yaml -i question="What is 17 + 25?"
# All keys: docs/workflow-reference.md, or `enough schema` for your editor.
version: 1
name: first-workflow
inputs:
  question: {type: string, description: What to answer}

models:
  local:                                  # a GGUF file, run in this process
    provider: llama
    path: ${ENOUGH_MODEL:?set it to a GGUF file}
  # remote:                               # or any OpenAI-compatible server
  #   provider: openai
  #   base_url: ${OPENAI_BASE_URL:-http://127.0.0.1:8080/v1}
  #   api_key: ${OPENAI_API_KEY:-}
  #   model: the-model

agents:
  solver: {model: local, system: Solve step by step and end with the number., temperature: 0.7, max_tokens: 256, answer: {extract: number}}
  reviewer: {extends: solver, system: You check answers. Give the right number., temperature: 0.2}

gates:
  sure: {signal: entropy.mean, accept: 0.5}   # bits; calibrate it for your model and questions

limits: {calls: 8, time: 2m}

steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder:
      - {agent: solver, gate: sure, refine: {max_steps: 3}}
      - {agent: reviewer, handover: answer}

output: "{{ coalesce(steps.solve.answer, steps.solve.text) }}"
)yaml";

int init(const std::string& file) {
    // "x": never over a file that is there.
    std::FILE* out = std::fopen(file.c_str(), "wx");
    if (out == nullptr) {
        print_error(errno == EEXIST ? fmt::format("{} exists; nothing was changed (--output names another file)", file)
                                    : fmt::format("cannot write {}: {}", file, std::strerror(errno)));
        return bad_use;
    }
    const bool written = std::fputs(starter, out) >= 0;
    if (std::fclose(out) != 0 || !written) {
        print_error(fmt::format("cannot write {}: {}", file, std::strerror(errno)));
        return 1;
    }
    fmt::print("wrote {0}; next: enough check {0}\n", file);
    return 0;
}

}  // namespace

void add_init(CLI::App& app, int& exit) {
    auto file = std::make_shared<std::string>("workflow.yaml");
    CLI::App* verb = app.add_subcommand("init", "Write a starter workflow");
    verb->add_option("-o,--output", *file, "File to write; workflow.yaml if not given");
    verb->callback([file, &exit] { exit = init(*file); });
}

}  // namespace enough::cli
