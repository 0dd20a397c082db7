#include "fleet/fleet_names.hpp"

#include "nats/subject_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

namespace enough::fleet {
namespace {

constexpr std::string_view waste = "waste/";

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1) return std::nullopt;
    return value;
}

std::string_view last_token(std::string_view subject) {
    return subject.substr(subject.rfind('.') + 1);
}

}  // namespace

std::string jobs_stream(std::string_view batch) {
    return fmt::format("ENOUGH_JOBS_{}", batch);
}
std::string runs_bucket(std::string_view batch) {
    return fmt::format("enough_runs_{}", batch);
}
std::string results_bucket(std::string_view batch) {
    return fmt::format("enough_results_{}", batch);
}
std::string payloads_bucket(std::string_view batch) {
    return fmt::format("enough_payloads_{}", batch);
}
std::string beat_subject(std::string_view batch) {
    return fmt::format("enough.beat.{}", batch);
}
std::string news_subject(std::string_view batch) {
    return fmt::format("enough.news.{}", batch);
}

std::string models_token(const std::vector<std::string>& models) {
    return nats::subject_token(fmt::format("{}", fmt::join(models, "+")));
}

std::string job_subject(const std::vector<std::string>& models, std::string_view batch,
                        std::optional<std::int64_t> number) {
    return fmt::format("enough.jobs.{}.{}.{}", models_token(models), batch, number ? std::to_string(*number) : "*");
}

std::optional<std::int64_t> number_of(std::string_view job_subject) {
    return number(last_token(job_subject));
}

std::string batch_of_beat(std::string_view beat_subject) {
    return std::string(last_token(beat_subject));
}

std::string item_key(std::int64_t number) {
    return std::to_string(number);
}

std::optional<std::int64_t> item_of_key(std::string_view key) {
    return number(key);
}

std::string waste_key(std::int64_t number, std::string_view worker, std::uint64_t delivery) {
    return fmt::format("{}{}/{}/{}", waste, number, worker, delivery);
}

bool is_waste(std::string_view key) {
    return key.starts_with(waste);
}

}  // namespace enough::fleet
