// y = exp(x - m) / s along one dimension, m the greatest element and s the sum of the powers;
// LogSoftmax: x - m - log(s). In memory order a tensor is [outer, length, inner]; with inner 1 a
// row is reduced at once, otherwise `inner` rows side by side, a tile of them at a time.
#include <cmath>

#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/row_functions.h"
#include "backends/cpu/run/strided_copy.h"
#include "backends/cpu/run/tile_functions.h"
#include "backends/cpu/run/work_split.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

struct SoftmaxShape {
  int64_t outer = 1, length = 1, inner = 1;
  bool logarithm = false;
};

struct Functions {
  const RowFunctions* rows;
  Transpose32 transpose;
  TileFunction max, sub, exp, add, mul, reciprocal, log;
};

Functions functions_of(InstructionSet set) {
  const TileTable& table = tile_functions(set);
  const auto tile = [&](ScalarOp op) {
    return table.operations[static_cast<size_t>(op)][static_cast<size_t>(Lane::f32)];
  };
  return {&row_functions(set), transpose_32(set),          tile(ScalarOp::max),
          tile(ScalarOp::sub), tile(ScalarOp::exp),        tile(ScalarOp::add),
          tile(ScalarOp::mul), tile(ScalarOp::reciprocal), tile(ScalarOp::log)};
}

void softmax_row(const Functions& f, const SoftmaxShape& s, const float* x, float* y) {
  const float greatest = f.rows->max(s.length, x);
  if (s.logarithm) {
    const float total = f.rows->exp(s.length, x, greatest, nullptr);
    return f.rows->scale(s.length, x, greatest + std::log(total), 1, y);
  }
  const float total = f.rows->exp(s.length, x, greatest, y);
  f.rows->scale(s.length, y, 0, 1 / total, y);
}

// `scratch` holds three tiles.
void softmax_columns(const Functions& f, const SoftmaxShape& s, int64_t columns, const float* x,
                     float* y, float* scratch) {
  float* greatest = scratch;
  float* total = scratch + tile_size;
  f.max(columns, greatest, x, x, nullptr);
  for (int64_t r = 1; r < s.length; ++r)
    f.max(columns, greatest, greatest, x + r * s.inner, nullptr);
  std::fill(total, total + columns, 0.0f);
  for (int64_t r = 0; r < s.length; ++r) {
    float* row = y + r * s.inner;
    f.sub(columns, row, x + r * s.inner, greatest, nullptr);
    float* powers = s.logarithm ? scratch + 2 * tile_size : row;
    f.exp(columns, powers, row, nullptr, nullptr);
    f.add(columns, total, total, powers, nullptr);
  }
  const TileFunction finish = s.logarithm ? f.sub : f.mul;
  (s.logarithm ? f.log : f.reciprocal)(columns, total, total, nullptr, nullptr);
  for (int64_t r = 0; r < s.length; ++r)
    finish(columns, y + r * s.inner, y + r * s.inner, total, nullptr);
}

class BoundSoftmax : public BoundKernel {
 public:
  BoundSoftmax(const SoftmaxShape& shape, const Functions& functions, int threads)
      : shape_(shape), functions_(functions), threads_(threads) {}

  size_t workspace_bytes() const override {
    return has_long_rows() ? 0 : scratch_floats * sizeof(float) * threads_;
  }

  void run(const Call& call) override {
    const auto* x = static_cast<const float*>(call.inputs[0]);
    auto* y = static_cast<float*>(call.outputs[0]);
    if (shape_.length == 0) return;
    auto* workspace = static_cast<float*>(call.workspace);
    if (has_long_rows())
      run_rows(x, y, *call.team);
    else if (shape_.inner == 1)
      run_short_rows(x, y, workspace, *call.team);
    else
      run_columns(x, y, workspace, *call.team);
  }

 private:
  static constexpr int64_t short_row = 32;
  static constexpr int64_t turned_floats = 4096;
  static constexpr size_t scratch_floats = 3 * tile_size + turned_floats;

  bool has_long_rows() const { return shape_.inner == 1 && shape_.length > short_row; }

  void run_short_rows(const float* x, float* y, float* workspace, ThreadTeam& team) {
    const int64_t length = shape_.length;
    const int64_t group = std::min(tile_size, turned_floats / length);
    std::atomic<int64_t> next = 0;
    const int64_t grain = std::max(group, elements_worth_a_thread / 8 / length);
    team.parallel_for(shape_.outer, grain, [&](int64_t begin, int64_t end) {
      float* scratch = workspace + next++ * static_cast<int64_t>(scratch_floats);
      float* turned = scratch + 3 * tile_size;
      for (int64_t row = begin; row < end; row += group) {
        const int64_t rows = std::min(group, end - row);
        const SoftmaxShape columns{1, length, rows, shape_.logarithm};
        functions_.transpose(rows, length, x + row * length, length, turned, rows);
        softmax_columns(functions_, columns, rows, turned, turned, scratch);
        functions_.transpose(length, rows, turned, rows, y + row * length, length);
      }
    });
  }

  void run_rows(const float* x, float* y, ThreadTeam& team) {
    const int64_t grain = std::max<int64_t>(1, elements_worth_a_thread / 8 / shape_.length);
    team.parallel_for(shape_.outer, grain, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        softmax_row(functions_, shape_, x + r * shape_.length, y + r * shape_.length);
    });
  }

  void run_columns(const float* x, float* y, float* workspace, ThreadTeam& team) {
    const int64_t pieces = (shape_.inner + tile_size - 1) / tile_size;
    const int64_t work = shape_.length * std::min(shape_.inner, tile_size);
    const int64_t grain = std::max<int64_t>(1, elements_worth_a_thread / 8 / work);
    std::atomic<int64_t> next = 0;
    team.parallel_for(shape_.outer * pieces, grain, [&](int64_t begin, int64_t end) {
      float* scratch = workspace + next++ * static_cast<int64_t>(scratch_floats);
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t column = unit % pieces * tile_size;
        const int64_t at = unit / pieces * shape_.length * shape_.inner + column;
        softmax_columns(functions_, shape_, std::min(tile_size, shape_.inner - column), x + at,
                        y + at, scratch);
      }
    });
  }

  SoftmaxShape shape_;
  Functions functions_;
  size_t threads_;
};

class Softmax : public Kernel {
 public:
  Softmax(const Problem& problem, InstructionSet set)
      : problem_(problem), functions_(functions_of(set)) {}

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const Shape& x = *context.inputs[0];
    int64_t axis = problem_.attributes.integer("axis", -1);
    if (axis < 0) axis += static_cast<int64_t>(x.size());
    SoftmaxShape s;
    s.logarithm = problem_.op == "LogSoftmax";
    bool before = true;
    for (int d : dimension_order(problem_.inputs[0]->layout, x.size())) {
      if (d == axis)
        s.length = x[d], before = false;
      else
        (before ? s.outer : s.inner) *= x[d];
    }
    return std::make_unique<BoundSoftmax>(s, functions_, context.threads);
  }

 private:
  const Problem& problem_;
  Functions functions_;
};

}  // namespace

std::unique_ptr<Kernel> make_softmax_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Softmax>(context.step->problem, set);
}

}  // namespace cermet::cpu
