#include "common/command_line.h"

#include "common/errors.h"

namespace cermet::tools {

int parse_and_run(CLI::App& app, int argc, char** argv, const std::function<int()>& action) {
  const std::string program = app.get_name();
  return guarded(program, [&]() -> int {
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& help_or_version) {
      return app.exit(help_or_version);
    } catch (const CLI::ParseError& error) {
      print_error(program, error.what());
      std::string command = program;
      for (const CLI::App* chosen : app.get_subcommands()) command += ' ' + chosen->get_name();
      fmt::print(stderr, "Run `{} --help` for how to use it.\n", command);
      return exit_status(ErrorCode::invalid_argument);
    }
    return action();
  });
}

}  // namespace cermet::tools
