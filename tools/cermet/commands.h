// The subcommands: each is defined in the file of its name.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace cermet::tools {

// What a subcommand does once the command line is parsed; the result is the exit status.
using Action = std::function<int()>;

Action define_build(CLI::App& command);
Action define_tune(CLI::App& command);
Action define_run(CLI::App& command);
Action define_inspect(CLI::App& command);
Action define_check(CLI::App& command);
Action define_bench(CLI::App& command);
Action define_report(CLI::App& command);
Action define_debug(CLI::App& command);
Action define_trtexec(CLI::App& command);
Action define_devices(CLI::App& command);

}  // namespace cermet::tools
