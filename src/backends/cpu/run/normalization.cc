// Normalisations of float32: y = (x - mean) / sqrt(variance + epsilon) * scale + bias, with means
// and variances of rows (LayerNormalization; RMSNormalization with mean 0), of groups of channels
// (InstanceNormalization, GroupNormalization), or given (BatchNormalization).
#include <cmath>

#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/row_functions.h"
#include "backends/cpu/run/work_split.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

const float* floats(const Call& call, size_t i) {
  return i < call.inputs.size() ? static_cast<const float*>(call.inputs[i]) : nullptr;
}

int64_t rows_worth_a_thread(int64_t length) {
  return std::max<int64_t>(1, elements_worth_a_thread / 4 / std::max<int64_t>(1, length));
}

struct Statistics {
  float mean, inverse;
};

Statistics statistics_of(const RowFunctions& f, const float* x, int64_t n, float epsilon,
                         bool centred) {
  const float mean = centred ? f.sum(n, x) / static_cast<float>(n) : 0;
  const float variance = f.sum_of_squares(n, x, mean) / static_cast<float>(n);
  return {mean, 1 / std::sqrt(variance + epsilon)};
}

class BoundRows : public BoundKernel {
 public:
  BoundRows(const RowFunctions& f, int64_t rows, int64_t length, float epsilon, bool centred)
      : f_(f), rows_(rows), length_(length), epsilon_(epsilon), centred_(centred) {}

  void run(const Call& call) override {
    const float* x = floats(call, 0);
    auto* y = static_cast<float*>(call.outputs[0]);
    call.team->parallel_for(rows_, rows_worth_a_thread(length_), [&](int64_t begin, int64_t end) {
      for (int64_t at = begin * length_; at < end * length_; at += length_) {
        const Statistics s = statistics_of(f_, x + at, length_, epsilon_, centred_);
        f_.scale_each(length_, x + at, s.mean, s.inverse, floats(call, 1), floats(call, 2), y + at);
      }
    });
  }

 private:
  const RowFunctions& f_;
  int64_t rows_, length_;
  float epsilon_;
  bool centred_;
};

// Row-major [batch, channels, inner].
struct Channels {
  int64_t batch = 1, channels = 1, inner = 1;
};

class BoundGroups : public BoundKernel {
 public:
  BoundGroups(const RowFunctions& f, const Channels& shape, int64_t groups, float epsilon)
      : f_(f), shape_(shape), groups_(groups), epsilon_(epsilon) {}

  void run(const Call& call) override {
    const int64_t channels = shape_.channels / groups_;
    const int64_t length = channels * shape_.inner;
    const float* x = floats(call, 0);
    auto* y = static_cast<float*>(call.outputs[0]);
    if (length == 0) return;
    call.team->parallel_for(
        shape_.batch * groups_, rows_worth_a_thread(length), [&](int64_t begin, int64_t end) {
          for (int64_t g = begin; g < end; ++g) {
            const Statistics s = statistics_of(f_, x + g * length, length, epsilon_, true);
            for (int64_t k = 0; k < channels; ++k) {
              const int64_t channel = g % groups_ * channels + k;
              const int64_t at = g * length + k * shape_.inner;
              const float factor = s.inverse * floats(call, 1)[channel];
              shifted_scale(f_, shape_.inner, x + at, s.mean, factor, floats(call, 2)[channel],
                            y + at);
            }
          }
        });
  }

  // y = (x - mean) * factor + bias. A bias that is large beside the factor is better added last.
  static void shifted_scale(const RowFunctions& f, int64_t n, const float* x, float mean,
                            float factor, float bias, float* y) {
    if (bias == 0) return f.scale(n, x, mean, factor, y);
    f.scale(n, x, mean, factor, y);
    f.scale(n, y, -bias, 1, y);
  }

 private:
  const RowFunctions& f_;
  Channels shape_;
  int64_t groups_;
  float epsilon_;
};

// A factor and an offset for each channel, computed first.
class BoundBatch : public BoundKernel {
 public:
  BoundBatch(const RowFunctions& f, const Channels& shape, bool channels_last, float epsilon)
      : f_(f), shape_(shape), channels_last_(channels_last), epsilon_(epsilon) {}

  size_t workspace_bytes() const override {
    return 2 * static_cast<size_t>(shape_.channels) * sizeof(float);
  }

  void run(const Call& call) override {
    auto* factors = static_cast<float*>(call.workspace);
    float* offsets = factors + shape_.channels;
    for (int64_t c = 0; c < shape_.channels; ++c) {
      factors[c] = floats(call, 1)[c] / std::sqrt(floats(call, 4)[c] + epsilon_);
      offsets[c] = floats(call, 2)[c] - floats(call, 3)[c] * factors[c];
    }
    const float* x = floats(call, 0);
    auto* y = static_cast<float*>(call.outputs[0]);
    const int64_t length = channels_last_ ? shape_.channels : shape_.inner;
    const int64_t rows = shape_.batch * (channels_last_ ? shape_.inner : shape_.channels);
    call.team->parallel_for(rows, rows_worth_a_thread(length), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t at = r * length, c = r % shape_.channels;
        if (channels_last_)
          f_.scale_each(length, x + at, 0, 1, factors, offsets, y + at);
        else
          BoundGroups::shifted_scale(f_, length, x + at, 0, factors[c], offsets[c], y + at);
      }
    });
  }

 private:
  const RowFunctions& f_;
  Channels shape_;
  bool channels_last_;
  float epsilon_;
};

class Normalization : public Kernel {
 public:
  Normalization(const Problem& problem, InstructionSet set)
      : problem_(problem),
        functions_(row_functions(set)),
        epsilon_(static_cast<float>(problem.attributes.number("epsilon", 1e-5))) {}

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const Shape& x = *context.inputs[0];
    if (problem_.op == "LayerNormalization" || problem_.op == "RMSNormalization")
      return bind_rows(x);
    Channels shape;
    if (!x.empty()) shape.batch = x[0];
    if (x.size() > 1) shape.channels = x[1];
    for (size_t d = 2; d < x.size(); ++d) shape.inner *= x[d];
    if (problem_.op == "BatchNormalization") {
      for (size_t i = 1; i <= 4; ++i)
        require(i < context.inputs.size() && context.inputs[i] &&
                    element_count(*context.inputs[i]) == shape.channels,
                ErrorCode::invalid_engine, "parameter {} has not {} elements", i, shape.channels);
      return std::make_unique<BoundBatch>(functions_, shape,
                                          !problem_.inputs[0]->layout.is_row_major(), epsilon_);
    }
    const int64_t groups = problem_.op == "GroupNormalization"
                               ? problem_.attributes.integer("num_groups")
                               : std::max<int64_t>(1, shape.channels);
    return std::make_unique<BoundGroups>(functions_, shape, groups, epsilon_);
  }

 private:
  std::unique_ptr<BoundKernel> bind_rows(const Shape& x) const {
    const auto rank = static_cast<int64_t>(x.size());
    int64_t axis = problem_.attributes.integer("axis", -1);
    if (axis < 0) axis += rank;
    int64_t rows = 1, length = 1;
    for (int64_t d = 0; d < rank; ++d) (d < axis ? rows : length) *= x[d];
    return std::make_unique<BoundRows>(functions_, length == 0 ? 0 : rows, length, epsilon_,
                                       problem_.op == "LayerNormalization");
  }

  const Problem& problem_;
  const RowFunctions& functions_;
  float epsilon_;
};

}  // namespace

std::unique_ptr<Kernel> make_normalization_kernel(const KernelContext& context,
                                                  InstructionSet set) {
  return std::make_unique<Normalization>(context.step->problem, set);
}

}  // namespace cermet::cpu
