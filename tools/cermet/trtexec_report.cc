#include "trtexec_report.h"

#include <algorithm>

#include "common/shapes.h"
#include "common/tensor_text.h"
#include "trtexec_log.h"

namespace cermet::tools::trtexec {
namespace {

std::string spread_text(const Spread& spread, const std::vector<double>& percentiles) {
  std::string text =
      fmt::format("min = {:.4f} ms, max = {:.4f} ms, mean = {:.4f} ms, median = {:.4f} ms",
                  spread.min(), spread.max(), spread.mean(), spread.median());
  for (const double percent : percentiles)
    text += fmt::format(", percentile({:g}%) = {:.4f} ms", percent, spread.percentile(percent));
  return text;
}

// One line for each `options.average_runs` runs; an incomplete rest has none, unless it is all.
void print_averages(const std::vector<Run>& runs, const Options& options) {
  const size_t count = std::min(static_cast<size_t>(options.average_runs), runs.size());
  info("Trace averages of {} runs:", count);
  for (size_t begin = 0; begin + count <= runs.size(); begin += count) {
    double sum = 0;
    for (size_t i = begin; i < begin + count; ++i) sum += runs[i].milliseconds();
    const double mean = sum / static_cast<double>(count);
    info(
        "Average on {} runs - GPU latency: {:.4f} ms - Host latency: {:.4f} ms (enqueue {:.4f} ms)",
        count, mean, mean, mean);
  }
}

void print_tensors(const char* what, const std::vector<TensorInfo>& tensors) {
  for (const TensorInfo& tensor : tensors)
    info("{} '{}': {} {}", what, tensor.name, name(tensor.type), dims_text(tensor));
}

// What the rows of trtexec mean here.
const char* words_on_times(const Measurement& measured, const Options& options, bool uses_gpu) {
  if (!uses_gpu)
    return "On a CPU nothing is transferred, so H2D and D2H are 0, and latency, enqueue and \"GPU "
           "compute\" time are all the time of the run.";
  if (measured.gpu_ms.empty())
    return "Steps of the host stand between those of the GPU, so latency, enqueue and GPU compute "
           "time are all the time of the run with its copies; H2D and D2H are not told apart (0).";
  if (options.no_data_transfers)
    return "Latency and enqueue time are the time of the run by the host's clock, GPU compute time "
           "is the GPU's; nothing is transferred, so H2D and D2H are 0.";
  return "Latency and enqueue time are the time of the run with its copies by the host's clock; "
         "GPU "
         "compute time is that of runs without copies by the GPU's, and H2D and D2H are not timed "
         "by themselves (0).";
}

std::string or_none(const std::string& text) { return text.empty() ? "none" : text; }

}  // namespace

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
  info("Device: {}", options.device);
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

void print_timing(const Measurement& measured, const Options& options, bool uses_gpu) {
  const std::vector<Run>& runs = measured.runs;
  const Spread times = Spread::of(runs), transfers({0.0});
  const Spread compute = measured.gpu_ms.empty() ? times : Spread(measured.gpu_ms);
  info("Warmup completed {} queries over {:.0f} ms", measured.warm_up_runs, measured.warm_up_ms);
  info("Timing trace has {} queries over {:.5f} s", runs.size(), measured.wall_ms() / 1000);
  info("");
  info("=== Trace details ===");
  print_averages(runs, options);
  info("");
  info("=== Performance summary ===");
  info("Throughput: {:.3f} qps", measured.runs_a_second());
  const std::pair<const char*, const Spread*> rows[] = {
      {"Latency", &times},         {"Enqueue Time", &times},
      {"H2D Latency", &transfers}, {"GPU Compute Time", &compute},
      {"D2H Latency", &transfers},
  };
  for (const auto& [title, spread] : rows)
    info("{}: {}", title, spread_text(*spread, options.percentiles));
  info("Total Host Walltime: {:.5f} s", measured.wall_ms() / 1000);
  info("Total GPU Compute Time: {:.5f} s",
       compute.mean() * static_cast<double>(runs.size()) / 1000);
  info("{}", words_on_times(measured, options, uses_gpu));
}

void print_profile(const LayerMeasurement& profile, const EngineSummary& summary) {
  const double total = profile.sum_ms();
  info("=== Profile ({} iterations ) ===", profile.runs);
  constexpr const char* row = "{:>11} {:>11} {:>11} {:>9}   {}";
  constexpr const char* figures = "{:>11.4f} {:>11.4f} {:>11.4f} {:>9.1f}   {}";
  info(row, "Time(ms)", "Avg.(ms)", "Median(ms)", "Time(%)", "Layer");
  const auto runs = static_cast<double>(profile.runs);
  double medians = 0;
  for (const LayerTimes& layer : profile.layers) {
    const double sum = layer.sum_ms();
    const double median = Spread(layer.milliseconds).median();
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
