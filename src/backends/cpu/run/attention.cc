// Attention of float32, a block of queries and a block of keys at a time:
//   y[b, h, i] = sum over j of w[i, j] v[b, g, j] / sum over j of w[i, j]
//   w[i, j] = exp(scale * q[b, h, i] . k[b, g, j] + mask[b, h, i, j] - m[i])
// g the key head that the query head h shares, m[i] the greatest exponent. Sums over the blocks of
// keys seen so far are kept under the greatest exponent so far and rescaled when it grows, so that
// there is never a whole matrix of scores. Operands are [batch, heads, length, size] or packed
// [batch, length, heads * size], of which q, k and v may be parts of wider rows; accumulation is
// float32.
#include <cmath>
#include <limits>
#include <utility>

#include "backends/cpu/run/gemm_pack.h"
#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/work_split.h"

namespace cermet::cpu {
namespace {

constexpr int64_t attention_keys = gemm_depth;  // that are weighed at once
constexpr int64_t most_queries = 256;           // of a task: keys are packed once for each
constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

// Where a head of an operand begins and how far its rows are apart; a row is contiguous.
struct HeadStrides {
  int64_t batch = 0, head = 0, row = 0;

  int64_t at(int64_t b, int64_t h, int64_t i) const { return b * batch + h * head + i * row; }
};

enum class Mask : uint8_t { none, added, allowed };

struct AttentionShape {
  int64_t batch = 0, heads = 0, key_heads = 0, queries = 0, keys = 0, size = 0, value_size = 0;
  HeadStrides q, k, v, y, mask_strides;
  Mask mask = Mask::none;
  bool causal = false;
  float scale = 1;
};

class BoundAttention : public BoundKernel {
 public:
  BoundAttention(const AttentionShape& shape, const ProductFunctions& functions, int threads)
      : s_(shape), f_(functions), threads_(threads) {
    block_ = std::clamp<int64_t>(s_.queries, 1, most_queries);
    while (threads > 1 && tasks() < 3 * threads && block_ > 2 * f_.products.rows)
      block_ = pieces(block_, 2);
    height_ = pieces(block_, pieces(block_, f_.products.rows));
  }

  size_t workspace_bytes() const override { return scratch_floats() * sizeof(float) * threads_; }

  void run(const Call& call) override {
    if (s_.value_size == 0) return;
    const int64_t work = block_ * s_.keys * (s_.size + s_.value_size) / 16;
    const int64_t grain = elements_worth_a_thread / 2 / std::max<int64_t>(1, work);
    std::atomic<int64_t> next = 0;
    call.team->parallel_for(tasks(), grain, [&](int64_t begin, int64_t end) {
      float* scratch =
          static_cast<float*>(call.workspace) + next++ * static_cast<int64_t>(scratch_floats());
      for (int64_t task = begin; task < end; ++task) run_task(call, task, scratch);
    });
  }

 private:
  // One block of queries of one head.
  struct Task {
    int64_t b = 0, h = 0, first = 0, count = 0;  // queries
    const float *q = nullptr, *k = nullptr, *v = nullptr;
    const void* mask = nullptr;
    float* y = nullptr;
    float *packed_k = nullptr, *packed_v = nullptr, *queries = nullptr, *weights = nullptr;
    float *greatest = nullptr, *totals = nullptr, *keep = nullptr;  // of each query
  };
  // A block of keys.
  struct Keys {
    int64_t first = 0, count = 0;
  };

  int64_t blocks() const { return pieces(s_.queries, block_); }
  int64_t tasks() const { return s_.batch * s_.heads * blocks(); }
  int64_t columns() const { return f_.products.columns; }
  static int64_t padded(int64_t floats) { return (floats + 15) / 16 * 16; }
  int64_t key_floats() const { return pieces(keys_at_once(), columns()) * columns() * s_.size; }
  int64_t value_floats() const {
    return pieces(s_.value_size, columns()) * columns() * keys_at_once();
  }
  int64_t keys_at_once() const { return std::min(attention_keys, s_.keys); }
  size_t scratch_floats() const {
    return static_cast<size_t>(padded(key_floats()) + padded(value_floats()) +
                               2 * f_.products.rows * gemm_row + 3 * padded(block_));
  }

  Task task_of(const Call& call, int64_t number, float* scratch) const {
    Task t;
    const int64_t head = number / blocks();
    t.b = head / s_.heads;
    t.h = head % s_.heads;
    t.first = number % blocks() * block_;
    t.count = std::min(block_, s_.queries - t.first);
    const int64_t key_head = t.h / (s_.heads / s_.key_heads);
    t.q = static_cast<const float*>(call.inputs[0]) + s_.q.at(t.b, t.h, t.first);
    t.k = static_cast<const float*>(call.inputs[1]) + s_.k.at(t.b, key_head, 0);
    t.v = static_cast<const float*>(call.inputs[2]) + s_.v.at(t.b, key_head, 0);
    t.mask = s_.mask == Mask::none ? nullptr : call.inputs[3];
    t.y = static_cast<float*>(call.outputs[0]) + s_.y.at(t.b, t.h, t.first);
    const auto take = [&](int64_t floats) { return std::exchange(scratch, scratch + floats); };
    t.packed_k = take(padded(key_floats()));
    t.packed_v = take(padded(value_floats()));
    t.weights = take(f_.products.rows * gemm_row);
    t.queries = take(f_.products.rows * gemm_row);
    t.greatest = take(padded(block_));
    t.totals = take(padded(block_));
    t.keep = take(padded(block_));
    return t;
  }

  void run_task(const Call& call, int64_t number, float* scratch) const {
    const Task t = task_of(call, number, scratch);
    std::fill_n(t.greatest, t.count, minus_infinity);
    std::fill_n(t.totals, t.count, 0.0f);
    const int64_t end = s_.causal ? std::min(s_.keys, t.first + t.count) : s_.keys;
    for (int64_t first = 0; first < end; first += attention_keys) {
      const Keys keys{first, std::min(attention_keys, end - first)};
      pack(t, keys);
      for (int64_t r = 0; r < t.count; r += height_) {
        const int64_t rows = std::min(height_, t.count - r);
        score(t, keys, r, rows);
        for (int64_t i = 0; i < rows; ++i) make_weights(t, keys, r + i, t.weights + i * gemm_row);
        weigh(t, keys, r, rows);
      }
    }
    finish(t);
  }

  void pack(const Task& t, const Keys& keys) const {
    for (int64_t j = 0; j < keys.count; j += columns()) {
      const int64_t width = std::min(columns(), keys.count - j);
      float* to = t.packed_k + j * s_.size;
      f_.transpose(width, s_.size, t.k + (keys.first + j) * s_.k.row, s_.k.row, to, columns());
    }
    for (int64_t j = 0; j < s_.value_size; j += columns())
      pack_columns({t.v + keys.first * s_.v.row + j, s_.v.row, 1}, keys.count,
                   std::min(columns(), s_.value_size - j), columns(), f_.transpose,
                   t.packed_v + j * keys.count);
  }

  // Scores of some queries. Those behind the last key of a panel are of no key.
  void score(const Task& t, const Keys& keys, int64_t r, int64_t rows) const {
    for (int64_t i = 0; i < rows; ++i)
      f_.rows.scale(s_.size, t.q + (r + i) * s_.q.row, 0, s_.scale, t.queries + i * gemm_row);
    GemmTile tile;
    tile.a = t.queries;
    tile.depth = s_.size;
    tile.c_row = gemm_row;
    for (int64_t j = 0; j < keys.count; j += columns()) {
      tile.b = t.packed_k + j * s_.size;
      tile.width = keys.count - j <= columns() / 2 ? columns() / 2 : columns();
      tile.c = t.weights + j;
      f_.products.tile[rows](tile);
    }
  }

  // Turns the scores of one query into weights.
  void make_weights(const Task& t, const Keys& keys, int64_t query, float* row) const {
    const int64_t i = t.first + query;
    int64_t count = keys.count;
    if (s_.causal) count = std::clamp<int64_t>(i + 1 - keys.first, 0, count);
    const int64_t whole = padded(keys.count);  // functions of whole vectors are the fastest
    std::fill(row + count, row + whole, minus_infinity);
    t.keep[query] = 1;
    const int64_t mask_at = s_.mask_strides.at(t.b, t.h, i) + keys.first;
    if (s_.mask == Mask::added) {
      f_.rows.add(count, static_cast<const float*>(t.mask) + mask_at, row);
    } else if (s_.mask == Mask::allowed) {
      const auto* allowed = static_cast<const uint8_t*>(t.mask) + mask_at;
      for (int64_t j = 0; j < count; ++j) row[j] = allowed[j] != 0 ? row[j] : minus_infinity;
    }
    const float top = f_.rows.max(whole, row);
    const float before = t.greatest[query];
    if (!(top <= before)) t.greatest[query] = top;
    const float shift = t.greatest[query];
    if (shift == minus_infinity) {
      std::fill(row, row + whole, 0.0f);
      return;
    }
    if (keys.first > 0) t.keep[query] = std::exp(before - shift);
    t.totals[query] = t.totals[query] * t.keep[query] + f_.rows.exp(whole, row, shift, row);
  }

  void weigh(const Task& t, const Keys& keys, int64_t r, int64_t rows) const {
    GemmTile tile;
    tile.a = t.weights;
    tile.depth = keys.count;
    tile.keep = keys.first > 0 ? t.keep + r : nullptr;
    tile.c_row = s_.y.row;
    for (int64_t j = 0; j < s_.value_size; j += columns()) {
      tile.b = t.packed_v + j * keys.count;
      tile.width = std::min(columns(), s_.value_size - j);
      tile.c = t.y + r * s_.y.row + j;
      f_.products.tile[rows](tile);
    }
  }

  // A query that may look at no key gets NaN, as a softmax of nothing but -infinity gives; where
  // there are no keys at all, results are 0.
  void finish(const Task& t) const {
    for (int64_t i = 0; i < t.count; ++i) {
      float* y = t.y + i * s_.y.row;
      if (s_.keys == 0)
        std::fill_n(y, s_.value_size, 0.0f);
      else if (t.greatest[i] == minus_infinity)
        std::fill_n(y, s_.value_size, std::numeric_limits<float>::quiet_NaN());
      else
        f_.rows.scale(s_.value_size, y, 0, 1 / t.totals[i], y);
    }
  }

  AttentionShape s_;
  ProductFunctions f_;
  size_t threads_;
  int64_t block_ = 0;   // queries of a task
  int64_t height_ = 0;  // queries of a tile
};

struct Heads {
  int64_t batch, heads, length, size;
  HeadStrides strides;
};

Heads heads_of(const Shape& shape, const Layout& layout, int64_t heads) {
  const std::vector<int64_t> step = strides(shape, layout);
  if (shape.size() == 4)
    return {shape[0], shape[1], shape[2], shape[3], {step[0], step[1], step[2]}};
  const int64_t size = shape[2] / std::max<int64_t>(1, heads);
  return {shape[0], heads, shape[1], size, {step[0], size, step[1]}};
}

// Of a mask that broadcasts to [batch, heads, queries] in all dimensions but the last.
HeadStrides mask_strides(const Shape& mask) {
  Shape padded(4 - mask.size(), 1);
  padded.insert(padded.end(), mask.begin(), mask.end());
  const int64_t row = padded[3], head = row * padded[2], batch = head * padded[1];
  return {padded[0] == 1 ? 0 : batch, padded[1] == 1 ? 0 : head, padded[2] == 1 ? 0 : row};
}

class Attention : public Kernel {
 public:
  Attention(const Problem& problem, InstructionSet set)
      : problem_(problem), functions_(product_functions(set)) {}

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const int64_t key_heads = problem_.attributes.integer("kv_num_heads", 0);
    const auto input = [&](size_t i, int64_t heads) {
      return heads_of(*context.inputs[i], problem_.inputs[i]->layout, heads);
    };
    const Heads q = input(0, problem_.attributes.integer("q_num_heads", key_heads));
    const Heads k = input(1, key_heads), v = input(2, key_heads);
    check(q, k, v, context);
    AttentionShape s;
    s.batch = q.batch;
    s.heads = q.heads;
    s.key_heads = std::max<int64_t>(1, k.heads);
    s.queries = q.length;
    s.keys = k.length;
    s.size = q.size;
    s.value_size = v.size;
    s.q = q.strides;
    s.k = k.strides;
    s.v = v.strides;
    s.y = heads_of(*context.outputs[0], Layout{}, q.heads).strides;
    s.causal = problem_.attributes.integer("is_causal", 0) != 0;
    s.scale = static_cast<float>(
        problem_.attributes.number("scale", 1 / std::sqrt(static_cast<double>(q.size))));
    if (context.inputs.size() > 3 && context.inputs[3]) {
      s.mask_strides = mask_strides(*context.inputs[3]);
      s.mask =
          problem_.inputs[3]->type.element == ElementType::boolean ? Mask::allowed : Mask::added;
    }
    return std::make_unique<BoundAttention>(s, functions_, context.threads);
  }

 private:
  // Shapes of an engine are not to be trusted.
  static void check(const Heads& q, const Heads& k, const Heads& v, const BindContext& context) {
    const auto refuse_unless = [](bool fits, std::string_view what) {
      require(fits, ErrorCode::invalid_argument, "Attention: {} do not fit each other", what);
    };
    refuse_unless(q.batch == k.batch && q.batch == v.batch, "batch sizes");
    refuse_unless(k.heads == v.heads && q.heads % std::max<int64_t>(1, k.heads) == 0 &&
                      (k.heads > 0 || q.heads == 0),
                  "numbers of heads");
    refuse_unless(q.size == k.size && k.length == v.length, "sizes of queries, keys and values");
    const Heads y = heads_of(*context.outputs[0], Layout{}, q.heads);
    refuse_unless(
        y.batch == q.batch && y.heads == q.heads && y.length == q.length && y.size == v.size,
        "operands and result");
    if (context.inputs.size() < 4 || !context.inputs[3]) return;
    const Shape& mask = *context.inputs[3];
    const int64_t scores[] = {q.batch, q.heads, q.length, k.length};
    for (size_t d = 1; d <= mask.size(); ++d) {
      const int64_t size = mask[mask.size() - d];
      refuse_unless(size == scores[4 - d] || (d > 1 && size == 1), "mask and scores");
    }
  }

  const Problem& problem_;
  ProductFunctions functions_;
};

}  // namespace

std::unique_ptr<Kernel> make_attention_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Attention>(context.step->problem, set);
}

}  // namespace cermet::cpu
