// What attention keeps of its keys or values: to[b, h, l, d] = l < past ? before[b, h, l, d] :
// now[b, h, l - past, d]. `to` and `before` are dense; a thread copies VECTOR elements, which
// divide `size`; `to` is no operand's memory.
template <int VECTOR, class T>
__device__ __forceinline__ void attention_append(const T* before, const T* now,
                                                 AttentionStrides now_at, T* to, int64 batch,
                                                 int64 heads, int64 past, int64 total, int size) {
  using Piece = Pack<T, VECTOR>;
  const int pieces = size / VECTOR;
  const int64 count = batch * heads * total * pieces;
  for (int64 i = blockIdx.x * static_cast<int64>(blockDim.x) + threadIdx.x; i < count;
       i += static_cast<int64>(gridDim.x) * blockDim.x) {
    const int c = static_cast<int>(i % pieces) * VECTOR;
    const int64 l = i / pieces % total, place = i / pieces / total;
    const T* from = l < past ? before + (place * past + l) * size
                             : now + now_at.at(place / heads, place % heads, l - past);
    *reinterpret_cast<Piece*>(to + i * VECTOR) = *reinterpret_cast<const Piece*>(from + c);
  }
}
