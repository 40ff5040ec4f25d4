// Kernels that are bound by memory, beside the copy that is their floor.
#include <fmt/format.h>

#include "bench/kernels/bound_step.h"

namespace cermet::bench {
namespace {

constexpr int64_t elements = 1 << 20;
const Layout channels_last = Layout::channels_last(4);

struct Case {
  const char* name;
  Problem problem;
  cpu::OwnKernelFactory make;
  std::vector<Shape> inputs;
  Shape output;
  Layout layout = {};
};

Problem pointwise(const char* expression) {
  Problem result = problem(ProblemKind::pointwise, "Pointwise");
  result.expression = ScalarExpr::parse(expression);
  return result;
}

Problem with(Problem result, const char* attribute, Attribute value) {
  result.attributes.set(attribute, std::move(value));
  return result;
}

Problem transpose(std::vector<int64_t> perm) {
  return with(problem(ProblemKind::movement, "Transpose"), "perm", std::move(perm));
}

Problem softmax(int64_t axis) {
  return with(problem(ProblemKind::softmax, "Softmax"), "axis", axis);
}

constexpr const char* sum =
    "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; -> %2";
constexpr const char* product =
    "%0 = input float32 0; %1 = input float32 1; %2 = mul float32 %0 %1; -> %2";
constexpr const char* relu =
    "%0 = input float32 0; %1 = constant float32 0; %2 = max float32 %0 %1; -> %2";
constexpr const char* swish =
    "%0 = input float32 0; %1 = sigmoid float32 %0; %2 = mul float32 %0 %1; -> %2";
constexpr const char* gelu =
    "%0 = input float32 0; %1 = constant float32 0.70710677; %2 = mul float32 %0 %1; "
    "%3 = erf float32 %2; %4 = constant float32 1; %5 = add float32 %3 %4; %6 = mul float32 %0 %5; "
    "%7 = constant float32 0.5; %8 = mul float32 %6 %7; -> %8";

std::vector<Case> cases() {
  const auto point = cpu::make_pointwise_kernel;
  const auto move = cpu::make_movement_kernel;
  const auto row = cpu::make_softmax_kernel;
  const Problem pool = problem(ProblemKind::pooling, "GlobalAveragePool");
  return {
      {"copy", problem(ProblemKind::movement, "Identity"), move, {{elements}}, {elements}},
      {"relu", pointwise(relu), point, {{elements}}, {elements}},
      {"sum", pointwise(sum), point, {{elements}, {elements}}, {elements}},
      {"swish", pointwise(swish), point, {{elements}}, {elements}},
      {"gelu", pointwise(gelu), point, {{elements}}, {elements}},
      {"bias/row", pointwise(sum), point, {{1024, 1024}, {1024}}, {1024, 1024}},
      {"bias/channels_last",
       pointwise(sum),
       point,
       {{1, 24, 112, 112}, {24, 1, 1}},
       {1, 24, 112, 112},
       channels_last},
      {"gate/channels_last",
       pointwise(product),
       point,
       {{1, 96, 56, 56}, {1, 96, 1, 1}},
       {1, 96, 56, 56},
       channels_last},
      {"gate/7x7", pointwise(product), point, {{1, 960, 7, 7}, {1, 960, 1, 1}}, {1, 960, 7, 7}},
      {"transpose/matrix", transpose({1, 0}), move, {{1024, 1024}}, {1024, 1024}},
      {"transpose/heads", transpose({0, 2, 1, 3}), move, {{1, 128, 12, 64}}, {1, 12, 128, 64}},
      {"transpose/keys", transpose({0, 2, 3, 1}), move, {{1, 128, 12, 64}}, {1, 12, 64, 128}},
      {"transpose/image", transpose({0, 2, 3, 1}), move, {{1, 64, 56, 56}}, {1, 56, 56, 64}},
      {"softmax/attention", softmax(-1), row, {{12, 128, 128}}, {12, 128, 128}},
      {"softmax/pairs", softmax(-1), row, {{1, 4420, 2}}, {1, 4420, 2}},
      {"softmax/channels", softmax(1), row, {{1, 21, 128, 128}}, {1, 21, 128, 128}},
      {"layer_normalization",
       problem(ProblemKind::normalization, "LayerNormalization"),
       cpu::make_normalization_kernel,
       {{128, 768}, {768}, {768}},
       {128, 768}},
      {"average/row_major", pool, cpu::make_reduction_kernel, {{1, 96, 56, 56}}, {1, 96, 1, 1}},
      {"average/channels_last",
       pool,
       cpu::make_reduction_kernel,
       {{1, 96, 56, 56}},
       {1, 96, 1, 1},
       channels_last},
  };
}

const bool registered = [] {
  for (const Case& c : cases())
    for (int threads : {1, 2})
      benchmark::RegisterBenchmark(
          fmt::format("{}/{}", c.name, threads).c_str(),
          [c, threads](benchmark::State& state) {
            BoundStep(c.problem, c.inputs, c.output, c.layout, c.make, threads).measure(state);
          })
          ->UseRealTime();
  return true;
}();

}  // namespace
}  // namespace cermet::bench
