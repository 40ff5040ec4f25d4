#include "trtexec_report.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/shapes.h"
#include "common/tensor_text.h"
#include "trtexec_log.h"

namespace cermet::tools::trtexec {
namespace {

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::vector<double> run_times(const Timing& timing) {
  std::vector<double> times;
  for (const Trace& trace : timing.traces) times.push_back(trace.run_ms());
  return times;
}

std::string spread_text(const std::vector<double>& values, const std::vector<double>& percentiles) {
  const Spread spread = spread_of(values, percentiles);
  std::string text =
      fmt::format("min = {:.4f} ms, max = {:.4f} ms, mean = {:.4f} ms, median = {:.4f} ms",
                  spread.min, spread.max, spread.mean, spread.median);
  for (size_t i = 0; i < percentiles.size(); ++i)
    text += fmt::format(", percentile({:g}%) = {:.4f} ms", percentiles[i], spread.percentiles[i]);
  return text;
}

// One line for each `options.average_runs` runs; an incomplete rest has none, unless it is all.
void print_averages(const std::vector<double>& times, const Options& options) {
  const size_t count = std::min(static_cast<size_t>(options.average_runs), times.size());
  info("Trace averages of {} runs:", count);
  for (size_t begin = 0; begin + count <= times.size(); begin += count) {
    const auto first = times.begin() + static_cast<std::ptrdiff_t>(begin);
    const double mean = std::accumulate(first, first + static_cast<std::ptrdiff_t>(count), 0.0) /
                        static_cast<double>(count);
    info(
        "Average on {} runs - GPU latency: {:.4f} ms - Host latency: {:.4f} ms (enqueue {:.4f} ms)",
        count, mean, mean, mean);
  }
}

void print_tensors(const char* what, const std::vector<TensorInfo>& tensors) {
  for (const TensorInfo& tensor : tensors)
    info("{} '{}': {} {}", what, tensor.name, name(tensor.type), dims_text(tensor));
}

std::string or_none(const std::string& text) { return text.empty() ? "none" : text; }

}  // namespace

Spread spread_of(std::vector<double> values, const std::vector<double>& percentiles) {
  std::sort(values.begin(), values.end());
  const size_t count = values.size();
  Spread spread{values.front(),
                values.back(),
                sum_of(values) / static_cast<double>(count),
                (values[(count - 1) / 2] + values[count / 2]) / 2,
                {}};
  for (const double percentile : percentiles) {
    const auto rank = static_cast<size_t>(std::ceil(percentile / 100 * static_cast<double>(count)));
    spread.percentiles.push_back(values[std::clamp<size_t>(rank, 1, count) - 1]);
  }
  return spread;
}

void print_options(const Options& options) {
  info("=== Model Options ===");
  info("Format: {}", options.onnx.empty() ? "*" : "ONNX");
  info("Model: {}", options.onnx);
  info("=== Build Options ===");
  info("Memory Pools: {}", or_none(options.memory_pools));
  info("Precision: the model's own types");
  info("Tuning budget: {} s", options.tuning_budget);
  info("Save engine: {}", options.save_engine);
  info("Load engine: {}", options.load_engine);
  const std::pair<const char*, const std::string*> shapes[] = {
      {"min", &options.min_shapes}, {"opt", &options.opt_shapes}, {"max", &options.max_shapes}};
  for (const auto& [which, text] : shapes)
    info("Input build shapes ({}): {}", which, or_none(text->empty() ? options.shapes : *text));
  info("=== System Options ===");
  info("Device: CPU");
  info("=== Inference Options ===");
  info("Input inference shapes: {}", or_none(options.shapes));
  info("Iterations: {}", options.iterations);
  info("Duration: {}s (+ {}ms warm up)", options.duration, options.warm_up_ms);
  info("Sleep time: {}ms", options.sleep_ms);
  info("Idle time: {}ms", options.idle_ms);
  info("Inference Streams: {}, threads of each: {}", options.streams, threads_of(options));
  info("Skip inference: {}", options.skip_inference ? "Enabled" : "Disabled");
  info("Inputs: {}", options.load_inputs);
  info("=== Reporting Options ===");
  info("Verbose: {}", options.verbose ? "Enabled" : "Disabled");
  info("Averages: {} inferences", options.average_runs);
  info("Percentiles: {:g}", fmt::join(options.percentiles, ","));
  info("");
}

void print_timing(const Timing& timing, const Options& options) {
  const std::vector<double> times = run_times(timing);
  const std::vector<double> transfers(times.size(), 0.0);
  info("Warmup completed {} queries over {:.0f} ms", timing.warm_up_runs, timing.warm_up_ms);
  info("Timing trace has {} queries over {:.5f} s", times.size(), timing.wall_ms / 1000);
  info("");
  info("=== Trace details ===");
  print_averages(times, options);
  info("");
  info("=== Performance summary ===");
  info("Throughput: {:.3f} qps", 1000 * static_cast<double>(times.size()) / timing.wall_ms);
  const std::pair<const char*, const std::vector<double>*> rows[] = {
      {"Latency", &times},          {"Enqueue Time", &times},    {"H2D Latency", &transfers},
      {"GPU Compute Time", &times}, {"D2H Latency", &transfers},
  };
  for (const auto& [title, values] : rows)
    info("{}: {}", title, spread_text(*values, options.percentiles));
  info("Total Host Walltime: {:.5f} s", timing.wall_ms / 1000);
  info("Total GPU Compute Time: {:.5f} s", sum_of(times) / 1000);
  info(
      "On a CPU nothing is transferred, so H2D and D2H are 0, and latency, enqueue and \"GPU "
      "compute\" time are all the time of the run.");
}

void print_profile(const Profile& profile, const EngineSummary& summary) {
  double total = 0;
  for (const LayerTimes& layer : profile.layers) total += sum_of(layer.milliseconds);
  info("=== Profile ({} iterations ) ===", profile.runs);
  constexpr const char* row = "{:>11} {:>11} {:>11} {:>9}   {}";
  constexpr const char* figures = "{:>11.4f} {:>11.4f} {:>11.4f} {:>9.1f}   {}";
  info(row, "Time(ms)", "Avg.(ms)", "Median(ms)", "Time(%)", "Layer");
  const auto runs = static_cast<double>(profile.runs);
  double medians = 0;
  for (const LayerTimes& layer : profile.layers) {
    const double sum = sum_of(layer.milliseconds);
    const double median = spread_of(layer.milliseconds, {}).median;
    medians += median;
    info(figures, sum, sum / runs, median, total > 0 ? 100 * sum / total : 0,
         summary.steps[layer.step].name);
  }
  info(figures, total, total / runs, medians, total > 0 ? 100.0 : 0.0, "Total");
}

void print_layers(const Engine& engine) {
  info("Layer Information:");
  for (const StepInfo& step : engine.summary().steps)
    info("Name: {}, LayerType: {}, TacticName: {}, ONNX nodes: {}", step.name, step.kind,
         step.tactic, fmt::join(step.origin, " "));
  info("Bindings:");
  print_tensors("input", engine.inputs());
  print_tensors("output", engine.outputs());
}

void print_outputs(const Engine& engine, const ExecutionContext& context) {
  info("Output Tensors:");
  for (const TensorInfo& output : engine.outputs()) {
    if (output.kind != Value::Kind::tensor) {
      info("{}: ({})", output.name, value_summary(context.output_value(output.name)));
      continue;
    }
    const ConstTensorView tensor = context.output(output.name);
    std::string values;
    for (int64_t i = 0; i < tensor.elements(); ++i)
      values += (i > 0 ? " " : "") + element_text(tensor, i);
    info("{}: ({})", output.name, shape_text(tensor.shape));
    info("{}", values);
  }
}

}  // namespace cermet::tools::trtexec
