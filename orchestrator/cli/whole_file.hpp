#pragma once

#include <filesystem>
#include <string_view>

namespace enough::cli {

/// Writes a file beside its place and moves it there, so that nobody ever sees a part of it; makes its folder. Throws
/// `std::runtime_error` if that fails.
void write_whole_file(const std::filesystem::path& file, std::string_view content);

/// Before work is paid for: could the file be written, a folder be filled? Makes missing folders. Throws
/// `std::invalid_argument` if not.
void check_output(const std::filesystem::path& file);
void check_output_folder(const std::filesystem::path& folder);

}  // namespace enough::cli
