#include "common/usage_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace cermet::tools {
namespace {

const CLI::App& chosen_command(const CLI::App& app) {
  const CLI::App* command = &app;
  for (auto chosen = app.get_subcommands(); !chosen.empty(); chosen = command->get_subcommands())
    command = chosen.back();
  return *command;
}

// Letters to insert, delete or replace to make one of the other (Levenshtein).
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string unknown_flag(const CLI::App& command, const std::string& argument) {
  const std::string flag = argument.substr(0, argument.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  const std::string near = nearest(flag, names);
  return fmt::format("there is no flag '{}'{}", flag,
                     near.empty() ? "" : "; did you mean " + near + "?");
}

std::string surplus(const CLI::App& command, const std::string& argument) {
  std::string takes;
  for (const CLI::Option* option : command.get_options())
    if (option->get_positional()) takes += ' ' + option->get_name();
  return fmt::format("unexpected argument '{}'; besides flags there may be{}", argument,
                     takes.empty() ? " nothing" : takes);
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> names) {
  std::string best;
  size_t least = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : names) {
    // What only lacks its end is as near as can be.
    const size_t off = word.size() > 4 && name.starts_with(word) ? 1 : distance(word, name);
    if (off < least) {
      least = off;
      best = name;
    }
  }
  return best;
}

std::string usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = chosen_command(app);
  const std::vector<std::string> left = app.remaining(true);
  // What stands behind an unknown flag may be its value, and is no error of its own.
  for (const std::string& argument : left)
    if (argument.size() > 1 && argument[0] == '-') return unknown_flag(command, argument);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !left.empty())
    return surplus(command, left.front());
  return error.what();
}

}  // namespace cermet::tools
