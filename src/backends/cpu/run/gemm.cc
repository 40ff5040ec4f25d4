// Matrix products of float32: y = finish(A B), A [batch, M, K], B [batch, K, N], any strides. A
// constant B is packed once, everything else by the thread that multiplies it. Tiles are
// accumulated in y over blocks of K.
#include <array>

#include "backends/cpu/run/epilogue_loop.h"
#include "backends/cpu/run/gemm_functions.h"
#include "backends/cpu/run/gemm_pack.h"
#include "backends/cpu/run/gemm_weights.h"
#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/packed_weights.h"
#include "backends/cpu/run/work_split.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

constexpr int64_t block_height =
    252;  // rows of A that are copied at once, for the second-level cache
constexpr int64_t block_width = 1024;  // columns of a task

// What is in y stays as it is.
constexpr std::array<float, most_gemm_rows> ones = [] {
  std::array<float, most_gemm_rows> values{};
  for (float& value : values) value = 1;
  return values;
}();

struct GemmShape {
  int64_t rows = 0, depth = 0, columns = 0;
  int64_t a_row = 0, a_column = 0, b_row = 0, b_column = 0;
  std::vector<int64_t> a_offsets, b_offsets;  // of each matrix of the batch
  float factor = 1;
};

class BoundGemm : public BoundKernel {
 public:
  BoundGemm(GemmShape shape, const ProductFunctions& functions, const float* packed,
            EpilogueLoop epilogue, int threads)
      : s_(std::move(shape)),
        functions_(functions),
        f_(functions_.products),
        packed_(packed),
        epilogue_(std::move(epilogue)),
        threads_(threads) {
    const int64_t blocks = std::max<int64_t>(1, pieces(s_.rows, block_height));
    height_ = std::max<int64_t>(1, pieces(pieces(s_.rows, blocks), f_.rows)) * f_.rows;
    width_ = std::max(f_.columns, block_width / f_.columns * f_.columns);
    // Smaller tasks where there would be too few for the threads.
    while (tasks() < 3 * threads && threads > 1 && width_ > f_.columns)
      width_ = std::max(f_.columns, width_ / 2 / f_.columns * f_.columns);
    while (tasks() < 3 * threads && threads > 1 && height_ > f_.rows)
      height_ = std::max(f_.rows, height_ / 2 / f_.rows * f_.rows);
  }

  size_t workspace_bytes() const override { return scratch_bytes() * threads_; }

  void run(const Call& call) override {
    epilogue_.begin(call);
    const double work = 2.0 * static_cast<double>(s_.rows) * static_cast<double>(s_.columns) *
                        static_cast<double>(std::max<int64_t>(1, s_.depth));
    const int64_t each = static_cast<int64_t>(work) / std::max<int64_t>(1, tasks_a_matrix());
    const int64_t grain = 8 * elements_worth_a_thread / std::max<int64_t>(1, each);
    std::atomic<size_t> next = 0;
    call.team->parallel_for(tasks(), grain, [&](int64_t begin, int64_t end) {
      auto* scratch = static_cast<std::byte*>(call.workspace) + scratch_bytes() * next++;
      for (int64_t task = begin; task < end; ++task) run_task(call, task, scratch);
    });
  }

 private:
  int64_t tasks_a_matrix() const { return pieces(s_.rows, height_) * pieces(s_.columns, width_); }
  int64_t tasks() const { return static_cast<int64_t>(s_.a_offsets.size()) * tasks_a_matrix(); }

  // Packed A, a panel of B, then the epilogue's.
  size_t a_bytes() const { return rounded_to_line(static_cast<size_t>(height_ * gemm_row) * 4); }
  size_t b_bytes() const {
    if (packed_ != nullptr) return 0;
    return rounded_to_line(static_cast<size_t>(f_.columns * std::min(gemm_depth, s_.depth)) * 4);
  }
  size_t scratch_bytes() const { return a_bytes() + b_bytes() + epilogue_.scratch_bytes(); }

  struct Task {
    MatrixView a, b;
    float* c = nullptr;  // of the matrix
    int64_t row = 0, row_end = 0, column = 0, column_end = 0;
    float* packed_a = nullptr;
    float* packed_b = nullptr;
  };

  void run_task(const Call& call, int64_t number, std::byte* scratch) {
    const int64_t matrix = number / tasks_a_matrix(), part = number % tasks_a_matrix();
    const int64_t down = pieces(s_.rows, height_);
    Task t;
    t.a = {static_cast<const float*>(call.inputs[0]) + s_.a_offsets[matrix], s_.a_row, s_.a_column};
    t.b = {static_cast<const float*>(call.inputs[1]) + s_.b_offsets[matrix], s_.b_row, s_.b_column};
    t.c = static_cast<float*>(call.outputs[0]) + matrix * s_.rows * s_.columns;
    t.row = part % down * height_;
    t.row_end = std::min(s_.rows, t.row + height_);
    t.column = part / down * width_;
    t.column_end = std::min(s_.columns, t.column + width_);
    t.packed_a = reinterpret_cast<float*>(scratch);
    t.packed_b = reinterpret_cast<float*>(scratch + a_bytes());
    for (int64_t k = 0; k < s_.depth; k += gemm_depth) multiply(t, k);
    if (s_.depth == 0) clear(t);
    if (epilogue_.empty()) return;
    std::byte* own = scratch + a_bytes() + b_bytes();
    for (int64_t r = t.row; r < t.row_end; ++r) {
      const int64_t at = (matrix * s_.rows + r) * s_.columns;
      epilogue_.apply(own, at + t.column, at + t.column_end);
    }
  }

  void clear(const Task& t) const {
    for (int64_t r = t.row; r < t.row_end; ++r)
      std::fill(t.c + r * s_.columns + t.column, t.c + r * s_.columns + t.column_end, 0.0f);
  }

  // Adds the products of one block of K.
  void multiply(const Task& t, int64_t k) const {
    const int64_t deep = std::min(gemm_depth, s_.depth - k);
    pack_rows({t.a.at(t.row, k), t.a.row, t.a.column}, t.row_end - t.row, deep, s_.factor,
              functions_, t.packed_a);
    const int64_t panels = pieces(s_.columns, f_.columns);
    for (int64_t c = t.column; c < t.column_end; c += f_.columns) {
      GemmTile tile;
      tile.width = std::min(f_.columns, t.column_end - c);
      tile.depth = deep;
      tile.c_row = s_.columns;
      tile.keep = k > 0 ? ones.data() : nullptr;
      if (packed_ != nullptr) {
        tile.b = packed_ + k * panels * f_.columns + c * deep;
      } else {
        pack_columns({t.b.at(k, c), t.b.row, t.b.column}, deep, tile.width, f_.columns,
                     functions_.transpose, t.packed_b);
        tile.b = t.packed_b;
      }
      for (int64_t r = t.row, number = 0; r < t.row_end; ++number) {
        const int64_t rows = tile_height(t.row_end - r, f_.rows);
        tile.a = t.packed_a + (r - t.row) * gemm_row;
        tile.c = t.c + r * s_.columns + c;
        if (packed_ != nullptr) tile.ahead = panel_ahead(deep * f_.columns, f_.columns, number);
        f_.tile[rows](tile);
        r += rows;
      }
    }
  }

  GemmShape s_;
  ProductFunctions functions_;
  const GemmFunctions& f_;
  const float* packed_;
  EpilogueLoop epilogue_;
  size_t threads_;
  int64_t height_ = 0, width_ = 0;
};

// The epilogue, or what Gemm's third operand adds, or both.
EpilogueProgram finish_of(const Problem& problem, InstructionSet set) {
  const bool third = problem.op == "Gemm" && problem.inputs.size() > 2 && problem.inputs[2] &&
                     !(problem.has_epilogue() && problem.epilogue_first <= 2);
  const double beta = problem.attributes.number("beta", 1);
  if (!third || beta == 0) return EpilogueProgram(problem, set);
  std::vector<size_t> inputs;
  if (problem.has_epilogue())
    for (size_t i = problem.epilogue_first; i < problem.inputs.size(); ++i) inputs.push_back(i);
  ScalarExpr expression;
  constexpr ElementType type = ElementType::float32;
  int added = expression.input(static_cast<int>(inputs.size()) + 1, type);
  if (beta != 1)
    added = expression.apply(ScalarOp::mul, type,
                             {added, expression.constant(static_cast<float>(beta), type)});
  int result = expression.apply(ScalarOp::add, type, {expression.input(0, type), added});
  if (problem.has_epilogue()) {
    std::vector<int> operands{result};
    for (size_t i = 0; i < inputs.size(); ++i)
      operands.push_back(
          expression.input(static_cast<int>(i) + 1, problem.inputs[inputs[i]]->type.element));
    result = expression.inline_expression(problem.expression, operands)[0];
  }
  expression.add_result(result);
  inputs.push_back(2);
  return EpilogueProgram(expression, std::move(inputs), set);
}

class Gemm : public Kernel {
 public:
  Gemm(const KernelContext& context, InstructionSet set)
      : problem_(context.step->problem),
        functions_(product_functions(set)),
        epilogue_(finish_of(problem_, set)) {
    const auto form = constant_form(context, functions_.products.columns);
    if (!form) return;
    const Tensor& b = *context.constant(1);
    packed_ = context.form(1).empty()
                  ? pack_matrix(matrix_of(problem_, b, *form), *form, functions_.transpose)
                  : read_packed(b, context.form(1), *form);
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    return std::make_unique<BoundGemm>(
        shape_of(*context.inputs[0], *context.inputs[1], *context.outputs[0]), functions_,
        packed_ ? packed_.as<float>() : nullptr, EpilogueLoop(epilogue_, problem_, context),
        context.threads);
  }

 private:
  // Of a constant right side that is one matrix.
  static std::optional<GemmForm> constant_form(const KernelContext& context, int64_t columns) {
    return context.constant(1) == nullptr ? std::nullopt
                                          : gemm_form(context.step->problem, columns);
  }

  bool turns(std::string_view name) const {
    return problem_.op == "Gemm" && problem_.attributes.integer(name, 0) != 0;
  }

  GemmShape shape_of(const Shape& a, const Shape& b, const Shape& y) const {
    const size_t a_rank = a.size(), b_rank = b.size();
    const bool a_turned = turns("transA"), b_turned = turns("transB");
    GemmShape s;
    s.rows = a[a_turned ? a_rank - 1 : a_rank - 2];
    s.depth = a[a_turned ? a_rank - 2 : a_rank - 1];
    s.columns = b[b_turned ? b_rank - 2 : b_rank - 1];
    const std::vector<int64_t> a_steps = strides(a, problem_.inputs[0]->layout);
    const std::vector<int64_t> b_steps = strides(b, problem_.inputs[1]->layout);
    s.a_row = a_steps[a_turned ? a_rank - 1 : a_rank - 2];
    s.a_column = a_steps[a_turned ? a_rank - 2 : a_rank - 1];
    s.b_row = b_steps[b_turned ? b_rank - 1 : b_rank - 2];
    s.b_column = b_steps[b_turned ? b_rank - 2 : b_rank - 1];
    if (problem_.op == "Gemm")
      s.factor = static_cast<float>(problem_.attributes.number("alpha", 1));
    const Shape batch(y.begin(), y.end() - 2);
    s.a_offsets = matrix_offsets(a, a_steps, batch);
    s.b_offsets = matrix_offsets(b, b_steps, batch);
    const bool one_b = element_count({b.begin(), b.end() - 2}) == 1;
    if (one_b && !s.a_offsets.empty() && rows_follow(s)) {  // one matrix with the rows of all
      s.rows *= static_cast<int64_t>(s.a_offsets.size());
      s.a_offsets.resize(1);
      s.b_offsets.resize(1);
    }
    return s;
  }

  // Whether the first row of each matrix lies behind the last one of the matrix before it as rows
  // of one matrix do.
  static bool rows_follow(const GemmShape& s) {
    for (size_t i = 1; i < s.a_offsets.size(); ++i)
      if (s.a_offsets[i] - s.a_offsets[i - 1] != s.rows * s.a_row) return false;
    return true;
  }

  static std::vector<int64_t> matrix_offsets(const Shape& operand,
                                             const std::vector<int64_t>& operand_steps,
                                             const Shape& batch) {
    // Batches are aligned at their last dimension; those of size 1 are repeated.
    std::vector<int64_t> steps(batch.size(), 0);
    const size_t first = batch.size() + 2 - operand.size();
    for (size_t d = first; d < batch.size(); ++d)
      if (operand[d - first] != 1) steps[d] = operand_steps[d - first];
    std::vector<int64_t> offsets;
    for (int64_t i = 0, n = element_count(batch); i < n; ++i) {
      int64_t rest = i, offset = 0;
      for (size_t d = batch.size(); d-- > 0;) {
        offset += rest % batch[d] * steps[d];
        rest /= batch[d];
      }
      offsets.push_back(offset);
    }
    return offsets;
  }

  const Problem& problem_;
  ProductFunctions functions_;
  EpilogueProgram epilogue_;
  Tensor packed_;
};

}  // namespace

std::unique_ptr<Kernel> make_gemm_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Gemm>(context, set);
}

}  // namespace cermet::cpu
