#include "report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace enough::simulation {
namespace {

constexpr std::array<std::pair<std::string_view, Mean Row::*>, 8> figures{
    {{"refused_by_default", &Row::refused_by_default},
     {"no_threshold", &Row::no_threshold},
     {"loses_2_points", &Row::loses_2_points},
     {"loses_by_default", &Row::loses_by_default},
     {"accuracy_change", &Row::accuracy_change},
     {"savings", &Row::savings},
     {"true_loss", &Row::true_loss},
     {"exceeds", &Row::exceeds}}};

std::string percent(const Mean& mean) {
    return fmt::format("{:6.1f} ±{:4.1f}", 100 * mean.value, 100 * mean.error);
}

std::string promise_in_words(const Row& row) {
    if (promise_of(row.method) == Promise::none) return "none";
    return keeps_promise(row) ? "kept" : "BROKEN";
}

std::string target_in_words(const Row& row) {
    if (promise_of(row.method) == Promise::none) return "";
    return fmt::format("{}/{} <= {:g}", name(row.loss), name(base_of(row.method)), row.target.epsilon);
}

}  // namespace

std::string text_of(const std::vector<Row>& rows) {
    std::string text = fmt::format("{:<17} {:>5} {:<12} {:<24} {:>13} {:>13} {:>13} {:>13} {:>13} {:>13}  {}\n",
                                   "population", "items", "method", "loss", "no threshold", "loses > 2 pt",
                                   "by default", "savings", "true loss", "> epsilon", "promise");
    for (const Row& row : rows) {
        const bool promises = promise_of(row.method) != Promise::none;
        fmt::format_to(
            std::back_inserter(text), "{:<17} {:>5} {:<12} {:<24} {:>13} {:>13} {:>13} {:>13} {:>13} {:>13}  {}\n",
            row.population, row.n, name(row.method), target_in_words(row), percent(row.no_threshold),
            percent(row.loses_2_points), percent(row.loses_by_default), percent(row.savings),
            promises ? percent(row.true_loss) : "", promises ? percent(row.exceeds) : "", promise_in_words(row));
    }
    const auto broken = std::ranges::count_if(rows, [](const Row& row) { return !keeps_promise(row); });
    return text +
           fmt::format("{} rows in %, ± one standard error; promises not kept within three: {}\n", rows.size(), broken);
}

std::string csv_of(const std::vector<Row>& rows) {
    std::string text = "population,items,method,loss,base,epsilon,delta,promise";
    for (const auto& [title, figure] : figures)
        fmt::format_to(std::back_inserter(text), ",{},{}_error", title, title);
    text += '\n';
    for (const Row& row : rows) {
        fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{},{},{}", row.population, row.n, name(row.method),
                       name(row.loss), name(base_of(row.method)), row.target.epsilon, row.target.delta,
                       promise_in_words(row));
        for (const auto& [title, figure] : figures)
            fmt::format_to(std::back_inserter(text), ",{:.6f},{:.6f}", (row.*figure).value, (row.*figure).error);
        text += '\n';
    }
    return text;
}

std::string json_of(const std::vector<Row>& rows, const Plan& plan) {
    nlohmann::ordered_json all{
        {"replications", plan.replications}, {"seed", plan.seed}, {"rows", nlohmann::json::array()}};
    for (const Row& row : rows) {
        nlohmann::ordered_json one{{"population", row.population},      {"items", row.n},
                                   {"method", name(row.method)},        {"loss", name(row.loss)},
                                   {"base", name(base_of(row.method))}, {"epsilon", row.target.epsilon},
                                   {"delta", row.target.delta},         {"promise", promise_in_words(row)}};
        for (const auto& [title, figure] : figures)
            one[std::string(title)] = {{"value", (row.*figure).value}, {"error", (row.*figure).error}};
        all["rows"].push_back(std::move(one));
    }
    return all.dump(2) + '\n';
}

}  // namespace enough::simulation
