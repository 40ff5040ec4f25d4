// Brings the parts that attention_mma.cu leaves for each row of [batch, heads, queries] together,
// in the order of the keys: y = sum of 2^(greatest - top) * results / sum of 2^(greatest - top) *
// sums. A warp has a row. A part of no keys has greatest -infinity and results 0.
template <class C, int WIDTH>
__device__ __forceinline__ void attention_combine(const AttentionOperands<C>& a) {
  const int64 rows = a.batch * a.heads * a.queries;
  const int64 warps = static_cast<int64>(gridDim.x) * (blockDim.x / 32);
  for (int64 row = blockIdx.x * static_cast<int64>(blockDim.x / 32) + threadIdx.x / 32; row < rows;
       row += warps) {
    const float* from = a.partial + row * C::splits * (WIDTH + 4);
    float top = minus_infinity();
    for (int s = 0; s < C::splits; ++s) top = fmaxf(top, from[s * (WIDTH + 4)]);
    const float shift = top == minus_infinity() ? 0.0f : top;
    float sum = 0, results[(WIDTH + 31) / 32] = {};
    for (int s = 0; s < C::splits; ++s) {
      const float* part = from + s * (WIDTH + 4);
      const float by = fast_exp2(part[0] - shift);
      sum = fmaf(part[1], by, sum);
#pragma unroll
      for (int n = 0; n < (WIDTH + 31) / 32; ++n)
        if (n * 32 + lane_id() < C::value_head)
          results[n] = fmaf(part[4 + n * 32 + lane_id()], by, results[n]);
    }
    const float by = a.total() == 0 ? 0.0f : 1.0f / sum;
    const int64 h = row / a.queries;
    auto* to = a.y + a.y_at.at(h / a.heads, h % a.heads, row % a.queries);
#pragma unroll
    for (int n = 0; n < (WIDTH + 31) / 32; ++n)
      if (n * 32 + lane_id() < C::value_head)
        to[n * 32 + lane_id()] = from_compute<typename C::element>(results[n] * by);
  }
}
