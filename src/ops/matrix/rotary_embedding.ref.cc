#include "ops/matrix/rotary_embedding.ref.h"

namespace cermet {
namespace {

enum Input : size_t { data, cosines, sines, positions };

struct Sizes {
  int64_t batch = 0;
  int64_t heads = 0;
  int64_t length = 0;
  int64_t head = 0;
  bool packed = false;  // [batch, length, heads * head], else [batch, heads, length, head]
};

Sizes sizes_of(const EvalContext& ctx) {
  const Shape& s = ctx.input(data).shape;
  if (s.size() == 4) return {s[0], s[1], s[2], s[3], false};
  const int64_t heads = ctx.attributes().integer("num_heads", 0);
  ctx.require(heads > 0 && s[2] % heads == 0,
              "num_heads: expected a divisor of {} for an input of 3 dimensions, got {}", s[2],
              heads);
  return {s[0], heads, s[1], s[2] / heads, true};
}

void check_cache(const EvalContext& ctx, size_t input, const Sizes& sizes, int64_t half) {
  const Shape& s = ctx.input(input).shape;
  const bool by_position = ctx.has_input(positions);
  const bool fits =
      by_position ? s.size() == 2 && s[1] == half
                  : s.size() == 3 && s[0] == sizes.batch && s[1] == sizes.length && s[2] == half;
  ctx.require(fits, "{}: expected {} elements for each {}, got shape {}",
              input == cosines ? "cos_cache" : "sin_cache", half,
              by_position ? "position" : "token", to_string(s));
}

// For each token [batch, length]: the row of the caches that holds its angles.
std::vector<int64_t> cache_rows(const EvalContext& ctx, const Sizes& sizes) {
  const int64_t tokens = sizes.batch * sizes.length;
  if (!ctx.has_input(positions)) {
    std::vector<int64_t> rows(static_cast<size_t>(tokens));
    for (int64_t i = 0; i < tokens; ++i) rows[i] = i;
    return rows;
  }
  std::vector<int64_t> rows = ctx.integers(positions);
  ctx.require(static_cast<int64_t>(rows.size()) == tokens,
              "position_ids: expected {} positions, got {}", tokens, rows.size());
  const int64_t limit = std::min(ctx.input(cosines).shape[0], ctx.input(sines).shape[0]);
  for (const int64_t row : rows)
    ctx.require(row >= 0 && row < limit, "position_ids: expected positions below {}, got {}", limit,
                row);
  return rows;
}

void rotate(double* head, const double* cosine, const double* sine, int64_t half,
            bool interleaved) {
  const int64_t step = interleaved ? 2 : 1;
  const int64_t apart = interleaved ? 1 : half;
  for (int64_t i = 0; i < half; ++i) {
    double& x = head[i * step];
    double& y = head[i * step + apart];
    const double real = cosine[i] * x - sine[i] * y;
    y = sine[i] * x + cosine[i] * y;
    x = real;
  }
}

}  // namespace

void infer_rotary_embedding(InferContext& ctx) {
  if (ctx.has_rank(data))
    ctx.require(ctx.rank(data) == 3 || ctx.rank(data) == 4, "expected 3 or 4 dimensions, got {}",
                to_string(ctx.dims(data)));
  ctx.set_output(0, ctx.input(data));
}

void evaluate_rotary_embedding(EvalContext& ctx) {
  const TensorView y = ctx.output(0);
  const Sizes sizes = sizes_of(ctx);
  int64_t rotated = ctx.attributes().integer("rotary_embedding_dim", 0);
  if (rotated == 0) rotated = sizes.head;
  ctx.require(rotated > 0 && rotated <= sizes.head && rotated % 2 == 0,
              "rotary_embedding_dim: expected an even number of at most {}, got {}", sizes.head,
              rotated);
  const int64_t half = rotated / 2;
  check_cache(ctx, cosines, sizes, half);
  check_cache(ctx, sines, sizes, half);
  const std::vector<int64_t> rows = cache_rows(ctx, sizes);
  const std::vector<double> cosine = load_all<double>(ctx.input(cosines));
  const std::vector<double> sine = load_all<double>(ctx.input(sines));
  const bool interleaved = ctx.attributes().integer("interleaved", 0) != 0;

  std::vector<double> x = load_all<double>(ctx.input(data));
  for (int64_t b = 0; b < sizes.batch; ++b)
    for (int64_t h = 0; h < sizes.heads; ++h)
      for (int64_t l = 0; l < sizes.length; ++l) {
        const int64_t place = sizes.packed ? (b * sizes.length + l) * sizes.heads + h
                                           : (b * sizes.heads + h) * sizes.length + l;
        const int64_t row = rows[b * sizes.length + l] * half;
        rotate(x.data() + place * sizes.head, cosine.data() + row, sine.data() + row, half,
               interleaved);
      }
  store_all(y, x);
}

}  // namespace cermet
