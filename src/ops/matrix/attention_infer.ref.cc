#include "ops/matrix/attention.ref.h"

namespace cermet {
namespace {

enum Input : size_t { query, key, value, mask, past_key, past_value, nonpad_lengths };

// What one of Q, K, V says: [batch, heads, length, size of a head].
struct HeadDims {
  Dim batch, heads, length, size;
};

// A packed operand ([batch, length, heads * size]) takes its heads from the attribute.
std::optional<HeadDims> head_dims(InferContext& ctx, size_t input, std::string_view attribute) {
  if (!ctx.has_rank(input)) return std::nullopt;
  const Dims& dims = ctx.dims(input);
  ctx.require(dims.size() == 3 || dims.size() == 4, "expected 3 or 4 dimensions, got {}",
              to_string(dims));
  if (dims.size() == 4) return HeadDims{dims[0], dims[1], dims[2], dims[3]};
  const int64_t heads = ctx.attributes().integer(attribute, 0);
  ctx.require(heads > 0, "{}: expected a positive number for inputs of 3 dimensions, got {}",
              attribute, heads);
  if (dims[2].is_constant())
    ctx.require(dims[2].constant() % heads == 0, "{} elements do not divide into {} heads",
                dims[2].constant(), heads);
  const auto exact = exact_div(dims[2], heads);
  return HeadDims{dims[0], heads, dims[1], exact ? *exact : floor_div(dims[2], heads)};
}

void require_same(InferContext& ctx, const Dim& a, const Dim& b, std::string_view what) {
  if (a.is_constant() && b.is_constant())
    ctx.require(a == b, "{} differ: {} and {}", what, a.constant(), b.constant());
}

void check_past(InferContext& ctx, size_t input, const HeadDims& heads) {
  if (!ctx.has_input(input) || !ctx.has_rank(input)) return;
  const Dims& dims = ctx.dims(input);
  ctx.require(dims.size() == 4, "past keys and values: expected 4 dimensions, got {}",
              to_string(dims));
  require_same(ctx, dims[0], heads.batch, "batch sizes of past and present");
  require_same(ctx, dims[1], heads.heads, "head counts of past and present");
  require_same(ctx, dims[3], heads.size, "head sizes of past and present");
}

void check_operands(InferContext& ctx, const HeadDims& q, const HeadDims& k, const HeadDims& v) {
  require_same(ctx, q.batch, k.batch, "batch sizes of Q and K");
  require_same(ctx, q.batch, v.batch, "batch sizes of Q and V");
  require_same(ctx, q.size, k.size, "head sizes of Q and K");
  require_same(ctx, k.heads, v.heads, "head counts of K and V");
  require_same(ctx, k.length, v.length, "lengths of K and V");
  if (q.heads.is_constant() && k.heads.is_constant())
    ctx.require(k.heads.constant() > 0 && q.heads.constant() % k.heads.constant() == 0,
                "{} query heads do not divide among {} key heads", q.heads.constant(),
                k.heads.constant());
  check_past(ctx, past_key, k);
  check_past(ctx, past_value, v);
  ctx.require(ctx.has_input(past_key) == ctx.has_input(past_value),
              "past_key and past_value come together or not at all");
}

void set_unknown(InferContext& ctx) {
  if (ctx.has_rank(query))
    ctx.set_output_rank(0, ctx.element(query), ctx.rank(query));
  else
    ctx.set_output_rank_unknown(0, ctx.element(query));
  if (ctx.output_count() > 1) ctx.set_output_rank(1, ctx.element(key), 4);
  if (ctx.output_count() > 2) ctx.set_output_rank(2, ctx.element(value), 4);
  if (ctx.output_count() > 3) ctx.set_output_rank(3, ctx.element(query), 4);
}

}  // namespace

void infer_attention(InferContext& ctx) {
  const auto q = head_dims(ctx, query, "q_num_heads");
  const auto k = head_dims(ctx, key, "kv_num_heads");
  const auto v = head_dims(ctx, value, "kv_num_heads");
  if (!q || !k || !v) return set_unknown(ctx);
  check_operands(ctx, *q, *k, *v);

  Dim total = k->length;
  if (ctx.has_input(past_key))
    total = total + (ctx.has_rank(past_key) ? ctx.dims(past_key)[2] : ctx.new_dim("past"));
  if (ctx.rank(query) == 4)
    ctx.set_output(0, ctx.element(query), Dims{q->batch, q->heads, q->length, v->size});
  else
    ctx.set_output(0, ctx.element(query), Dims{q->batch, q->length, q->heads * v->size});
  if (ctx.output_count() > 1)
    ctx.set_output(1, ctx.element(key), Dims{q->batch, k->heads, total, k->size});
  if (ctx.output_count() > 2)
    ctx.set_output(2, ctx.element(value), Dims{q->batch, v->heads, total, v->size});
  if (ctx.output_count() > 3)
    ctx.set_output(3, ctx.element(query), Dims{q->batch, q->heads, q->length, total});
}

}  // namespace cermet
