// cermet check: every problem of a model, and what the model is.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cermet/builder.h"
#include "commands.h"
#include "common/errors.h"
#include "common/run_command.h"
#include "common/shapes.h"
#include "common/terminal.h"

namespace cermet::tools {
namespace {

struct CheckCommand {
  std::string model;
  std::vector<std::string> plugins;
  bool json = false;
};

const char* code_text(ErrorCode code) {
  return code == ErrorCode::unsupported ? "unsupported" : "invalid";
}

nlohmann::json infos_json(const std::vector<TensorInfo>& infos) {
  nlohmann::json list = nlohmann::json::array();
  for (const TensorInfo& info : infos)
    list.push_back({{"name", info.name}, {"type", name(info.type)}, {"shape", dims_text(info)}});
  return list;
}

void print_json(const ModelCheck& check) {
  nlohmann::json problems = nlohmann::json::array();
  for (const ModelProblem& problem : check.problems)
    problems.push_back({{"where", problem.where},
                        {"kind", code_text(problem.code)},
                        {"message", problem.message}});
  nlohmann::json opsets = nlohmann::json::object(), operators = nlohmann::json::object();
  for (const auto& [domain, version] : check.opsets) opsets[domain] = version;
  for (const auto& [op, count] : check.operators) operators[op] = count;
  const nlohmann::json report = {
      {"problems", std::move(problems)},     {"ir_version", check.ir_version},
      {"producer", check.producer},          {"opsets", std::move(opsets)},
      {"operators", std::move(operators)},   {"inputs", infos_json(check.inputs)},
      {"outputs", infos_json(check.outputs)}};
  fmt::print("{}\n", report.dump(2));
}

void print_infos(const char* title, const std::vector<TensorInfo>& infos) {
  for (const TensorInfo& info : infos)
    fmt::print("{:<10} {} ({} {})\n", title, info.name, name(info.type), dims_text(info));
}

void print_summary(const ModelCheck& check) {
  std::string opsets;
  for (const auto& [domain, version] : check.opsets)
    opsets += fmt::format("{}{} {}", opsets.empty() ? "" : ", ",
                          domain.empty() ? "ai.onnx" : domain, version);
  fmt::print("producer   {}\nIR version {}\nopsets     {}\n",
             check.producer.empty() ? "not named" : check.producer, check.ir_version, opsets);
  print_infos("input", check.inputs);
  print_infos("output", check.outputs);
  auto operators = check.operators;
  std::stable_sort(operators.begin(), operators.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  size_t nodes = 0;
  for (const auto& [op, count] : operators) nodes += count;
  fmt::print("nodes      {}\n", nodes);
  for (const auto& [op, count] : operators) fmt::print("{:>10} {}\n", count, op);
}

void print_problems(const ModelCheck& check) {
  for (const ModelProblem& problem : check.problems)
    fmt::print("{} {}{}\n",
               coloured(stdout, Colour::red, fmt::format("{}:", code_text(problem.code))),
               problem.where.empty() ? "" : problem.where + ": ", problem.message);
  if (check.problems.empty())
    fmt::print("{}\n", coloured(stdout, Colour::green, "no problems"));
  else
    fmt::print("{} problem{}\n", check.problems.size(), check.problems.size() == 1 ? "" : "s");
}

// A model that breaks ONNX's rules weighs more than one that Cermet can't build.
int status_of(const ModelCheck& check) {
  if (check.problems.empty()) return 0;
  const bool invalid = std::any_of(
      check.problems.begin(), check.problems.end(),
      [](const ModelProblem& problem) { return problem.code == ErrorCode::invalid_model; });
  return exit_status(invalid ? ErrorCode::invalid_model : check.problems.front().code);
}

int check(const CheckCommand& command) {
  const ModelCheck result = check_model(command.model, command.plugins);
  if (command.json) {
    print_json(result);
  } else {
    print_summary(result);
    print_problems(result);
  }
  return status_of(result);
}

}  // namespace

Action define_check(CLI::App& app) {
  const auto command = std::make_shared<CheckCommand>();
  app.add_option("MODEL", command->model, "The ONNX model")->required();
  add_plugin_option(app, command->plugins);
  app.add_flag("--json", command->json, "Print it for programs");
  app.footer(
      "\nThe exit status is 2 when the model breaks ONNX's rules, 3 when it needs what Cermet\n"
      "does not do.\n"
      "\nExamples:\n"
      "  cermet check net.onnx\n"
      "  cermet check net.onnx --json\n");
  return [command] { return check(*command); };
}

}  // namespace cermet::tools
