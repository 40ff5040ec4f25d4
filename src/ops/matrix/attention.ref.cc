#include "ops/matrix/attention.ref.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/matrix/product.ref.h"
#include "ops/reduction/softmax.ref.h"

namespace cermet {
namespace {

enum Input : size_t { query, key, value, mask, past_key, past_value, nonpad_lengths };

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

// [batch, heads, length, size], dense.
struct Heads {
  int64_t batch = 0;
  int64_t heads = 0;
  int64_t length = 0;
  int64_t size = 0;
  std::vector<double> data;

  const double* head(int64_t b, int64_t h) const {
    return data.data() + (b * heads + h) * length * size;
  }
};

Heads load_heads(const ConstTensorView& view, int64_t heads) {
  std::vector<double> data = load_all<double>(view);
  const Shape& s = view.shape;
  if (s.size() == 4) return {s[0], s[1], s[2], s[3], std::move(data)};
  Heads result{s[0], heads, s[1], s[2] / heads, std::vector<double>(data.size())};
  const double* from = data.data();
  for (int64_t b = 0; b < s[0]; ++b)
    for (int64_t l = 0; l < s[1]; ++l)
      for (int64_t h = 0; h < heads; ++h, from += result.size)
        std::copy_n(from, result.size,
                    result.data.data() + ((b * heads + h) * s[1] + l) * result.size);
  return result;
}

// The past before the present.
Heads append(const Heads& past, const Heads& now) {
  Heads all{now.batch, now.heads, past.length + now.length, now.size, {}};
  for (int64_t b = 0; b < now.batch; ++b)
    for (int64_t h = 0; h < now.heads; ++h)
      for (const Heads* part : {&past, &now})
        all.data.insert(all.data.end(), part->head(b, h),
                        part->head(b, h) + part->length * part->size);
  return all;
}

// What is added to the scores; -infinity forbids a place.
class Bias {
 public:
  Bias(const EvalContext& ctx, const Shape& scores, int64_t past)
      : past_(past), causal_(ctx.attributes().integer("is_causal", 0) != 0) {
    if (ctx.has_input(mask)) load_mask(ctx, scores);
    if (ctx.has_input(nonpad_lengths)) {
      lengths_ = ctx.integers(nonpad_lengths);
      ctx.require(static_cast<int64_t>(lengths_.size()) == scores[0],
                  "nonpad_kv_seqlen: expected {} lengths, got {}", scores[0], lengths_.size());
    }
  }

  void add(std::span<double> row, int64_t b, int64_t h, int64_t i) const {
    const int64_t total = static_cast<int64_t>(row.size());
    if (!mask_.empty()) {
      const double* from = mask_.data() + b * strides_[0] + h * strides_[1] + i * strides_[2];
      for (int64_t j = 0; j < mask_length_; ++j) row[j] += from[j];
    }
    forbid(row, masked_ ? mask_length_ : total);
    if (causal_) forbid(row, past_ + i + 1);
    if (!lengths_.empty()) forbid(row, lengths_[b]);
  }

 private:
  static void forbid(std::span<double> row, int64_t from) {
    const int64_t total = static_cast<int64_t>(row.size());
    std::fill(row.begin() + std::clamp<int64_t>(from, 0, total), row.end(), minus_infinity);
  }

  // The mask's last dimension may be shorter than the scores'; the rest is forbidden.
  void load_mask(const EvalContext& ctx, const Shape& scores) {
    const ConstTensorView& view = ctx.input(mask);
    ctx.require(!view.shape.empty() && view.shape.size() <= 4 && view.shape.back() <= scores[3],
                "attn_mask of shape {} does not fit scores of shape {}", to_string(view.shape),
                to_string(scores));
    Shape result = scores;
    result[3] = view.shape.back();
    for (size_t d = 1; d < view.shape.size(); ++d) {
      const int64_t size = view.shape[view.shape.size() - 1 - d];
      ctx.require(size == 1 || size == scores[3 - d],
                  "attn_mask of shape {} does not broadcast to {}", to_string(view.shape),
                  to_string(scores));
    }
    strides_ = broadcast_strides(view.shape, result);
    mask_ = load_all<double>(view);
    mask_length_ = result[3];
    masked_ = true;
    if (view.type == ElementType::boolean)
      for (double& v : mask_) v = v != 0 ? 0 : minus_infinity;
  }

  std::vector<double> mask_;
  std::vector<int64_t> strides_;
  int64_t mask_length_ = 0;
  bool masked_ = false;
  std::vector<int64_t> lengths_;
  int64_t past_ = 0;
  bool causal_ = false;
};

// Which stage of the scores the fourth output shows.
enum Stage : int64_t { product = 0, capped = 1, biased = 2, probabilities = 3 };

struct Settings {
  double scale = 1;
  double softcap = 0;
  int64_t shown = product;
};

std::vector<double> transposed(const double* matrix, int64_t rows, int64_t columns) {
  std::vector<double> turned(static_cast<size_t>(rows * columns));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) turned[j * rows + i] = matrix[i * columns + j];
  return turned;
}

// Scores of one head, [q.length, k.length], turned into probabilities; `show` receives the stage
// that was asked for.
template <class Show>
std::vector<double> probabilities_of(const Heads& q, const Heads& k, int64_t b, int64_t h,
                                     const Bias& bias, const Settings& settings, Show&& show) {
  const int64_t kv_head = h / (q.heads / k.heads);
  std::vector<double> scores(static_cast<size_t>(q.length * k.length));
  const std::vector<double> keys = transposed(k.head(b, kv_head), k.length, k.size);
  add_product(q.head(b, h), keys.data(), scores.data(), q.length, q.size, k.length);
  for (double& s : scores) s *= settings.scale;
  if (settings.shown == product) show(scores);
  if (settings.softcap > 0)
    for (double& s : scores) s = settings.softcap * std::tanh(s / settings.softcap);
  if (settings.shown == capped) show(scores);
  for (int64_t i = 0; i < q.length; ++i)
    bias.add(std::span(scores.data() + i * k.length, static_cast<size_t>(k.length)), b, h, i);
  if (settings.shown == biased) show(scores);
  for (int64_t i = 0; i < q.length; ++i)
    softmax_row(std::span(scores.data() + i * k.length, static_cast<size_t>(k.length)));
  if (settings.shown == probabilities) show(scores);
  return scores;
}

// Packs [batch, heads, length, size] into the output's shape.
void store_heads(const TensorView& y, const Heads& heads) {
  if (y.shape.size() == 4) return store_all(y, heads.data);
  std::vector<double> packed;
  packed.reserve(heads.data.size());
  for (int64_t b = 0; b < heads.batch; ++b)
    for (int64_t l = 0; l < heads.length; ++l)
      for (int64_t h = 0; h < heads.heads; ++h) {
        const double* from = heads.head(b, h) + l * heads.size;
        packed.insert(packed.end(), from, from + heads.size);
      }
  store_all(y, packed);
}

Settings settings_of(const EvalContext& ctx, int64_t head_size) {
  Settings settings;
  settings.scale = ctx.attributes().number("scale", 1 / std::sqrt(static_cast<double>(head_size)));
  settings.softcap = ctx.attributes().number("softcap", 0);
  settings.shown = ctx.attributes().integer("qk_matmul_output_mode", product);
  ctx.require(settings.shown >= product && settings.shown <= probabilities,
              "qk_matmul_output_mode: expected 0 to 3, got {}", settings.shown);
  return settings;
}

}  // namespace

void evaluate_attention(EvalContext& ctx) {
  ctx.inferred(0);  // checks that the operands fit
  const int64_t kv_heads = ctx.attributes().integer("kv_num_heads", 0);
  const Heads q = load_heads(ctx.input(query), ctx.attributes().integer("q_num_heads", 0));
  Heads k = load_heads(ctx.input(key), kv_heads);
  Heads v = load_heads(ctx.input(value), kv_heads);
  int64_t past = 0;
  if (ctx.has_input(past_key)) {
    const Heads before = load_heads(ctx.input(past_key), kv_heads);
    past = before.length;
    k = append(before, k);
    v = append(load_heads(ctx.input(past_value), kv_heads), v);
    ctx.require(k.length == v.length, "past keys and values have lengths {} and {}", past,
                v.length - k.length + past);
  }
  const Bias bias(ctx, {q.batch, q.heads, q.length, k.length}, past);
  const Settings settings = settings_of(ctx, q.size);

  Heads y{q.batch, q.heads, q.length, v.size, {}};
  y.data.resize(static_cast<size_t>(q.batch * q.heads * q.length * v.size));
  const bool shows = ctx.wants_output(3);
  std::vector<double> shown;
  for (int64_t b = 0; b < q.batch; ++b)
    for (int64_t h = 0; h < q.heads; ++h) {
      const auto show = [&](const std::vector<double>& scores) {
        if (shows) shown.insert(shown.end(), scores.begin(), scores.end());
      };
      const std::vector<double> p = probabilities_of(q, k, b, h, bias, settings, show);
      add_product(p.data(), v.head(b, h / (q.heads / k.heads)),
                  y.data.data() + (b * q.heads + h) * q.length * v.size, q.length, k.length,
                  v.size);
    }
  if (ctx.wants_output(0)) store_heads(ctx.output(0), y);
  if (ctx.wants_output(1)) store_all(ctx.output(1), k.data);
  if (ctx.wants_output(2)) store_all(ctx.output(2), v.data);
  if (shows) store_all(ctx.output(3), shown);
}

}  // namespace cermet
