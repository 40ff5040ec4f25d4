// build_and_run [--device DEVICE] [--arch NAME]...: a line of its input holds a model's file and
// pairs of folders, all separated by tabs: where inputs are (input_0.pb ..), and where results go.
// It builds the model and runs it on the inputs of each pair, and prints "answer: " and JSON: what
// went wrong in which stage, and where steps with a kernel run.
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "cermet/builder.h"
#include "cermet/device_memory.h"
#include "common/inputs.h"
#include "common/outputs.h"
#include "plan/plan.h"
#include "runtime/engine_impl.h"

namespace {

using namespace cermet;
using nlohmann::json;

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; std::getline(stream, word, '\t');) words.push_back(word);
  return words;
}

// By step with a kernel: its operator and its place.
json placed_steps(const Engine& engine) {
  json steps = json::array();
  for_each_step(engine.impl().plan().root.steps, [&](const Step& step) {
    if (!needs_kernel(step.problem.kind)) return;
    steps.push_back({{"name", step.name},
                     {"op", step.problem.op},
                     {"tactic", step.choice.tactic},
                     {"place", name(step.place)}});
  });
  return steps;
}

void run(const std::shared_ptr<const Engine>& engine, const std::string& from,
         const std::string& to) {
  ExecutionContext context(engine, {.threads = 1});
  tools::InputOptions inputs;
  inputs.folder = from;
  tools::set_inputs(context, *engine, tools::gather_inputs(*engine, inputs));
  tools::OutputOptions outputs;
  outputs.folder = to;
  outputs.format = tools::FileFormat::pb;
  // A segment of the device is launched, captured as a graph, and then launched as that.
  for (int i = 0; i < 3; ++i) context.execute();
  tools::give_outputs(*engine, context, outputs);
}

json build_and_run(const std::vector<std::string>& words, BuildOptions options) {
  json result{{"error", ""}, {"remarks", json::array()}};
  options.logger = [&](Severity severity, std::string_view text) {
    if (severity != Severity::verbose) result["remarks"].push_back(text);
  };
  try {
    result["stage"] = "build";
    const auto bytes = build_engine(words.at(0), options);
    result["stage"] = "run";
    const std::shared_ptr<const Engine> engine = Engine::from_memory(bytes);
    result["steps"] = placed_steps(*engine);
    for (size_t i = 1; i + 1 < words.size(); i += 2) run(engine, words[i], words[i + 1]);
  } catch (const std::exception& error) {
    result["error"] = error.what();
  }
  return result;
}

// Making a card's context takes tenths of a second, and the last one to let go of it ends it: this
// one holds it from one case to the next. Where there is no card, builds say so.
std::optional<DeviceStream> held_card(const std::string& device) {
  if (!device.starts_with("cuda")) return std::nullopt;
  const size_t colon = device.find(':');
  try {
    return DeviceStream(colon == std::string::npos ? 0 : std::stoi(device.substr(colon + 1)));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

int main(int argc, char** argv) {
  BuildOptions options;
  options.tuning_budget = 0;
  options.threads = 1;
  options.device = "cpu";
  CLI::App app("Builds and runs what its input names");
  app.add_option("--device", options.device);
  app.add_option("--arch", options.architectures)->allow_extra_args(false);
  CLI11_PARSE(app, argc, argv);
  const std::optional<DeviceStream> card = held_card(options.device);
  for (std::string line; std::getline(std::cin, line);) {
    const json answer = build_and_run(words_of(line), options);
    fmt::print("answer: {}\n", answer.dump(-1, ' ', false, json::error_handler_t::replace));
    std::fflush(stdout);
  }
  return 0;
}
