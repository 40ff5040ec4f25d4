// Parsing with CLI11 in the way of these commands.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace cermet::tools {

// Gives --help the form that all commands share.
void format_help(CLI::App& app);

// Parses, calls `action` unless help or the version was asked for, and returns the exit status:
// wrong use ends with that of invalid_argument, whatever number CLI11 has for it.
int parse_and_run(CLI::App& app, int argc, char** argv, const std::function<int()>& action);

}  // namespace cermet::tools
