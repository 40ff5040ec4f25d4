#include "backends/cuda/build/direct_convolution.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "backends/cuda/build/convolution_sizes.h"
#include "backends/cuda/build/estimate.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 128;
constexpr int64_t most_channels = 8;
constexpr int64_t most_columns = 48;        // of the image that a thread's results read
constexpr int64_t most_shared = 48 * 1024;  // bytes of weights
constexpr int vector = 8;                   // filters of a thread

struct Sum {
  ConvolutionSizes sizes;
  int64_t filters, padded, depth, block_filters;

  int64_t columns(int pixels) const {
    const ConvolutionSizes::Axis& axis = sizes.axes[2];
    return (pixels - 1) * axis.stride.constant() +
           (axis.window.constant() - 1) * axis.dilation.constant() + 1;
  }
};

int64_t compute_bytes(const Problem& problem) {
  return problem.inputs[0]->type.element == ElementType::float64 ? 8 : 4;
}

// The weights are constant.
Sum sum_of(const Problem& problem) {
  const ConvolutionSizes sizes(KernelWriter(problem, ""));
  Sum sum{sizes, sizes.filters.constant(), 0, 0, 0};
  sum.padded = (sum.filters + vector - 1) / vector * vector;
  sum.depth = (sizes.channels * sizes.axes[1].window * sizes.axes[2].window).constant();
  const int64_t fitting = sum.depth == 0 ? 64 : most_shared / (sum.depth * compute_bytes(problem));
  // As many vectors as divide a warp, so that the threads of one are all of use.
  for (const int64_t most : {64, 32, 16, 8})
    if (most <= fitting && (sum.block_filters == 0 || most >= sum.padded)) sum.block_filters = most;
  return sum;
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_convolution(problem)) return reason;
  if (problem.op != "Conv") return "computes no transposed convolutions";
  if (problem.inputs[0]->type.rank() > 4) return "computes one or two spatial dimensions";
  if (query.constant(1) == nullptr) return "the weights are no constant";
  const Sum sum = sum_of(problem);
  if (sum.sizes.groups != Dim(1)) return "computes no groups";
  if (sum.sizes.channels.constant() > most_channels) return "the image has many channels";
  if (sum.filters == 0) return "there are no filters";
  if (sum.block_filters == 0) return "the window is too large";
  if (sum.columns(1) > most_columns) return "the window is too wide";
  return std::nullopt;
}

std::string configuration_of(int pixels) { return fmt::format("p{}", pixels); }
int pixels_of(std::string_view configuration) { return configuration.back() - '0'; }

std::vector<std::string> configurations(const TacticQuery& query) {
  const Sum sum = sum_of(query.problem());
  std::vector<std::string> list;
  for (const int pixels : {4, 2, 8, 1})
    if (pixels == 1 || sum.columns(pixels) <= most_columns)
      list.push_back(configuration_of(pixels));
  return list;
}

Dim blocks_of(const Sum& sum, int pixels) {
  const Dim tiles = sum.sizes.batch * sum.sizes.axes[1].output *
                    ceil_div(sum.sizes.axes[2].output, Dim(int64_t{pixels}));
  return min(ceil_div(tiles, Dim(threads / (sum.block_filters / vector))), Dim(1 << 30));
}

DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  const Problem& problem = query.problem();
  const int pixels = pixels_of(configuration);
  const Sum sum = sum_of(problem);
  KernelWriter writer(problem, "direct_convolution_kernel");
  writer.include("direct_convolution.cu");
  SizeStruct text = sum.sizes.text();
  text.add("padded_filters", sum.padded);
  text.add("block_filters", sum.block_filters);
  text.add("depth", sum.depth);
  text.add("vector", vector);
  text.add("pixels", pixels);
  text.add("channels_side_by_side", is_channels_last(*problem.outputs[0]) ? 1 : 0);
  text.write(writer);
  write_finish(writer, sum.sizes.spatial);
  writer.body(fmt::format("direct_convolution(sizes, {}, {}, {}, {}, finish);\n", writer.input(0),
                          writer.input(1), convolution_bias(writer), writer.output(0)));
  DeviceSource source;
  writer.finish({{blocks_of(sum, pixels), ceil_div(Dim(sum.padded), Dim(sum.block_filters)), 1},
                 {threads, 1, 1},
                 sum.depth * sum.block_filters * compute_bytes(problem)},
                source);
  return source;
}

// Products at three fifths of the card's rate, where the multiprocessors all have work.
double estimate(const TacticQuery& query, std::string_view configuration) {
  const double best = convolution_us(query, 0.6);
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes) return -1;
  const int pixels = pixels_of(configuration);
  const CardRates rates = rates_of(query.architecture);
  const Sum sum = sum_of(query.problem());
  const auto results = static_cast<double>(element_count(*shapes->outputs[0]));
  const double warps = results / (vector * pixels * 32.0);
  // Loads of the image and of weights for the products of a vector.
  const double overhead =
      1.0 + static_cast<double>(sum.columns(pixels)) / (pixels * 8.0 * 3.0) + 0.5 / pixels;
  const double filled = std::min(1.0, warps / (8.0 * rates.multiprocessors));
  return rates.launch_us + 1 + (best - rates.launch_us) * overhead / std::max(filled, 0.05);
}

// [m, c, r, s] as [r, s, c, m], filters padded with zeros to whole vectors.
std::optional<PackedConstant> pack(const TacticQuery& query) {
  const Tensor& weights = *query.constant(1);
  const Sum sum = sum_of(query.problem());
  const auto bytes = static_cast<size_t>(bit_width(weights.type())) / 8;
  const int64_t channels = sum.sizes.channels.constant();
  const int64_t taps = channels == 0 ? 0 : sum.depth / channels;
  Tensor packed(weights.type(), {taps, channels, sum.padded});
  auto* const to = static_cast<std::byte*>(packed.view().data);
  const auto* const from = static_cast<const std::byte*>(weights.data());
  for (int64_t m = 0; m < sum.filters; ++m)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t k = 0; k < taps; ++k)
        std::memcpy(to + static_cast<size_t>((k * channels + c) * sum.padded + m) * bytes,
                    from + static_cast<size_t>((m * channels + c) * taps + k) * bytes, bytes);
  return PackedConstant{1, packed, "cuda.direct_convolution rscm"};
}

}  // namespace

Tactic direct_convolution_tactic() {
  Tactic tactic;
  tactic.name = "cuda.direct_convolution";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.pack = pack;
  tactic.generate = generate;
  return tactic;
}

}  // namespace cermet::cuda
