#include "cassettes.hpp"
#include "doctor_table.hpp"
#include "problems.hpp"
#include "terminal.hpp"
#include "until_done.hpp"
#include "verb.hpp"
#include "whole_file.hpp"

#include <enough/async/gather.hpp>
#include <enough/orchestrator/doctor.hpp>
#include <enough/workflows/pin_edit.hpp>

#include <fmt/format.h>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>

namespace enough::cli {
namespace {

struct Arguments {
    std::string file;
    std::vector<std::string> models;
    double timeout_seconds = 60;
    CassetteArguments cassettes;
    bool write = false;
    bool json = false;
    bool quiet = false;

    Format format() const { return json ? Format::json : Format::text; }
};

using Examinations = std::map<std::string, Examination>;

/// The chosen models, by name, with all that is known of them beforehand.
Examinations plan(const Workflow& workflow, const Arguments& arguments) {
    const auto models = models_in(workflow);
    const auto needs = evidence_needs(workflow);
    const std::set<std::string> chosen(arguments.models.begin(), arguments.models.end());
    for (const std::string& name : chosen) {
        if (models.contains(name)) continue;
        std::string known;
        for (const auto& [other, _] : models)
            known += (known.empty() ? "" : ", ") + other;
        throw std::invalid_argument(fmt::format("there is no model '{}'; there are {}", name, known));
    }
    Examinations out;
    for (const auto& [name, model] : models) {
        if (!chosen.empty() && !chosen.contains(name)) continue;
        Examination& examination = out[name];
        if (const ServerSettings* server = server_settings(model->provider)) examination.asked_for = server->model;
        examination.gives_logprobs = gives_logprobs(model->provider);
        if (const auto found = needs.find(name); found != needs.end()) examination.needs = found->second;
        if (!arguments.write) examination.pinned = model->evidence;
        examination.top_k = candidates_wanted(examination.needs);
    }
    return out;
}

/// The same models without what hides faults.
Workflow bare_models(const Workflow& workflow, const Examinations& chosen) {
    Workflow out;
    for (const auto& [name, model] : models_in(workflow)) {
        if (!chosen.contains(name)) continue;
        Model bare_model;
        bare_model.provider = bare(model->provider);
        bare_model.key = name;
        out.models.emplace(name, std::move(bare_model));
    }
    return out;
}

class Examiner {
public:
    Examiner(const Agents& agents, const Arguments& arguments) : agents_(agents), arguments_(arguments) {}

    Task<Examinations> all(Examinations planned) {
        examinations_ = std::move(planned);
        std::vector<Task<void>> tasks;
        for (const auto& [name, _] : examinations_)
            tasks.push_back(one(name));
        co_await gather(std::move(tasks));
        terminal_.rewrite("");
        co_return std::move(examinations_);
    }

private:
    Task<void> one(std::string name) {
        Examination& examination = examinations_.at(name);
        const auto time = std::chrono::duration<double>(arguments_.timeout_seconds);
        const auto deadline = Deadline::after(std::chrono::duration_cast<Deadline::Clock::duration>(time));
        const int top_k = examination.gives_logprobs ? examination.top_k : 0;
        std::function<void(ProbeKind)> seen;
        if (!arguments_.quiet) seen = [this, name](ProbeKind kind) { tell(name, kind); };
        auto probes = co_await examine(*agents_.at(name), top_k, deadline, std::move(seen));
        examination.probes = std::move(probes);
        examination.out_of_time = deadline.expired();
    }

    void tell(const std::string& model, ProbeKind kind) {
        terminal_.rewrite(fmt::format("  {}: asked ({})", model, enough::name(kind)));
    }

    const Agents& agents_;
    const Arguments& arguments_;
    Terminal terminal_;
    Examinations examinations_;
};

Examinations examined(const Workflow& workflow, const Arguments& arguments, RecordedModels& models) {
    Examinations planned = plan(workflow, arguments);
    asio::io_context context(1);
    const Agents agents = models.make(bare_models(workflow, planned), context.get_executor());
    Examiner examiner(agents, arguments);
    Examinations done = run_until_done(context, examiner.all(std::move(planned)));
    return done;
}

void put_in_place(const PinEdit& edit) {
    const std::filesystem::path file = std::filesystem::canonical(edit.file);  // a link stays one
    const auto permissions = std::filesystem::status(file).permissions();
    write_whole_file(file, edit.text);
    std::filesystem::permissions(file, permissions);
}

/// Writes the pins of all models that have one. False: at least one could not be written.
bool write_pins(const Workflow& workflow, const std::map<std::string, Diagnosis>& diagnoses,
                const Arguments& arguments) {
    Terminal terminal;
    bool all = true;
    for (const auto& [name, diagnosis] : diagnoses) {
        const auto pin = pin_of(diagnosis);
        if (!pin) {
            terminal.line(fmt::format("{}: not pinned, it has no evidence to rely on", name));
            continue;
        }
        const bool own = workflow.models.contains(name);
        const auto edit =
            own ? edit_pin(arguments.file, name, *pin)
                : std::variant<PinEdit, std::string>(fmt::format("'{}' is a workflow's of its own", name));
        if (const auto* reason = std::get_if<std::string>(&edit)) {
            all = false;
            terminal.line(
                fmt::format("{}: not pinned: {}; put this into it by hand:\n    {}", name, *reason, pin_text(*pin)));
            continue;
        }
        put_in_place(std::get<PinEdit>(edit));
        terminal.line(fmt::format("{}: pinned in {}: {}", name, std::get<PinEdit>(edit).file.string(), pin_text(*pin)));
    }
    for (const Problem& problem : load_workflow(arguments.file, process_environment(), Calibrations::ignored).problems)
        if (problem.severity == Severity::error) terminal.line(to_string(problem));
    return all;
}

void print_json(const std::map<std::string, Diagnosis>& diagnoses) {
    nlohmann::ordered_json models = nlohmann::ordered_json::object();
    for (const auto& [name, diagnosis] : diagnoses)
        models[name] = to_json(diagnosis);
    const nlohmann::ordered_json whole{{"models", std::move(models)}};
    fmt::print("{}\n", whole.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

int doctor(const Arguments& arguments) {
    const auto workflow = load_or_explain(arguments.file, arguments.format(), Calibrations::ignored, Pins::ignored,
                                          arguments.quiet ? Warnings::left_out : Warnings::shown);
    if (!workflow) return bad_use;
    try {
        RecordedModels models(arguments.cassettes);
        std::map<std::string, Diagnosis> diagnoses;
        for (const auto& [name, examination] : examined(*workflow, arguments, models))
            diagnoses.emplace(name, diagnose(examination));
        if (arguments.json)
            print_json(diagnoses);
        else
            print_diagnoses(diagnoses);
        bool well = models.explain_faults();
        if (arguments.write) well = write_pins(*workflow, diagnoses, arguments) && well;
        const auto ok = [](const auto& entry) { return entry.second.ok(); };
        return well && std::ranges::all_of(diagnoses, ok) ? 0 : 1;
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) throw;
        Terminal().line("interrupted");
        return interrupted;
    } catch (const std::invalid_argument& error) {
        explain(error.what(), arguments.format());
        return bad_use;
    }
}

}  // namespace

void add_doctor(CLI::App& app, int& exit) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb =
        app.add_subcommand("doctor", "Ask each model a few short questions and say what its evidence is worth");
    verb->add_option("file", arguments->file, "Workflow file")->required()->type_name("FILE");
    verb->add_option("-m,--model", arguments->models, "Ask this model alone; repeatable")
        ->allow_extra_args(false)
        ->type_name("NAME");
    verb->add_option("--timeout", arguments->timeout_seconds, "Time for each model, in seconds (default 60)")
        ->check(CLI::PositiveNumber)
        ->type_name("SECONDS");
    verb->add_flag("--write", arguments->write, "Write what was found into the workflow, as 'evidence' of each model");
    arguments->cassettes.add_tapes_to(*verb);
    verb->add_flag("--json", arguments->json, "Print JSON instead of a table");
    verb->add_flag("-q,--quiet", arguments->quiet, "No progress on standard error");
    verb->callback([arguments, &exit] { exit = doctor(*arguments); });
}

}  // namespace enough::cli
