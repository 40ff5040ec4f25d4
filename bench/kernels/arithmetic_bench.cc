// Kernels that are bound by arithmetic or nearly so; the rate is floating-point operations a
// second.
#include <fmt/format.h>

#include "bench/kernels/bound_step.h"

namespace cermet::bench {
namespace {

Tensor ones(Shape shape) {
  Tensor tensor(ElementType::float32, std::move(shape));
  auto* values = tensor.view().as<float>();
  std::fill(values, values + tensor.elements(), 1.0f);
  return tensor;
}

struct DepthwiseSize {
  int64_t channels, size, kernel, stride;
};

void depthwise(benchmark::State& state, const DepthwiseSize& d, int threads) {
  const int64_t pad = d.kernel / 2, output = (d.size + 2 * pad - d.kernel) / d.stride + 1;
  Problem what = problem(ProblemKind::convolution, "Conv");
  what.attributes.set("group", d.channels);
  what.attributes.set("strides", std::vector<int64_t>{d.stride, d.stride});
  what.attributes.set("pads", std::vector<int64_t>(4, pad));
  BoundStep step(what, {{1, d.channels, d.size, d.size}}, {1, d.channels, output, output},
                 Layout::channels_last(4), cpu::make_depthwise_kernel, threads,
                 {ones({d.channels, 1, d.kernel, d.kernel})});
  for (auto _ : state) step.run();
  const int64_t operations = 2 * d.channels * output * output * d.kernel * d.kernel;
  state.counters["FLOPS"] = benchmark::Counter(static_cast<double>(operations * state.iterations()),
                                               benchmark::Counter::kIsRate);
}

struct ProductSize {
  int64_t rows, depth, columns;
  bool constant;
};

void product(benchmark::State& state, const ProductSize& p, int threads) {
  const Shape b{p.depth, p.columns};
  std::vector<Shape> inputs{{p.rows, p.depth}};
  std::vector<Tensor> constants;
  if (p.constant)
    constants.push_back(ones(b));
  else
    inputs.push_back(b);
  BoundStep step(problem(ProblemKind::matmul, "MatMul"), inputs, {p.rows, p.columns}, {},
                 cpu::make_gemm_kernel, threads, constants);
  for (auto _ : state) step.run();
  const int64_t operations = 2 * p.rows * p.depth * p.columns;
  state.counters["FLOPS"] = benchmark::Counter(static_cast<double>(operations * state.iterations()),
                                               benchmark::Counter::kIsRate);
}

const bool registered = [] {
  for (int threads : {1, 2}) {
    for (const DepthwiseSize& d :
         {DepthwiseSize{32, 112, 3, 1}, DepthwiseSize{96, 112, 3, 2}, DepthwiseSize{144, 56, 3, 1},
          DepthwiseSize{192, 28, 3, 1}, DepthwiseSize{576, 14, 3, 1}, DepthwiseSize{576, 14, 3, 2},
          DepthwiseSize{960, 7, 3, 1}, DepthwiseSize{240, 28, 5, 2}, DepthwiseSize{672, 14, 5, 1}})
      benchmark::RegisterBenchmark(
          fmt::format("depthwise/{}x{}k{}s{}/{}", d.channels, d.size, d.kernel, d.stride, threads)
              .c_str(),
          depthwise, d, threads)
          ->UseRealTime();
    for (const ProductSize& p :
         {ProductSize{128, 768, 768, true}, ProductSize{128, 768, 3072, true},
          ProductSize{128, 3072, 768, true}, ProductSize{1, 1280, 1000, true},
          ProductSize{512, 512, 512, false}, ProductSize{128, 64, 128, false}})
      benchmark::RegisterBenchmark(fmt::format("product/{}x{}x{}{}/{}", p.rows, p.depth, p.columns,
                                               p.constant ? "" : "_packed_each_time", threads)
                                       .c_str(),
                                   product, p, threads)
          ->UseRealTime();
  }
  return true;
}();

}  // namespace
}  // namespace cermet::bench
