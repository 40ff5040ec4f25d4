// Files of the commands. Errors have the code io and name the file and the system's reason.
#pragma once

#include <string>
#include <string_view>

namespace cermet::tools {

std::string read_file(const std::string& path);
// Replaces the file as a whole, or leaves it as it was.
void write_file(const std::string& path, std::string_view contents);
// Makes the folder and those above it; one that is there is fine.
void make_folder(const std::string& path);
bool file_exists(const std::string& path);

}  // namespace cermet::tools
