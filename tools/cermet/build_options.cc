#include "build_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/checks.h"
#include "common/device_choice.h"
#include "common/errors.h"
#include "common/run_command.h"
#include "common/shapes.h"

namespace cermet::tools {
namespace {

// One profile: what is missing of min, opt and max follows from the others.
ShapeProfile profile_of(const BuildFlags& flags) {
  const InputShapes min = parse_shapes(flags.min_shapes);
  const InputShapes opt = parse_shapes(flags.opt_shapes);
  const InputShapes max = parse_shapes(flags.max_shapes);
  const InputShapes same = parse_shapes(flags.shapes);
  InputShapes names = same;
  for (const InputShapes* shapes : {&min, &opt, &max})
    for (const auto& [name, shape] : *shapes) {
      require(!same.contains(name), ErrorCode::invalid_argument,
              "input '{}' is in --shapes, which sets min, opt and max alike; leave it out of "
              "--min-shapes, --opt-shapes and --max-shapes",
              name);
      names.emplace(name, shape);
    }
  ShapeProfile profile;
  for (const auto& [name, shape] : names) {
    const auto pick = [&](std::initializer_list<const InputShapes*> order) {
      for (const InputShapes* shapes : order)
        if (const auto found = shapes->find(name); found != shapes->end()) return found->second;
      return shape;
    };
    profile.push_back(
        {name, pick({&min, &opt, &max}), pick({&opt, &max, &min}), pick({&max, &opt, &min})});
  }
  return profile;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

void add_shapes(CLI::App& command, const char* flag, std::string& into, const char* purpose) {
  command.add_option(flag, into, purpose)->type_name("NAME:SHAPE,..");
}

void add_formats(CLI::App& command, BuildFlags& flags) {
  command
      .add_option("--input-types", flags.input_formats.types,
                  "Types of inputs, as x:fp16,y:int32; one without a name is for all others")
      ->type_name("NAME:TYPE,..");
  command.add_option("--output-types", flags.output_formats.types, "Types of outputs")
      ->type_name("NAME:TYPE,..");
  command
      .add_option("--input-layouts", flags.input_formats.layouts,
                  "Layouts of inputs: nchw, as the model has them, or nhwc, channels last")
      ->type_name("NAME:LAYOUT,..");
  command.add_option("--output-layouts", flags.output_formats.layouts, "Layouts of outputs")
      ->type_name("NAME:LAYOUT,..");
}

}  // namespace

void add_architectures(CLI::App& command, std::vector<std::string>& architectures,
                       const char* purpose) {
  command.add_option("--arch", architectures, purpose)
      ->type_name("ARCH,..")
      ->delimiter(',')
      ->allow_extra_args(false);
}

void add_tuning_flags(CLI::App& command, const TuningFlags& flags) {
  command
      .add_option("--tuning-budget", flags.budget,
                  "Seconds of measuring kernels; 0: nothing is measured")
      ->type_name("SECONDS")
      ->check(number_from(0))
      ->capture_default_str();
  command
      .add_option("--timing-cache", flags.cache,
                  "Keep what was measured in this file, and use what it holds")
      ->type_name("FILE");
  command.add_flag("--frozen", flags.frozen,
                   "Measure nothing; a time that the timing cache lacks is an error");
  command.add_flag("!--no-validation", flags.validate,
                   "Don't compare chosen kernels with the model's nodes");
}

void add_build_flags(CLI::App& command, BuildFlags& flags) {
  BuildOptions& options = flags.options;
  add_shapes(command, "--min-shapes", flags.min_shapes,
             "Smallest shapes, as x:1x3x224x224,y:2x3; one alone sets all three");
  add_shapes(command, "--opt-shapes", flags.opt_shapes, "Shapes for which kernels are chosen");
  add_shapes(command, "--max-shapes", flags.max_shapes, "Largest shapes");
  add_shapes(command, "--shapes", flags.shapes, "All three at once");
  add_formats(command, flags);
  add_device(command, options.device,
             "Processor: auto (the first GPU if there is one), cpu, cuda, cuda:N, or cuda,cpu for a "
             "GPU's plan and one for machines without it");
  add_architectures(
      command, options.architectures,
      "Architectures of GPUs, as sm_80,sm_90a or compute_90 (PTX); no GPU is needed then");
  command.add_flag("!--no-fallback", options.fallback,
                   "Steps that the GPU can't do are an error, and do not run on the CPU");
  command
      .add_option("--memory-limit", flags.memory_limit,
                  "Most memory for activations, as 512M or 2G; more fails the build")
      ->type_name("BYTES");
  command.add_option("--threads", options.threads, "Threads it will run with; 0: one a core")
      ->type_name("N")
      ->check(whole_number(0));
  add_tuning_flags(command,
                   {options.tuning_budget, options.timing_cache, options.frozen, options.validate});
  const auto model = [&](const char* flag, ModelStorage meant, const char* purpose) {
    return command.add_flag_callback(flag, [&options, meant] { options.model = meant; }, purpose);
  };
  CLI::Option* kept = model("--keep-model", ModelStorage::kept,
                            "Keep the model in the engine, for cermet tune (default: where the "
                            "engine is for a GPU that is elsewhere)");
  model("--no-model", ModelStorage::left_out, "Never keep it")->excludes(kept);
  add_precision(command, options.precision);
  command.add_flag("--tf32", options.tf32, "Let products of float32 round their operands to TF32");
  command.add_option("--passes", flags.passes, "Run these passes alone; \"\" runs none")
      ->type_name("NAME,..");
  const auto repeated = [&](const char* flag, std::vector<std::string>& into, const char* purpose) {
    command.add_option(flag, into, purpose)->type_name("NAME")->allow_extra_args(false);
  };
  repeated("--skip-pass", options.skip_passes, "Leave a pass out; repeat for more");
  command
      .add_option("--stop-after", options.stop_after,
                  "Apply no patch after the Nth of a pass, to find a wrong one by bisection")
      ->type_name("PASS:N");
  repeated("--mark-output", options.marked_outputs, "Make a value an output too; repeat for more");
  repeated("--disable-tactic", options.disabled_tactics,
           "Never choose a tactic, by name or prefix such as onednn.; repeat for more");
  add_plugin_option(command, options.plugins);
}

BuildOptions build_options(const BuildFlags& flags) {
  BuildOptions options = flags.options;
  if (ShapeProfile profile = profile_of(flags); !profile.empty())
    options.profiles.push_back(std::move(profile));
  if (!flags.memory_limit.empty()) options.memory_limit = parse_bytes(flags.memory_limit);
  options.only_passes = split(flags.passes);
  options.input_formats = parse_formats("input", flags.input_formats);
  options.output_formats = parse_formats("output", flags.output_formats);
  return options;
}

void add_precision(CLI::App& command, Precision& precision) {
  const auto add = [&](const char* flag, Precision meant, const char* purpose) {
    return command.add_flag_callback(flag, [&precision, meant] { precision = meant; }, purpose);
  };
  CLI::Option* half =
      add("--fp16", Precision::float16, "Compute in float16 what the model computes in float32");
  add("--bf16", Precision::bfloat16, "The same in bfloat16")->excludes(half);
}

size_t parse_bytes(const std::string& text) {
  double amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  std::string suffix(end, text.data() + text.size());
  std::transform(suffix.begin(), suffix.end(), suffix.begin(), ::toupper);
  if (suffix.ends_with("IB")) suffix.resize(suffix.size() - 2);
  if (suffix.size() == 2 && suffix.ends_with("B")) suffix.pop_back();
  constexpr std::string_view units = "BKMGT";
  const size_t unit = suffix.empty() ? 0 : units.find(suffix);
  const double bytes = std::ldexp(amount, static_cast<int>(10 * std::min<size_t>(unit, 5)));
  require(error == std::errc() && suffix.size() <= 1 && unit < units.size() && bytes >= 1 &&
              bytes < std::ldexp(1.0, 62),
          ErrorCode::invalid_argument,
          "'{}' is no number of bytes; expected such as 4096, 512M or 1.5GiB", text);
  return static_cast<size_t>(bytes);
}

}  // namespace cermet::tools
