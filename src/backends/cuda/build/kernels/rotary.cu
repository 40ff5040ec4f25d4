// Rotary embeddings. Of a head's first 2 * HALF elements, x = in[i] and y = in[i + HALF] (side by
// side where INTERLEAVED: in[2i], in[2i + 1]) become cos * x - sin * y and sin * x + cos * y; the
// rest is copied. Heads of HEAD elements lie one after the other, `heads` for each token where
// PACKED, else `length` tokens for each head. Row t of the caches (HALF elements) belongs to token
// t = b * length + l, or to its position. A position that the caches don't have gives NaN. The
// result may be the input's memory: each thread reads what it writes. PACK elements that lie side
// by side are read at once; it divides HALF and HEAD.
template <class T, class C, class P, int HALF, int HEAD, int PACK, bool INTERLEAVED, bool PACKED>
__device__ __forceinline__ void turn_pairs(const T* in, const C* cosines, const C* sines,
                                           const P* positions, T* out, int64 places, int64 heads,
                                           int64 length, int64 cache_rows) {
  using Piece = Pack<T, PACK>;
  using Angles = Pack<C, PACK>;
  using real = decltype(to_compute(T()));
  constexpr int turned = HALF / PACK, pieces = turned + (HEAD - 2 * HALF) / PACK;
  const int64 step = static_cast<int64>(gridDim.x) * blockDim.x;
  for (int64 i = blockIdx.x * static_cast<int64>(blockDim.x) + threadIdx.x; i < places * pieces;
       i += step) {
    const int64 place = i / pieces;
    const int piece = static_cast<int>(i % pieces);
    if (piece >= turned) {
      const int64 at = place * HEAD + 2 * HALF + (piece - turned) * PACK;
      *reinterpret_cast<Piece*>(out + at) = *reinterpret_cast<const Piece*>(in + at);
      continue;
    }
    int64 row = PACKED ? place / heads : place / (heads * length) * length + place % length;
    if (positions != nullptr) row = static_cast<int64>(positions[row]);
    const bool known = row >= 0 && row < cache_rows;
    const int64 angle = (known ? row : 0) * HALF + piece * PACK;
    Angles c, s;
    if (known) {
      c = *reinterpret_cast<const Angles*>(cosines + angle);
      s = *reinterpret_cast<const Angles*>(sines + angle);
    }
    const int64 first = place * HEAD + piece * PACK * (INTERLEAVED ? 2 : 1);
    const int64 second = first + (INTERLEAVED ? PACK : HALF);
    Piece a = *reinterpret_cast<const Piece*>(in + first);
    Piece b = *reinterpret_cast<const Piece*>(in + second);
#pragma unroll
    for (int e = 0; e < PACK; ++e) {
      // Pairs that lie side by side go through both pieces.
      T& x = !INTERLEAVED ? a.items[e]
                          : (2 * e < PACK ? a.items[2 * e % PACK] : b.items[2 * e % PACK]);
      T& y = !INTERLEAVED
                 ? b.items[e]
                 : (2 * e + 1 < PACK ? a.items[(2 * e + 1) % PACK] : b.items[(2 * e + 1) % PACK]);
      const real u = to_compute(x), v = to_compute(y);
      const real nan = static_cast<real>(__uint_as_float(0x7fc00000u));
      const real cosine = known ? static_cast<real>(to_compute(c.items[e])) : nan;
      const real sine = known ? static_cast<real>(to_compute(s.items[e])) : nan;
      x = from_compute<T>(cosine * u - sine * v);
      y = from_compute<T>(sine * u + cosine * v);
    }
    *reinterpret_cast<Piece*>(out + first) = a;
    *reinterpret_cast<Piece*>(out + second) = b;
  }
}
