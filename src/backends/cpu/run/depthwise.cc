// Depthwise convolution of channels-last images: y[n, h, w, c] = sum over i, j of
// x[n, h * sh + i * dh - ph, w * sw + j * dw - pw, c] * weights[i, j, c] + bias[c].
#include "backends/cpu/run/convolution_operands.h"
#include "backends/cpu/run/depthwise_functions.h"
#include "backends/cpu/run/epilogue_loop.h"
#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/work_split.h"

namespace cermet::cpu {
namespace {

struct DepthwiseShape {
  int64_t batch = 1, channels = 1;
  WindowAxis height, width;
};

class BoundDepthwise : public BoundKernel {
 public:
  BoundDepthwise(const DepthwiseShape& shape, const float* weights, DepthwiseFunction function,
                 const ConvolutionFinish& finish, EpilogueLoop epilogue, int threads)
      : s_(shape),
        weights_(weights),
        function_(function),
        finish_(finish),
        epilogue_(std::move(epilogue)),
        threads_(threads) {
    while (inner_begin_ < s_.width.output && s_.width.first(inner_begin_) > 0) ++inner_begin_;
    inner_end_ = inner_begin_;
    while (inner_end_ < s_.width.output && s_.width.last(inner_end_) == s_.width.kernel)
      ++inner_end_;
  }

  size_t workspace_bytes() const override { return epilogue_.scratch_bytes() * threads_; }

  void run(const Call& call) override {
    epilogue_.begin(call);
    const int64_t row = s_.width.output * s_.channels;
    const int64_t work = row * s_.width.kernel * s_.height.kernel / 4;
    const int64_t grain = elements_worth_a_thread / std::max<int64_t>(1, work);
    std::atomic<size_t> next = 0;
    call.team->parallel_for(s_.batch * s_.height.output, grain, [&](int64_t begin, int64_t end) {
      std::byte* scratch = epilogue_.empty() ? nullptr
                                             : static_cast<std::byte*>(call.workspace) +
                                                   epilogue_.scratch_bytes() * next++;
      for (int64_t r = begin; r < end; ++r) {
        compute_row(call, r);
        epilogue_.apply(scratch, r * row, (r + 1) * row);
      }
    });
  }

 private:
  void compute_row(const Call& call, int64_t number) const {
    const int64_t image = number / s_.height.output, h = number % s_.height.output;
    const int64_t first = s_.height.first(h), last = std::max(first, s_.height.last(h));
    const int64_t line = s_.width.input * s_.channels;
    DepthwiseRow row;
    row.x = static_cast<const float*>(call.inputs[0]) +
            (image * s_.height.input + (last > first ? s_.height.place(h, first) : 0)) * line;
    row.w_row = s_.width.kernel * s_.channels;
    row.w = weights_ + first * row.w_row;
    row.bias = finish_.bias(call, 0);
    const int64_t start = number * s_.width.output * s_.channels;
    row.added = finish_.added(call, start);
    row.bounds = finish_.sum.bounds;
    row.y = static_cast<float*>(call.outputs[0]) + start;
    row.step = s_.width.stride * s_.channels;
    row.row = s_.height.dilation * line;
    row.column = s_.width.dilation * s_.channels;
    row.rows = last - first;
    row.channels = s_.channels;
    for (int64_t w = 0; w < inner_begin_; ++w) compute_columns(row, w, 1);
    compute_columns(row, inner_begin_, inner_end_ - inner_begin_);
    for (int64_t w = inner_end_; w < s_.width.output; ++w) compute_columns(row, w, 1);
  }

  // Outputs that see the same part of the window.
  void compute_columns(DepthwiseRow row, int64_t w, int64_t outputs) const {
    if (outputs == 0) return;
    const int64_t first = s_.width.first(w), last = std::max(first, s_.width.last(w));
    row.columns = last - first;
    if (row.columns > 0) row.x += s_.width.place(w, first) * s_.channels;
    row.w += first * s_.channels;
    row.y += w * s_.channels;
    if (row.added != nullptr) row.added += w * s_.channels;
    row.outputs = outputs;
    function_(row);
  }

  DepthwiseShape s_;
  const float* weights_;
  DepthwiseFunction function_;
  const ConvolutionFinish& finish_;
  EpilogueLoop epilogue_;
  size_t threads_;
  int64_t inner_begin_ = 0, inner_end_ = 0;
};

class Depthwise : public Kernel {
 public:
  Depthwise(const KernelContext& context, InstructionSet set)
      : problem_(context.step->problem),
        function_(depthwise_function(set)),
        finish_(problem_, set) {
    const Tensor& weights = convolution_weights(context);
    const Shape& shape = weights.shape();  // [channels, 1, height, width]
    const int64_t window = shape[2] * shape[3];
    weights_ = Tensor(ElementType::float32, {window, shape[0]});
    auto* to = weights_.view().as<float>();
    for (int64_t c = 0; c < shape[0]; ++c)
      for (int64_t i = 0; i < window; ++i)
        to[i * shape[0] + c] = weights.as<float>()[c * window + i];
    const Dims kernel{shape[2], shape[3]};
    attributes_ = ConvolutionAttributes::from(problem_.attributes, kernel);
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const Shape& x = *context.inputs[0];
    const Shape& y = *context.outputs[0];
    DepthwiseShape shape{x[0], x[1], window_axis(attributes_.window, x, y, 0),
                         window_axis(attributes_.window, x, y, 1)};
    return std::make_unique<BoundDepthwise>(shape, weights_.as<float>(), function_, finish_,
                                            EpilogueLoop(finish_.epilogue, problem_, context),
                                            context.threads);
  }

 private:
  const Problem& problem_;
  DepthwiseFunction function_;
  ConvolutionFinish finish_;
  ConvolutionAttributes attributes_;
  Tensor weights_;
};

}  // namespace

std::unique_ptr<Kernel> make_depthwise_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Depthwise>(context, set);
}

}  // namespace cermet::cpu
