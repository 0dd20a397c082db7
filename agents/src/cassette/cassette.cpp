#include <enough/agents/cassette.hpp>

#include "cassette/call_json.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

[[noreturn]] void refuse_line(std::size_t number, const std::string& why) {
    throw std::invalid_argument("line " + std::to_string(number) + ": " + why);
}

enum class LineEnd { newline, end_of_file, too_long };

// Unlike std::getline, it does not take in more than `longest` bytes before it refuses them.
LineEnd read_line(std::istream& in, std::string& line, std::size_t longest) {
    line.clear();
    auto& buffer = *in.rdbuf();
    using Traits = std::istream::traits_type;
    for (auto c = buffer.sbumpc(); !Traits::eq_int_type(c, Traits::eof()); c = buffer.sbumpc()) {
        if (c == '\n') return LineEnd::newline;
        if (line.size() == longest) return LineEnd::too_long;
        line += Traits::to_char_type(c);
    }
    return LineEnd::end_of_file;
}

}  // namespace

CassetteWriter::CassetteWriter(const std::filesystem::path& file, const std::string& created)
    : file_(file), out_(file, std::ios::trunc | std::ios::binary) {
    if (out_) out_ << header_line(created) + '\n' << std::flush;
    if (!out_) throw std::runtime_error("cannot write " + file.string() + ": " + std::strerror(errno));
}

void CassetteWriter::write(const RecordedCall& call) {
    const std::string line = call_line(call) + '\n';
    const std::lock_guard lock(mutex_);
    out_ << line << std::flush;  // does nothing once a write has failed: a torn line stays the last
}

std::optional<std::string> CassetteWriter::error() const {
    const std::lock_guard lock(mutex_);
    if (out_) return std::nullopt;
    return "calls could not all be written to " + file_.string();
}

std::shared_ptr<Tape> read_cassette(std::istream& in, std::size_t longest_line) {
    auto tape = std::make_shared<Tape>();
    std::string line;
    bool header = false;
    LineEnd end = LineEnd::newline;
    for (std::size_t number = 1; end == LineEnd::newline; ++number) {
        end = read_line(in, line, longest_line);
        if (end == LineEnd::too_long) refuse_line(number, "longer than " + std::to_string(longest_line) + " bytes");
        if (line.empty()) continue;
        const json value = json::parse(line, nullptr, false);
        const bool torn = value.is_discarded() && end == LineEnd::end_of_file;
        if (torn && header) break;
        if (value.is_discarded()) refuse_line(number, header ? "not JSON" : "no cassette: not JSON");
        try {
            if (header)
                tape->add(call_from_json(value));
            else
                tape->set_created(read_header(value));
            header = true;
        } catch (const std::invalid_argument& error) {
            refuse_line(number, error.what());
        }
    }
    if (!header) refuse_line(1, "no cassette: it is empty");
    return tape;
}

std::shared_ptr<Tape> read_cassette(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string() + ": " + std::strerror(errno));
    try {
        return read_cassette(in);
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(file.string() + ": " + error.what());
    } catch (const std::ios_base::failure& error) {
        throw std::runtime_error("cannot read " + file.string() + ": " + error.what());
    }
}

}  // namespace enough
