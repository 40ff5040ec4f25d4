// Reductions of float32: y[k] = finish(fold over r of map(x[k, r])). The tensor is walked in the
// order of its memory. Where the innermost dimension is reduced, rows are folded at once; otherwise
// rows of results are accumulated a tile at a time.
#include <array>
#include <cmath>
#include <limits>

#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/row_functions.h"
#include "backends/cpu/run/tile_functions.h"
#include "backends/cpu/run/work_split.h"
#include "base/error.h"
#include "base/scalar.h"

namespace cermet::cpu {
namespace {

enum class Fold : uint8_t { sum, magnitudes, squares, product, max, min, powers };
enum class Finish : uint8_t { none, mean, root, logarithm };

struct Rule {
  std::string_view op;
  Fold fold;
  Finish finish;
};

constexpr float infinite = std::numeric_limits<float>::infinity();

constexpr std::array rules{
    Rule{"ReduceSum", Fold::sum, Finish::none},
    Rule{"ReduceMean", Fold::sum, Finish::mean},
    Rule{"GlobalAveragePool", Fold::sum, Finish::mean},
    Rule{"ReduceMax", Fold::max, Finish::none},
    Rule{"GlobalMaxPool", Fold::max, Finish::none},
    Rule{"ReduceMin", Fold::min, Finish::none},
    Rule{"ReduceProd", Fold::product, Finish::none},
    Rule{"ReduceL1", Fold::magnitudes, Finish::none},
    Rule{"ReduceL2", Fold::squares, Finish::root},
    Rule{"ReduceSumSquare", Fold::squares, Finish::none},
    Rule{"ReduceLogSum", Fold::sum, Finish::logarithm},
    Rule{"ReduceLogSumExp", Fold::powers, Finish::logarithm},
};

struct Functions {
  const RowFunctions* rows;
  const TileTable* tiles;

  TileFunction tile(ScalarOp op) const {
    return tiles->operations[static_cast<size_t>(op)][static_cast<size_t>(Lane::f32)];
  }
};

float start_of(Fold fold) {
  if (fold == Fold::product) return 1;
  if (fold == Fold::max) return -infinite;
  return fold == Fold::min ? infinite : 0;
}

ScalarOp join_of(Fold fold) {
  switch (fold) {
    case Fold::product:
      return ScalarOp::mul;
    case Fold::max:
      return ScalarOp::max;
    case Fold::min:
      return ScalarOp::min;
    default:
      return ScalarOp::add;
  }
}

float joined(Fold fold, float a, float b) {
  switch (fold) {
    case Fold::product:
      return a * b;
    case Fold::max:
      return a > b || std::isnan(a) ? a : b;
    case Fold::min:
      return a < b || std::isnan(a) ? a : b;
    default:
      return a + b;
  }
}

// Offsets of a set of dimensions, one after the other.
class Offsets {
 public:
  void add(int64_t size, int64_t from, int64_t to) { dims_.push_back({size, from, to}); }
  int64_t count() const {
    int64_t n = 1;
    for (const Dimension& d : dims_) n *= d.size;
    return n;
  }
  void at(int64_t index, int64_t& from, int64_t& to) const {
    from = to = 0;
    for (size_t i = dims_.size(); i-- > 0;) {
      const int64_t coordinate = index % dims_[i].size;
      index /= dims_[i].size;
      from += coordinate * dims_[i].from;
      to += coordinate * dims_[i].to;
    }
  }

 private:
  struct Dimension {
    int64_t size, from, to;
  };
  std::vector<Dimension> dims_;
};

struct ReductionLoop {
  Offsets kept, reduced;  // without the innermost dimension
  bool rows = true;       // the innermost dimension is reduced
  int64_t length = 1;     // of the innermost dimension
  int64_t to_step = 0;    // of the innermost dimension in y
  int64_t count = 1;      // elements that make a result
};

ReductionLoop make_loop(const StridedLoop& loop) {
  ReductionLoop result;
  const size_t last = loop.sizes.size() - 1;
  for (size_t d = 0; d < last; ++d) {
    const bool kept = loop.strides[1][d] != 0;
    (kept ? result.kept : result.reduced)
        .add(loop.sizes[d], loop.strides[0][d], loop.strides[1][d]);
  }
  result.rows = loop.strides[1][last] == 0;
  result.length = loop.sizes[last];
  result.to_step = loop.strides[1][last];
  result.count = result.reduced.count() * (result.rows ? result.length : 1);
  return result;
}

class BoundReduction : public BoundKernel {
 public:
  BoundReduction(const ReductionLoop& loop, const Rule& rule, const Functions& functions,
                 int threads)
      : loop_(loop), rule_(rule), f_(functions), threads_(threads) {}

  size_t workspace_bytes() const override {
    return loop_.rows ? 0 : 3 * tile_size * sizeof(float) * threads_;
  }

  void run(const Call& call) override {
    const auto* x = static_cast<const float*>(call.inputs[0]);
    auto* y = static_cast<float*>(call.outputs[0]);
    const int64_t pieces = loop_.rows ? 1 : (loop_.length + tile_size - 1) / tile_size;
    const int64_t work = loop_.count * (loop_.rows ? 1 : std::min(tile_size, loop_.length));
    const int64_t grain = elements_worth_a_thread / std::max<int64_t>(1, work);
    std::atomic<int64_t> next = 0;
    call.team->parallel_for(loop_.kept.count() * pieces, grain, [&](int64_t begin, int64_t end) {
      float* scratch =
          loop_.rows ? nullptr : static_cast<float*>(call.workspace) + 3 * tile_size * next++;
      for (int64_t unit = begin; unit < end; ++unit) {
        int64_t from = 0, to = 0;
        loop_.kept.at(unit / pieces, from, to);
        if (loop_.rows)
          y[to] = fold_rows(x + from);
        else
          fold_columns(x + from, y + to, unit % pieces * tile_size, scratch);
      }
    });
  }

 private:
  float finished(float value) const {
    switch (rule_.finish) {
      case Finish::mean:
        return value / static_cast<float>(loop_.count);
      case Finish::root:
        return std::sqrt(value);
      case Finish::logarithm:
        return std::log(value);
      default:
        return value;
    }
  }

  float fold_row(const float* x, float shift) const {
    const RowFunctions& rows = *f_.rows;
    switch (rule_.fold) {
      case Fold::sum:
        return rows.sum(loop_.length, x);
      case Fold::magnitudes:
        return rows.sum_of_magnitudes(loop_.length, x);
      case Fold::squares:
        return rows.sum_of_squares(loop_.length, x, 0);
      case Fold::product:
        return rows.product(loop_.length, x);
      case Fold::max:
        return rows.max(loop_.length, x);
      case Fold::min:
        return rows.min(loop_.length, x);
      case Fold::powers:
        return rows.exp(loop_.length, x, shift, nullptr);
    }
    return 0;
  }

  template <class F>
  void for_each_row(const float* x, F&& f) const {
    for (int64_t r = 0, n = loop_.reduced.count(); r < n; ++r) {
      int64_t from = 0, unused = 0;
      loop_.reduced.at(r, from, unused);
      f(x + from);
    }
  }

  // Powers are taken relative to the greatest element, which the logarithm then adds again.
  static float usable_shift(float greatest) { return std::isfinite(greatest) ? greatest : 0; }

  float fold_rows(const float* x) const {
    float shift = 0;
    if (rule_.fold == Fold::powers) {
      shift = -infinite;
      for_each_row(x, [&](const float* row) {
        shift = joined(Fold::max, shift, f_.rows->max(loop_.length, row));
      });
      shift = usable_shift(shift);
    }
    float value = start_of(rule_.fold);
    for_each_row(
        x, [&](const float* row) { value = joined(rule_.fold, value, fold_row(row, shift)); });
    return finished(value) + shift;
  }

  void fold_columns(const float* x, float* y, int64_t column, float* scratch) const {
    const int64_t n = std::min(tile_size, loop_.length - column);
    float* total = scratch;
    float* shift = scratch + tile_size;
    std::fill(shift, shift + n, 0.0f);
    if (rule_.fold == Fold::powers) {
      std::fill(shift, shift + n, -infinite);
      for_each_row(x + column, [&](const float* row) {
        f_.tile(ScalarOp::max)(n, shift, shift, row, nullptr);
      });
      std::transform(shift, shift + n, shift, usable_shift);
    }
    std::fill(total, total + n, start_of(rule_.fold));
    for_each_row(x + column, [&](const float* row) {
      join_columns(n, row, shift, scratch + 2 * tile_size, total);
    });
    for (int64_t i = 0; i < n; ++i) y[(column + i) * loop_.to_step] = finished(total[i]) + shift[i];
  }

  void join_columns(int64_t n, const float* row, const float* shift, float* mapped,
                    float* total) const {
    if (rule_.fold == Fold::squares) return f_.tiles->multiply_add(n, total, row, row, total);
    const float* values = row;
    if (rule_.fold == Fold::magnitudes) {
      f_.tile(ScalarOp::abs)(n, mapped, row, nullptr, nullptr);
      values = mapped;
    }
    if (rule_.fold == Fold::powers) {
      f_.tile(ScalarOp::sub)(n, mapped, row, shift, nullptr);
      f_.tile(ScalarOp::exp)(n, mapped, mapped, nullptr, nullptr);
      values = mapped;
    }
    f_.tile(join_of(rule_.fold))(n, total, total, values, nullptr);
  }

  ReductionLoop loop_;
  const Rule& rule_;
  Functions f_;
  size_t threads_;
};

class Reduction : public Kernel {
 public:
  Reduction(const KernelContext& context, InstructionSet set)
      : problem_(context.step->problem), functions_{&row_functions(set), &tile_functions(set)} {
    for (const Rule& rule : rules)
      if (rule.op == problem_.op) rule_ = &rule;
    require(rule_ != nullptr, ErrorCode::invalid_engine, "cpu.reduction has no rule for {}",
            problem_.op);
    if (const Tensor* axes = context.constant(1)) axes_ = load_integers(axes->view(), "axes");
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const Shape& x = *context.inputs[0];
    const std::vector<bool> reduced = reduced_dims(x.size());
    Shape kept = x;
    for (size_t d = 0; d < x.size(); ++d)
      if (reduced[d]) kept[d] = 1;
    const std::vector<int> order = dimension_order(problem_.inputs[0]->layout, x.size());
    StridedLoop loop;
    loop.sizes = permuted(x, order);
    loop.strides = {permuted(strides(x, problem_.inputs[0]->layout), order),
                    permuted(broadcast_strides(kept, output_layout(x.size()), x), order)};
    loop.collapse();
    loop.extend(1);
    return std::make_unique<BoundReduction>(make_loop(loop), *rule_, functions_, context.threads);
  }

 private:
  // Without the reduced dimensions the result is row-major.
  Layout output_layout(size_t rank) const {
    const Operand& y = *problem_.outputs[0];
    return static_cast<size_t>(y.type.rank()) == rank ? y.layout : Layout{};
  }

  std::vector<bool> reduced_dims(size_t rank) const {
    if (problem_.kind == ProblemKind::pooling) {
      std::vector<bool> spatial(rank, true);
      spatial[0] = spatial[1] = false;
      return spatial;
    }
    std::vector<bool> reduced(rank, axes_.empty());
    const auto dims = static_cast<int64_t>(rank);
    for (int64_t axis : axes_) {
      require(axis >= -dims && axis < dims, ErrorCode::invalid_engine,
              "reduction over axis {} of {} dimensions", axis, rank);
      reduced[axis < 0 ? axis + dims : axis] = true;
    }
    return reduced;
  }

  const Problem& problem_;
  Functions functions_;
  const Rule* rule_ = nullptr;
  std::vector<int64_t> axes_;
};

}  // namespace

std::unique_ptr<Kernel> make_reduction_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Reduction>(context, set);
}

}  // namespace cermet::cpu
