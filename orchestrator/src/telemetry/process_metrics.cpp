#include "telemetry/process_metrics.hpp"

#include <enough/orchestrator/version.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

namespace enough {
namespace {

/// Of /proc/self/stat, see proc_pid_stat(5).
struct ProcessTimes {
    double cpu_seconds = 0;
    double start_seconds = 0;  ///< since the epoch
    double virtual_bytes = 0;
    double resident_bytes = 0;
};

std::optional<double> boot_time() {
    std::ifstream in("/proc/stat");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("btime ")) return std::stod(line.substr(6));
    return std::nullopt;
}

std::optional<ProcessTimes> process_times() {
    std::ifstream in("/proc/self/stat");
    std::string line;
    if (!std::getline(in, line)) return std::nullopt;
    std::istringstream rest(line.substr(line.rfind(')') + 1));  // the name before it may hold blanks
    std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
    const auto boot = boot_time();
    if (fields.size() < 22 || !boot) return std::nullopt;
    const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto field = [&](std::size_t number) { return std::stod(fields[number - 3]); };  // as numbered in the manual
    ProcessTimes times;
    times.cpu_seconds = (field(14) + field(15)) / ticks;
    times.start_seconds = *boot + field(22) / ticks;
    times.virtual_bytes = field(23);
    times.resident_bytes = field(24) * static_cast<double>(sysconf(_SC_PAGESIZE));
    return times;
}

std::optional<double> open_descriptors() {
    std::error_code error;
    std::filesystem::directory_iterator entries("/proc/self/fd", error);
    if (error) return std::nullopt;
    return static_cast<double>(std::distance(entries, std::filesystem::directory_iterator())) - 1;  // less this one
}

std::optional<double> most_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
    return static_cast<double>(limit.rlim_cur);
}

}  // namespace

void add_process_metrics(MetricRegistry& registry) {
    const auto gauge = [&](const char* name, const char* help) -> Metric& {
        return registry.add({.kind = MetricKind::gauge, .name = name, .help = help, .labels = {}});
    };
    Metric& build = registry.add({.kind = MetricKind::gauge,
                                  .name = "enough_build_info",
                                  .help = "Always 1; the label says which version of enough this is.",
                                  .labels = {"version"}});
    build.set({version}, 1);
    Metric& cpu = registry.add({.kind = MetricKind::counter,
                                .name = "process_cpu_seconds_total",
                                .help = "User and system CPU time spent, in seconds.",
                                .labels = {}});
    Metric& start = gauge("process_start_time_seconds", "Start time of the process, in seconds since the epoch.");
    Metric& resident = gauge("process_resident_memory_bytes", "Resident memory, in bytes.");
    Metric& reserved = gauge("process_virtual_memory_bytes", "Virtual memory, in bytes.");
    Metric& open = gauge("process_open_fds", "Open file descriptors.");
    Metric& most = gauge("process_max_fds", "Most file descriptors that may be open.");
    registry.before_text([&cpu, &start, &resident, &reserved, &open, &most] {
        if (const auto times = process_times()) {
            cpu.set({}, times->cpu_seconds);
            start.set({}, times->start_seconds);
            reserved.set({}, times->virtual_bytes);
            resident.set({}, times->resident_bytes);
        }
        if (const auto count = open_descriptors()) open.set({}, *count);
        if (const auto count = most_descriptors()) most.set({}, *count);
    });
}

}  // namespace enough
