#include "common/command_line.h"

#include <csignal>
#include <memory>

#include "common/errors.h"
#include "common/usage_error.h"

namespace cermet::tools {
namespace {

// What an option takes; where only a list of words says it, without CLI11's "TEXT:" before them.
std::string value_text(const CLI::Option& option) {
  if (option.get_type_size() == 0) return {};
  std::string type = option.get_type_name();
  if (type.starts_with("TEXT")) type.erase(0, type.size() > 4 ? 5 : 4);
  return type;
}

class HelpFormatter : public CLI::Formatter {
 public:
  // A flag that may have a value is "--flag{default}" to CLI11, and "--flag[=VALUE]" to people.
  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    const std::string name = CLI::Formatter::make_option_name(option, positional);
    return name.substr(0, name.find('{'));
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = value_text(*option);
    if (CLI::Formatter::make_option_name(option, false).find('{') != std::string::npos)
      return "[=" + text + "]";
    if (!text.empty()) text.insert(0, " ");
    if (option->get_required() && !option->get_positional()) text += " (required)";
    return text;
  }
};

bool any(const CLI::App*) { return true; }

// The words of a command come before all flags.
void require_known_command(const CLI::App& app, int argc, char** argv) {
  const auto commands = app.get_subcommands(any);
  if (commands.empty() || (argc >= 2 && argv[1][0] == '-')) return;
  std::string known;
  for (const CLI::App* command : commands) {
    if (argc >= 2 && command->get_name() == argv[1])
      return require_known_command(*command, argc - 1, argv + 1);
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  require(argc >= 2, ErrorCode::invalid_argument, "expected a command after '{}'; one of: {}",
          app.get_name(), known);
  fail(ErrorCode::invalid_argument, "there is no command '{}'; the commands are: {}", argv[1],
       known);
}

}  // namespace

void format_help(CLI::App& app) {
  const auto formatter = std::make_shared<HelpFormatter>();
  app.formatter(formatter);
  for (CLI::App* command : app.get_subcommands(any)) {
    command->formatter(formatter);
    command->footer(command->get_footer() + "\nExit status: 0 when all went well; `" +
                    app.get_name() + " --help` lists the others.\n");
  }
}

int parse_and_run(CLI::App& app, int argc, char** argv, const std::function<int()>& action) {
  // A limit on the size of files is an error like a full disk, not an end by a signal.
  std::signal(SIGXFSZ, SIG_IGN);
  const std::string program = app.get_name();
  format_help(app);
  return guarded(program, [&]() -> int {
    require_known_command(app, argc, argv);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& help_or_version) {
      return app.exit(help_or_version);
    } catch (const CLI::ParseError& error) {
      print_error(program, usage_error(app, error));
      std::string command = program;
      for (const CLI::App* chosen : app.get_subcommands()) command += ' ' + chosen->get_name();
      fmt::print(stderr, "Run `{} --help` for how to use it.\n", command);
      return exit_status(ErrorCode::invalid_argument);
    }
    return action();
  });
}

}  // namespace cermet::tools
