#include "backends/cuda/build/gathered_convolution.h"

#include <algorithm>

#include "backends/cuda/build/convolution_sizes.h"
#include "backends/cuda/build/estimate.h"
#include "expr/relayout.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 128;
constexpr int64_t most_weights = int64_t{1} << 31;  // offsets between taps are ints

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_convolution(problem)) return reason;
  if (!is_channels_last(*problem.inputs[0]) || !is_channels_last(*problem.outputs[0]))
    return "image and result have to be channels-last";
  if (query.constant(1) == nullptr) return "the weights are no constant";
  if (product(*problem.inputs[1]->type.dims).constant() >= most_weights)
    return "there are too many weights";
  const ConvolutionSizes sizes(KernelWriter(problem, ""));
  if (sizes.filters == Dim(0)) return "there are no filters";
  return std::nullopt;
}

std::optional<std::string> rejects_transposed(const TacticQuery& query) {
  if (query.problem().op != "ConvTranspose") return "computes transposed convolutions only";
  return rejects(query);
}

std::optional<std::string> rejects_plain(const TacticQuery& query) {
  if (query.problem().op != "Conv") return "computes no transposed convolutions";
  return rejects(query);
}

// The largest power of two up to `most` that divides the size.
int64_t dividing_power(int64_t size, int64_t most) {
  while (most > 1 && size % most != 0) most /= 2;
  return most;
}

int64_t vector_of(const Problem& problem, const Dim& size) {
  const int bytes = std::max(bit_width(problem.inputs[0]->type.element) / 8,
                             bit_width(problem.outputs[0]->type.element) / 8);
  return dividing_power(size.constant(), 16 / bytes);
}

std::vector<std::string> configurations(const TacticQuery&) { return {"p4", "p2", "p1", "p8"}; }
int pixels_of(std::string_view configuration) { return configuration.back() - '0'; }

DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  const Problem& problem = query.problem();
  const int pixels = pixels_of(configuration);
  KernelWriter writer(problem, "gathered_convolution_kernel");
  const ConvolutionSizes sizes(writer);
  writer.include("gathered_convolution.cu");
  const int64_t vector = vector_of(problem, sizes.filters);
  SizeStruct text = sizes.text();
  text.add("vector", vector);
  text.add("depth", vector_of(problem, sizes.channels));
  text.add("pixels", pixels);
  const ConvolutionSizes::Axis& last = sizes.axes[2];
  const Dim step = sizes.transposed ? last.stride : Dim(1);  // between a thread's results
  text.add("transposed", sizes.transposed ? 1 : 0);
  text.add("result_step", step);
  text.add("image_step", sizes.transposed ? Dim(1) : last.stride);
  text.write(writer);
  write_finish(writer, sizes.spatial);
  writer.body(fmt::format("gathered_convolution(sizes, {}, {}, {}, {}, finish);\n", writer.input(0),
                          writer.input(1), convolution_bias(writer), writer.output(0)));
  const Dim tiles = ceil_div(last.output, step * pixels) * step;
  const Dim total = sizes.batch * sizes.groups * floor_div(sizes.filters, Dim(vector)) * tiles *
                    sizes.axes[0].output * sizes.axes[1].output;
  DeviceSource source;
  writer.finish({{blocks_for(total, threads), 1, 1}, {threads, 1, 1}}, source);
  return source;
}

// Products at a third of the card's rate, where the multiprocessors all have work.
double estimate(const TacticQuery& query, std::string_view configuration) {
  const double best = convolution_us(query, 0.35);
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (best < 0 || !shapes) return -1;
  const int pixels = pixels_of(configuration);
  const CardRates rates = rates_of(query.architecture);
  const auto vector = static_cast<double>(
      vector_of(query.problem(), ConvolutionSizes(KernelWriter(query.problem(), "")).filters));
  const double warps =
      static_cast<double>(element_count(*shapes->outputs[0])) / (vector * pixels * 32);
  const double filled = std::min(1.0, warps / (8.0 * rates.multiprocessors));
  const double overhead = 0.8 + 1.0 / pixels + 1.0 / vector;
  return rates.launch_us + 1 + (best - rates.launch_us) * overhead / std::max(filled, 0.05);
}

// [g, m, c, k], transposed [g, c, m, k], as [k, g, c, m].
std::optional<PackedConstant> pack(const TacticQuery& query) {
  const Tensor& weights = *query.constant(1);
  const ConvolutionSizes sizes(KernelWriter(query.problem(), ""));
  const int64_t groups = sizes.groups.constant(), filters = sizes.filters.constant(),
                channels = sizes.channels.constant();
  int64_t taps = 1;
  for (const ConvolutionSizes::Axis& axis : sizes.axes) taps *= axis.window.constant();
  Layout layout;
  layout.order = {3, 0, 2, 1};
  Shape shape{groups, filters, channels, taps};
  if (sizes.transposed) {
    layout.order = {3, 0, 1, 2};
    std::swap(shape[1], shape[2]);
  }
  return PackedConstant{1, relayout(weights.reshaped(shape), Layout{}, layout),
                        fmt::format("cuda.gathered_convolution kgcm {}{}", groups,
                                    sizes.transposed ? " transposed" : "")};
}

Tactic tactic_of(std::string_view name, std::optional<std::string> (*rejects)(const TacticQuery&)) {
  Tactic tactic;
  tactic.name = name;
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.pack = pack;
  tactic.generate = generate;
  return tactic;
}

}  // namespace

Tactic deconvolution_tactic() { return tactic_of("cuda.deconvolution", rejects_transposed); }
Tactic grouped_convolution_tactic() { return tactic_of("cuda.grouped_convolution", rejects_plain); }

}  // namespace cermet::cuda
