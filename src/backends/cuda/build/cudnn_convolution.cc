#include "backends/cuda/build/cudnn_convolution.h"

#include <array>
#include <cstring>

#include "backends/cuda/build/convolution_sizes.h"
#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/library_estimate.h"
#include "backends/cuda/build/plain_epilogue.h"
#include "backends/cuda/run/cudnn.h"
#include "base/error.h"
#include "ops/convolution/convolution.attrs.h"

namespace cermet::cuda {
namespace {

struct Algorithm {
  std::string_view name;
  cudnnConvolutionFwdAlgo_t number;
  bool channels_last;  // whether it reads images that lie so
};

// The most useful first.
constexpr std::array algorithms{
    Algorithm{"implicit_precomp_gemm", CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, true},
    Algorithm{"implicit_gemm", CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, true},
    Algorithm{"winograd_nonfused", CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED, false},
    Algorithm{"winograd", CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD, false},
    Algorithm{"gemm", CUDNN_CONVOLUTION_FWD_ALGO_GEMM, false},
    Algorithm{"fft_tiling", CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING, false},
    Algorithm{"fft", CUDNN_CONVOLUTION_FWD_ALGO_FFT, false},
};

constexpr size_t column = 1;  // of the result: filters

std::optional<size_t> own_bias(const Problem& problem) {
  return convolution_has_bias(problem) ? std::optional<size_t>(2) : std::nullopt;
}

bool is_last(const Problem& problem) { return is_channels_last(*problem.outputs[0]); }

int64_t taps_of(const Problem& problem) {
  int64_t taps = 1;
  const Dims& weights = *problem.inputs[1]->type.dims;
  for (size_t d = 2; d < weights.size(); ++d) taps *= weights[d].constant();
  return taps;
}

std::optional<std::string> rejects_operands(const Problem& problem) {
  const ElementType type = problem.inputs[0]->type.element;
  if (type != ElementType::float32 && type != ElementType::float16 && type != ElementType::bfloat16)
    return fmt::format("convolutions of {} are not computed", name(type));
  if (problem.inputs[1]->type.element != type || problem.outputs[0]->type.element != type)
    return "image, weights and result are of different types";
  if (is_channels_last(*problem.inputs[0]) != is_last(problem) ||
      (!is_last(problem) && !problem.outputs[0]->layout.is_row_major()) ||
      (!is_last(problem) && !problem.inputs[0]->layout.is_row_major()))
    return "image and result lie in different orders";
  if (!problem.inputs[1]->layout.is_row_major()) return "the weights are not row-major";
  for (const Dim& size : *problem.inputs[1]->type.dims)
    if (!size.is_constant()) return "the sizes of the weights are not known";
  return std::nullopt;
}

// The library pads both ends of an axis alike.
std::optional<std::string> rejects_padding(const Problem& problem) {
  const Dims &weights = *problem.inputs[1]->type.dims, &image = *problem.inputs[0]->type.dims;
  const auto attributes =
      ConvolutionAttributes::from(problem.attributes, Dims{weights.begin() + 2, weights.end()});
  for (size_t d = 2; d < image.size(); ++d) {
    const Padding padding = attributes.padding(image[d], d - 2);
    if (!padding.begin.is_constant() || padding.begin != padding.end)
      return "both ends of an axis are not padded alike";
    if (padding.begin.constant() < 0) return "an axis is cut instead of padded";
  }
  return std::nullopt;
}

std::optional<std::string> rejects_epilogue(const Problem& problem) {
  const auto epilogue = plain_epilogue(problem, column, own_bias(problem));
  using Activation = PlainEpilogue::Activation;
  if (!epilogue || epilogue->activation == Activation::gelu)
    return "the epilogue is more than an addend, a bias and ReLU";
  if (!epilogue->bias && (epilogue->addend || epilogue->activation == Activation::relu))
    return "an addend or ReLU needs a bias beside it";
  return std::nullopt;
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_convolution(problem)) return reason;
  if (problem.op != "Conv" || !problem.domain.empty()) return problem.op + " is no Conv";
  if (auto reason = rejects_operands(problem)) return reason;
  if (is_last(problem) && taps_of(problem) > 1 && query.constant(1) == nullptr)
    return "channels-last weights have to be constant";
  if (auto reason = rejects_padding(problem)) return reason;
  return rejects_epilogue(problem);
}

std::vector<std::string> configurations(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const auto epilogue = *plain_epilogue(problem, column, own_bias(problem));
  const bool only_first = epilogue.bias && epilogue.activation == PlainEpilogue::Activation::none;
  std::vector<std::string> texts;
  for (const Algorithm& algorithm : algorithms) {
    if (is_last(problem) && !algorithm.channels_last) continue;
    if (only_first && &algorithm != algorithms.data()) continue;
    texts.push_back(fmt::format("{}{}", algorithm.name, tf32_suffix(query)));
  }
  return texts;
}

size_t algorithm_of(std::string_view configuration) {
  const std::string_view word = configuration.substr(0, configuration.find(' '));
  for (size_t i = 0; i < algorithms.size(); ++i)
    if (algorithms[i].name == word) return i;
  fail(ErrorCode::internal, "there is no configuration '{}'", configuration);
}

double estimate(const TacticQuery& query, std::string_view configuration) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes) return -1;
  constexpr double worse = 0.2;  // each next algorithm
  double operations = 2.0 * static_cast<double>(element_count(*shapes->outputs[0]));
  for (size_t d = 1; d < shapes->inputs[1]->size(); ++d)
    operations *= static_cast<double>((*shapes->inputs[1])[d]);
  return library_us(query, operations) *
         (1 + worse * static_cast<double>(algorithm_of(configuration)));
}

// Channels last, as images are: [filter][tap][channel].
std::optional<PackedConstant> pack(const TacticQuery& query) {
  const Tensor* constant = query.constant(1);
  if (constant == nullptr || !is_last(query.problem()) || taps_of(query.problem()) == 1)
    return std::nullopt;
  const Shape& shape = constant->shape();
  const int64_t filters = shape[0], channels = shape[1], taps = taps_of(query.problem());
  Tensor packed(constant->type(), {filters * channels * taps});
  const auto unit = static_cast<size_t>(bit_width(constant->type()) / 8);
  const auto* from = static_cast<const std::byte*>(constant->data());
  auto* to = static_cast<std::byte*>(packed.view().data);
  for (int64_t f = 0; f < filters; ++f)
    for (int64_t t = 0; t < taps; ++t)
      for (int64_t c = 0; c < channels; ++c, to += unit)
        std::memcpy(to, from + static_cast<size_t>((f * channels + c) * taps + t) * unit, unit);
  return PackedConstant{1, packed, "filters, taps, channels"};
}

LibraryCall call_of(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const KernelWriter writer(problem, "");
  const ConvolutionSizes sizes(writer);
  LibraryCall call;
  call.library = Cudnn::name;
  call.version = Cudnn::oldest;
  call.operation = "convolution";
  const int spatial = std::max(2, sizes.spatial);  // of one axis the library knows nothing
  call.sizes = {{"type", static_cast<int64_t>(problem.inputs[0]->type.element)},
                {"spatial", spatial},
                {"batch", sizes.batch},
                {"channels", sizes.channels * sizes.groups},
                {"filters", sizes.filters * sizes.groups},
                {"groups", sizes.groups},
                {"channels_last", is_last(problem) ? 1 : 0}};
  for (int axis = 0; axis < spatial; ++axis) {
    const ConvolutionSizes::Axis& from = sizes.axes[static_cast<size_t>(3 - spatial + axis)];
    const auto size = [&](const char* name, const Dim& value) {
      call.sizes[fmt::format("{}_{}", name, axis)] = value;
    };
    size("input", from.input);
    size("output", from.output);
    size("window", from.window);
    size("stride", from.stride);
    size("dilation", from.dilation);
    size("padding", from.padding);
  }
  const auto epilogue = *plain_epilogue(problem, column, own_bias(problem));
  call.sizes["relu"] = epilogue.activation == PlainEpilogue::Activation::relu ? 1 : 0;
  const auto pointer = [](std::optional<size_t> input) {
    LaunchArgument argument;
    if (input) argument = {LaunchArgument::Kind::input, static_cast<int32_t>(*input), 0};
    return argument;
  };
  call.arguments = {pointer(0),
                    pointer(1),
                    {LaunchArgument::Kind::output, 0, 0},
                    pointer(epilogue.bias),
                    pointer(epilogue.addend)};
  return call;
}

DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  DeviceSource source;
  LibraryCall& call = source.program.call.emplace(call_of(query));
  call.sizes["tf32"] = has_tf32_suffix(configuration) ? 1 : 0;
  call.sizes["algorithm"] = static_cast<int64_t>(algorithms[algorithm_of(configuration)].number);
  return source;
}

}  // namespace

Tactic cudnn_tactic() {
  Tactic tactic;
  tactic.name = "cudnn.convolution";
  tactic.source = "cudnn";
  tactic.requirement = "cuDNN";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.generate = generate;
  tactic.pack = pack;
  tactic.library_version = version_of_library<CudnnCalls>;
  return tactic;
}

}  // namespace cermet::cuda
