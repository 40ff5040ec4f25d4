// What is wrong with a command line, for people.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>

namespace cermet::tools {

// The text of an error of CLI11, for the app or the subcommand of it that was chosen: unknown flags
// come before anything else that is wrong, with the nearest flag that there is.
std::string usage_error(const CLI::App& app, const CLI::ParseError& error);

// The name that `word` most likely was meant to be; empty where none is near.
std::string nearest(std::string_view word, std::span<const std::string> names);

}  // namespace cermet::tools
