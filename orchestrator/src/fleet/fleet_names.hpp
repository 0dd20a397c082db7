#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough::fleet {

/// The bucket in which every batch of a server stands under its id.
inline constexpr const char* batches_bucket = "enough_batches";

/// On which every batch's beats are heard.
inline constexpr const char* every_beat = "enough.beat.*";

/// Where things of one batch are found. An id is letters and digits.
std::string jobs_stream(std::string_view batch);
std::string runs_bucket(std::string_view batch);
std::string results_bucket(std::string_view batch);
std::string payloads_bucket(std::string_view batch);
std::string beat_subject(std::string_view batch);
std::string news_subject(std::string_view batch);

/// The names of models as one token: whom a server's permissions let subscribe to it may serve them.
std::string models_token(const std::vector<std::string>& models);
/// `enough.jobs.MODELS.BATCH.NUMBER`; without a number all of the batch.
std::string job_subject(const std::vector<std::string>& models, std::string_view batch,
                        std::optional<std::int64_t> number = std::nullopt);
/// The number at the end of a job's subject.
std::optional<std::int64_t> number_of(std::string_view job_subject);

std::string batch_of_beat(std::string_view beat_subject);

/// An item's key in the buckets of runs and results; of waste in the latter.
std::string item_key(std::int64_t number);
std::optional<std::int64_t> item_of_key(std::string_view key);
std::string waste_key(std::int64_t number, std::string_view worker, std::uint64_t delivery);
bool is_waste(std::string_view key);

}  // namespace enough::fleet
