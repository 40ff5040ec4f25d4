#include "builder/options_text.h"

#include <fmt/format.h>

namespace cermet {
namespace {

void add_flag(std::string& text, std::string_view flag) {
  text += fmt::format("{}{}", text.empty() ? "" : " ", flag);
}

void add(std::string& text, std::string_view flag, std::string_view value) {
  add_flag(text, fmt::format("{} {}", flag, value));
}

void add_formats(std::string& text, std::string_view side,
                 const std::vector<TensorFormat>& formats) {
  for (const TensorFormat& format : formats) {
    const std::string prefix = format.name.empty() ? "" : format.name + ":";
    if (format.type != ElementType::undefined)
      add(text, fmt::format("--{}-types", side), prefix + std::string(name(format.type)));
    if (format.layout == TensorLayout::channels_last)
      add(text, fmt::format("--{}-layouts", side), prefix + "nhwc");
  }
}

}  // namespace

std::string options_text(const BuildOptions& options, int threads) {
  std::string text;
  add(text, "--threads", fmt::format("{}", threads));
  if (options.memory_limit > 0)
    add(text, "--memory-limit", fmt::format("{}", options.memory_limit));
  if (options.precision == Precision::float16) add_flag(text, "--fp16");
  if (options.precision == Precision::bfloat16) add_flag(text, "--bf16");
  if (options.tf32) add_flag(text, "--tf32");
  add_formats(text, "input", options.input_formats);
  add_formats(text, "output", options.output_formats);
  if (!options.all_passes)
    add(text, "--passes", fmt::format("\"{}\"", fmt::join(options.only_passes, ",")));
  for (const std::string& pass : options.skip_passes) add(text, "--skip-pass", pass);
  if (!options.stop_after.empty()) add(text, "--stop-after", options.stop_after);
  for (const std::string& value : options.marked_outputs) add(text, "--mark-output", value);
  for (const std::string& tactic : options.disabled_tactics) add(text, "--disable-tactic", tactic);
  if (!options.tactic_sources.empty())
    add(text, "--tactic-sources", fmt::format("{}", fmt::join(options.tactic_sources, ",")));
  return text;
}

}  // namespace cermet
