// AveragePool, MaxPool and their global forms over one or two spatial dimensions, in float32.
// Images are row-major or channels-last, input and result alike. A result is made of the rows under
// its window: all channels of a place, or one element of a plane.
#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/pooling_functions.h"
#include "backends/cpu/run/window_axis.h"
#include "backends/cpu/run/work_split.h"
#include "ops/convolution/pooling.attrs.h"

namespace cermet::cpu {
namespace {

// [outer, height, width, inner]
struct PoolShape {
  int64_t outer = 0, inner = 0;
  WindowAxis height, width;
  bool averages = false, counts_padding = false;
};

class BoundPooling : public BoundKernel {
 public:
  BoundPooling(const PoolShape& shape, const PoolFunctions& functions, int threads)
      : s_(shape), reduce_(shape.averages ? functions.sum : functions.max), threads_(threads) {}

  size_t workspace_bytes() const override { return scratch_bytes() * threads_; }

  void run(const Call& call) override {
    const int64_t work = s_.width.output * s_.inner * s_.height.kernel * s_.width.kernel;
    const int64_t grain = elements_worth_a_thread / std::max<int64_t>(1, work);
    std::atomic<size_t> next = 0;
    call.team->parallel_for(s_.outer * s_.height.output, grain, [&](int64_t begin, int64_t end) {
      auto* scratch = static_cast<std::byte*>(call.workspace) + scratch_bytes() * next++;
      for (int64_t r = begin; r < end; ++r)
        compute_row(call, r, reinterpret_cast<const float**>(scratch));
    });
  }

 private:
  // The rows under a window.
  size_t scratch_bytes() const {
    const int64_t taps =
        std::min(s_.height.kernel, s_.height.input) * std::min(s_.width.kernel, s_.width.input);
    return rounded_to_line(static_cast<size_t>(taps) * sizeof(const float*));
  }

  void compute_row(const Call& call, int64_t number, const float** rows) const {
    const int64_t image = number / s_.height.output, h = number % s_.height.output;
    const int64_t line = s_.width.input * s_.inner;
    const auto* x = static_cast<const float*>(call.inputs[0]) + image * s_.height.input * line;
    auto* y = static_cast<float*>(call.outputs[0]) + number * s_.width.output * s_.inner;
    const int64_t bottom = s_.height.last(h);
    for (int64_t w = 0; w < s_.width.output; ++w, y += s_.inner) {
      const int64_t left = s_.width.first(w), right = s_.width.last(w);
      int64_t taps = 0;
      for (int64_t i = s_.height.first(h); i < bottom; ++i) {
        const float* row = x + s_.height.place(h, i) * line;
        for (int64_t j = left; j < right; ++j) rows[taps++] = row + s_.width.place(w, j) * s_.inner;
      }
      reduce_(rows, taps, s_.inner, factor(h, w, taps), y);
    }
  }

  float factor(int64_t h, int64_t w, int64_t taps) const {
    if (s_.counts_padding) taps = s_.height.padded_count(h) * s_.width.padded_count(w);
    return s_.averages && taps > 0 ? 1.0f / static_cast<float>(taps) : 1.0f;
  }

  PoolShape s_;
  PoolFunction reduce_;
  size_t threads_;
};

class Pooling : public Kernel {
 public:
  Pooling(const KernelContext& context, InstructionSet set)
      : problem_(context.step->problem),
        functions_(pool_functions(set)),
        is_global_(problem_.op.starts_with("Global")) {
    if (!is_global_) attributes_ = PoolingAttributes::from(problem_.attributes);
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const Shape& x = *context.inputs[0];
    const Shape& y = *context.outputs[0];
    PoolShape s;
    if (element_count(y) > 0) {
      const bool last = !problem_.inputs[0]->layout.is_row_major();
      s.outer = last ? x[0] : x[0] * x[1];
      s.inner = last ? x[1] : 1;
      s.averages = problem_.op.ends_with("AveragePool");
      s.counts_padding = attributes_.count_include_pad;
      if (x.size() == 4) s.height = axis(x, y, 0);
      s.width = axis(x, y, x.size() - 3);
    }
    return std::make_unique<BoundPooling>(s, functions_, context.threads);
  }

 private:
  WindowAxis axis(const Shape& x, const Shape& y, size_t d) const {
    if (is_global_) return {.input = x[d + 2], .output = y[d + 2], .kernel = x[d + 2]};
    return window_axis(attributes_.window, x, y, d);
  }

  const Problem& problem_;
  const PoolFunctions& functions_;
  bool is_global_;
  PoolingAttributes attributes_;
};

}  // namespace

std::unique_ptr<Kernel> make_pooling_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Pooling>(context, set);
}

}  // namespace cermet::cpu
