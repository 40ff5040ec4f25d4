// cermet inspect: what an engine consists of.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "commands.h"
#include "common/checks.h"
#include "common/errors.h"
#include "common/run_command.h"
#include "common/shapes.h"
#include "common/table.h"
#include "common/terminal.h"

namespace cermet::tools {
namespace {

struct InspectCommand {
  std::string engine;
  std::string shapes;
  std::vector<std::string> plugins;
  int threads = 0;  // 0: those that the engine was built for
  bool json = false;
  bool problems = false;
};

struct Inspection {
  std::vector<TensorInfo> inputs, outputs;
  EngineSummary summary;
  size_t reorders = 0, fusions = 0;
  InputShapes shapes;
  int threads = 1;
  std::optional<size_t> activation_bytes;  // nothing when sizes are open and none are given
  std::vector<Inspection> on_cpu;          // one, of the CPU's plan, where there are two
};

int threads_of(const InspectCommand& command, const EngineSummary& summary) {
  constexpr std::string_view flag = "--threads ";
  int threads = command.threads;
  const size_t at = summary.options.find(flag);
  if (threads == 0 && at != std::string::npos) {
    const char* end = summary.options.data() + summary.options.size();
    std::from_chars(summary.options.data() + at + flag.size(), end, threads);
  }
  return std::max(threads, 1);
}

Inspection inspect_plan(const InspectCommand& command, PlanChoice plan) {
  const auto engine = Engine::load(
      command.engine, {.logger = stderr_logger(false), .plugins = command.plugins, .plan = plan});
  Inspection result;
  result.inputs = engine->inputs();
  result.outputs = engine->outputs();
  result.summary = engine->summary();
  result.threads = threads_of(command, result.summary);
  result.reorders = static_cast<size_t>(
      std::count_if(result.summary.steps.begin(), result.summary.steps.end(),
                    [](const StepInfo& step) { return step.kind == "reorder"; }));
  result.fusions = static_cast<size_t>(
      std::count_if(result.summary.steps.begin(), result.summary.steps.end(),
                    [](const StepInfo& step) { return step.origin.size() > 1; }));
  const InputShapes given = parse_shapes(command.shapes);
  check_names(given, result.inputs);
  try {
    for (const TensorInfo& input : result.inputs)
      if (input.kind == Value::Kind::tensor)
        result.shapes[input.name] = input_shape(input, given, result.summary.profiles);
  } catch (const Error&) {
    if (!given.empty()) throw;
    return result;
  }
  result.activation_bytes = engine->activation_bytes(result.shapes, result.threads);
  return result;
}

Inspection inspect_engine(const InspectCommand& command) {
  Inspection result = inspect_plan(command, PlanChoice::gpu);
  if (result.summary.plans.size() > 1)
    result.on_cpu.push_back(inspect_plan(command, PlanChoice::cpu));
  return result;
}

const char* kind_text(Value::Kind kind) {
  constexpr const char* texts[] = {"tensor", "sequence", "optional"};
  return texts[static_cast<int>(kind)];
}

nlohmann::json infos_json(const std::vector<TensorInfo>& infos) {
  nlohmann::json list = nlohmann::json::array();
  for (const TensorInfo& info : infos) {
    nlohmann::json dims;
    if (info.dims) dims = *info.dims;
    list.push_back({{"name", info.name},
                    {"kind", kind_text(info.kind)},
                    {"type", name(info.type)},
                    {"dims", std::move(dims)}});
  }
  return list;
}

nlohmann::json profiles_json(const std::vector<ShapeProfile>& profiles) {
  nlohmann::json list = nlohmann::json::array();
  for (const ShapeProfile& profile : profiles) {
    nlohmann::json inputs = nlohmann::json::object();
    for (const ShapeRange& range : profile)
      inputs[range.name] = {{"min", range.min}, {"opt", range.opt}, {"max", range.max}};
    list.push_back(std::move(inputs));
  }
  return list;
}

nlohmann::json steps_json(const std::vector<StepInfo>& steps) {
  nlohmann::json list = nlohmann::json::array();
  for (const StepInfo& step : steps)
    list.push_back({{"name", step.name},
                    {"kind", step.kind},
                    {"problem", step.problem},
                    {"tactic", step.tactic},
                    {"configuration", step.configuration},
                    {"nodes", step.origin},
                    {"depth", step.depth},
                    {"place", step.place}});
  return list;
}

nlohmann::json inspection_json(const Inspection& it) {
  nlohmann::json activation_bytes;
  if (it.activation_bytes) activation_bytes = *it.activation_bytes;
  nlohmann::json shapes = nlohmann::json::object();
  for (const auto& [name, shape] : it.shapes) shapes[name] = shape;
  nlohmann::json report = {{"version", it.summary.version},
                           {"options", it.summary.options},
                           {"requirements", it.summary.requirements},
                           {"inputs", infos_json(it.inputs)},
                           {"outputs", infos_json(it.outputs)},
                           {"profiles", profiles_json(it.summary.profiles)},
                           {"slice_items", it.summary.slice_items},
                           {"model_bytes", it.summary.model_bytes},
                           {"constant_bytes", it.summary.constant_bytes},
                           {"activation_bytes", std::move(activation_bytes)},
                           {"shapes", std::move(shapes)},
                           {"threads", it.threads},
                           {"fusions", it.fusions},
                           {"reorders", it.reorders},
                           {"steps", steps_json(it.summary.steps)}};
  for (const Inspection& on_cpu : it.on_cpu) report["on_cpu"] = inspection_json(on_cpu);
  return report;
}

void print_infos(const char* title, const std::vector<TensorInfo>& infos) {
  for (const TensorInfo& info : infos)
    fmt::print("{:<12} {} ({}{} {})\n", title, info.name,
               info.kind == Value::Kind::tensor ? "" : fmt::format("{} of ", kind_text(info.kind)),
               name(info.type), dims_text(info));
}

void print_profiles(const std::vector<ShapeProfile>& profiles) {
  for (size_t i = 0; i < profiles.size(); ++i)
    for (const ShapeRange& range : profiles[i])
      fmt::print("profile {:<4} {}: min {}, opt {}, max {}\n", i, range.name, shape_text(range.min),
                 shape_text(range.opt), shape_text(range.max));
}

void print_memory(const Inspection& it) {
  fmt::print("constants    {} ({} bytes)\n", bytes_text(it.summary.constant_bytes),
             it.summary.constant_bytes);
  if (it.activation_bytes)
    fmt::print("activations  {} ({} bytes), {} thread(s), at the shapes {}\n",
               bytes_text(*it.activation_bytes), *it.activation_bytes, it.threads, [&] {
                 std::string text;
                 for (const auto& [name, shape] : it.shapes)
                   text += fmt::format("{}{}:{}", text.empty() ? "" : ",", name, shape_text(shape));
                 return text;
               }());
  else
    fmt::print("activations  depend on the shapes; give them by --shapes\n");
}

// For engines that use a GPU.
void print_places(const std::vector<StepInfo>& steps) {
  const auto count = [&](auto holds) { return std::count_if(steps.begin(), steps.end(), holds); };
  const auto there = count([](const StepInfo& step) { return step.place == "device"; });
  const auto copies = count([](const StepInfo& step) { return step.kind == "copy"; });
  if (there == 0) return;
  fmt::print("places       {} steps on the GPU, {} on the CPU, {} copies between them\n", there,
             static_cast<std::ptrdiff_t>(steps.size()) - there - copies, copies);
}

void print_steps(const Inspection& it, bool problems) {
  std::vector<Table::Column> columns = {
      {"step", Table::Align::right}, {"name"}, {"kind"}, {"tactic"}, {"configuration"}, {"nodes"}};
  if (problems) columns.push_back({"problem"});
  Table table(std::move(columns));
  for (size_t i = 0; i < it.summary.steps.size(); ++i) {
    const StepInfo& step = it.summary.steps[i];
    std::vector<std::string> row = {
        fmt::format("{}", i),
        std::string(2 * static_cast<size_t>(step.depth), ' ') + step.name,
        step.kind,
        step.tactic,
        step.configuration,
        fmt::format("{}", fmt::join(step.origin, " "))};
    if (problems) row.push_back(step.problem);
    table.add(std::move(row));
  }
  table.print();
}

// Not all engines can be tuned again.
void print_model(size_t bytes) {
  if (bytes > 0)
    fmt::print("model        kept, {} beside the constants: `cermet tune` measures again\n",
               bytes_text(bytes));
  else
    fmt::print("model        not kept\n");
}

void print_plan(const Inspection& it, bool problems) {
  if (!it.summary.options.empty()) fmt::print("options      {}\n", it.summary.options);
  for (const std::string& requirement : it.summary.requirements)
    fmt::print("needs        {}\n", requirement);
  print_infos("input", it.inputs);
  print_infos("output", it.outputs);
  print_profiles(it.summary.profiles);
  if (it.summary.slice_items > 0)
    fmt::print("batch        in slices of {}\n", it.summary.slice_items);
  print_memory(it);
  print_places(it.summary.steps);
  fmt::print("steps        {}, of them made of several ONNX nodes: {}, reorders: {}\n\n",
             it.summary.steps.size(), it.fusions, it.reorders);
  print_steps(it, problems);
}

void print_text(const Inspection& it, bool problems) {
  fmt::print("Cermet       {}\n", it.summary.version);
  print_model(it.summary.model_bytes);
  if (!it.on_cpu.empty()) fmt::print("plans        one for the GPU, one for the CPU\n\n");
  print_plan(it, problems);
  for (const Inspection& on_cpu : it.on_cpu) {
    fmt::print("\nThe plan for machines on which that for the GPU can't run:\n");
    print_plan(on_cpu, problems);
  }
}

}  // namespace

Action define_inspect(CLI::App& app) {
  const auto command = std::make_shared<InspectCommand>();
  app.add_option("ENGINE", command->engine, "The engine file")->required();
  app.add_option("--shapes", command->shapes,
                 "Shapes for which to print the bytes of activations (default: the profile's opt)")
      ->type_name("NAME:SHAPE,..");
  app.add_option("--threads", command->threads,
                 "Threads that activations are planned for (default: those of the build)")
      ->type_name("N")
      ->check(whole_number(1));
  add_plugin_option(app, command->plugins);
  app.add_flag("--problems", command->problems, "Print the whole problem of each step too");
  app.add_flag("--json", command->json, "Print it for programs");
  app.footer(
      "\nExamples:\n"
      "  cermet inspect net.engine\n"
      "  cermet inspect net.engine --shapes x:8x3x224x224 --json\n");
  return [command] {
    const Inspection inspection = inspect_engine(*command);
    if (command->json)
      fmt::print("{}\n", inspection_json(inspection).dump(2));
    else
      print_text(inspection, command->problems);
    return 0;
  };
}

}  // namespace cermet::tools
