// Sums of discrete Fourier transforms, by their definition.

// The type that holds twice what an index may be.
template <class Index>
struct SizeType {
  using type = uint32;
};
template <>
struct SizeType<int64> {
  using type = uint64;
};

template <class V>
struct Complex {
  V real, imaginary;
};

__device__ __forceinline__ void sine_cosine_of_pi(float x, float* sine, float* cosine) {
  sincospif(x, sine, cosine);
}
__device__ __forceinline__ void sine_cosine_of_pi(double x, double* sine, double* cosine) {
  sincospi(x, sine, cosine);
}

// exp(2 pi i turn / length), conjugate where not INVERSE; 0 <= turn < length. The angle is at most
// pi, one rounding from the exact one.
template <class V, bool INVERSE, class Index>
__device__ __forceinline__ Complex<V> root_of_one(Index turn, Index length) {
  const bool beyond = turn > length - turn;
  const Index half_turns = beyond ? length - turn : turn;
  Complex<V> root;
  sine_cosine_of_pi(2 * static_cast<V>(half_turns) / static_cast<V>(length), &root.imaginary,
                    &root.real);
  if (beyond == INVERSE) root.imaginary = -root.imaginary;
  return root;
}

// sum over n < terms of read(n) * exp(-+ 2 pi i k n / length); 0 <= k < length where there are
// terms. k * n is reduced by `length` in integers, so that no angle loses digits to its size;
// Index holds 2 * length.
template <class V, bool INVERSE, class Index, class Read>
__device__ __forceinline__ Complex<V> fourier_sum(Index k, Index length, Index terms,
                                                  const Read& read) {
  Complex<V> sum = {0, 0};
  Index turn = 0;
  for (Index n = 0; n < terms; ++n) {
    const Complex<V> x = read(n), root = root_of_one<V, INVERSE>(turn, length);
    sum.real += x.real * root.real - x.imaginary * root.imaginary;
    sum.imaginary += x.real * root.imaginary + x.imaginary * root.real;
    turn += k;
    if (turn >= length) turn -= length;
  }
  return sum;
}

// The number whose parts begin at `x`: a real one has no imaginary part.
template <class V, class T>
__device__ __forceinline__ Complex<V> load_number(const T* x, bool is_complex) {
  return {to_compute(x[0]), is_complex ? to_compute(x[1]) : V(0)};
}
