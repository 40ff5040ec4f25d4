// Resize of images with one or two spatial dimensions: first rows of the image are blended, then
// elements along a row. Every mode of ONNX, as its table of taps and weights says; float32 sums.
// Images are row-major or channels-last, input and result alike.
#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/resize_functions.h"
#include "backends/cpu/run/work_split.h"
#include "base/error.h"
#include "base/scalar.h"
#include "ops/convolution/resize.attrs.h"

namespace cermet::cpu {
namespace {

// Where results come from along one dimension; without weights an element is copied.
struct Taps {
  int64_t input = 1, output = 1, taps = 1;
  std::vector<int64_t> indices{0};
  std::vector<float> weights{1};

  bool copies() const { return taps == 1; }
};

Taps taps_of(const ResizeAttributes& attributes, const ResizeAxis& axis) {
  const ResizeTable table = resize_table(attributes, axis);
  Taps result{axis.input, axis.output, table.taps, table.indices, {}};
  if (attributes.mode == ResizeMode::nearest)
    result.weights.assign(table.indices.size(), 1.0f);
  else
    result.weights.assign(table.weights.begin(), table.weights.end());
  return result;
}

// [outer, height, width, inner]
class BoundResize : public BoundKernel {
 public:
  BoundResize(int64_t outer, int64_t inner, Taps height, Taps width, BlendFunction blend,
              int threads)
      : outer_(outer),
        inner_(inner),
        height_(std::move(height)),
        width_(std::move(width)),
        blend_(blend),
        threads_(threads) {}

  size_t workspace_bytes() const override { return scratch_bytes() * threads_; }

  void run(const Call& call) override {
    const int64_t row = width_.output * inner_;
    const int64_t grain = elements_worth_a_thread / std::max<int64_t>(1, row);
    std::atomic<size_t> next = 0;
    call.team->parallel_for(outer_ * height_.output, grain, [&](int64_t begin, int64_t end) {
      auto* scratch = static_cast<std::byte*>(call.workspace) + scratch_bytes() * next++;
      for (int64_t r = begin; r < end; ++r) compute_row(call, r, scratch);
    });
  }

 private:
  size_t row_bytes() const {
    return rounded_to_line(static_cast<size_t>(width_.input * inner_) * sizeof(float));
  }
  // A blended row, then the rows that a sum reads.
  size_t scratch_bytes() const {
    const auto most = static_cast<size_t>(std::max(height_.taps, width_.taps));
    return row_bytes() + rounded_to_line(most * sizeof(const float*));
  }

  void compute_row(const Call& call, int64_t number, std::byte* scratch) const {
    const int64_t image = number / height_.output, h = number % height_.output;
    const int64_t line = width_.input * inner_;
    const auto* x = static_cast<const float*>(call.inputs[0]) + image * height_.input * line;
    auto* y = static_cast<float*>(call.outputs[0]) + number * width_.output * inner_;
    auto** rows = reinterpret_cast<const float**>(scratch + row_bytes());
    const float* source = x + height_.indices[h * height_.taps] * line;
    if (!height_.copies()) {
      for (int64_t t = 0; t < height_.taps; ++t)
        rows[t] = x + height_.indices[h * height_.taps + t] * line;
      auto* blended = reinterpret_cast<float*>(scratch);
      blend_(rows, height_.weights.data() + h * height_.taps, height_.taps, line, blended);
      source = blended;
    }
    for (int64_t w = 0; w < width_.output; ++w, y += inner_) compute_place(source, w, rows, y);
  }

  void compute_place(const float* source, int64_t w, const float** rows, float* y) const {
    const int64_t* indices = width_.indices.data() + w * width_.taps;
    if (width_.copies()) {
      std::copy_n(source + indices[0] * inner_, inner_, y);
      return;
    }
    for (int64_t t = 0; t < width_.taps; ++t) rows[t] = source + indices[t] * inner_;
    blend_(rows, width_.weights.data() + w * width_.taps, width_.taps, inner_, y);
  }

  int64_t outer_, inner_;
  Taps height_, width_;
  BlendFunction blend_;
  size_t threads_;
};

class Resize : public Kernel {
 public:
  Resize(const KernelContext& context, InstructionSet set)
      : problem_(context.step->problem),
        attributes_(ResizeAttributes::from(problem_.attributes)),
        blend_(blend_function(set)) {
    const bool sized =
        problem_.inputs.size() > 3 && problem_.inputs[3] && !is_empty(*problem_.inputs[3]);
    if (const Tensor* scales = context.constant(2); scales != nullptr && !sized)
      scales_ = load_all<double>(scales->view());
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const Shape& x = *context.inputs[0];
    const Shape& y = *context.outputs[0];
    if (element_count(y) == 0)
      return std::make_unique<BoundResize>(0, 0, Taps(), Taps(), blend_, 1);
    require(element_count(x) > 0, ErrorCode::out_of_range,
            "an image without elements, {}, can't be resized to {}", to_string(x), to_string(y));
    const size_t rank = x.size();
    Taps height;
    if (rank == 4) height = taps_of(attributes_, axis(2, x, y));
    const Taps width = taps_of(attributes_, axis(rank - 1, x, y));
    const bool last = !problem_.inputs[0]->layout.is_row_major();
    return std::make_unique<BoundResize>(last ? x[0] : x[0] * x[1], last ? x[1] : 1,
                                         std::move(height), width, blend_, context.threads);
  }

 private:
  static bool is_empty(const Operand& operand) {
    return operand.type.rank() == 1 && operand.type.dims->front().is_constant(0);
  }

  ResizeAxis axis(size_t d, const Shape& x, const Shape& y) const {
    ResizeAxis result{x[d], y[d]};
    result.scale = static_cast<double>(y[d]) / static_cast<double>(x[d]);
    const std::vector<int> axes = attributes_.axes_of(static_cast<int>(x.size()));
    for (size_t i = 0; i < axes.size() && i < scales_.size(); ++i)
      if (axes[i] == static_cast<int>(d)) result.scale = scales_[i];
    return result;
  }

  const Problem& problem_;
  ResizeAttributes attributes_;
  BlendFunction blend_;
  std::vector<double> scales_;  // empty: those of the shapes
};

}  // namespace

std::unique_ptr<Kernel> make_resize_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Resize>(context, set);
}

}  // namespace cermet::cpu
