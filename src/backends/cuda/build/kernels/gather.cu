// An index into a dimension of `size` elements; negative ones count from its end. Any other index
// ends the kernel with an error, before anything is read or written by it.
template <class Index, class Stored>
__device__ __forceinline__ Index checked_index(Stored index, Index size) {
  const int64 wide = static_cast<int64>(index);
  if (wide < -static_cast<int64>(size) || wide >= static_cast<int64>(size)) __trap();
  return static_cast<Index>(wide < 0 ? wide + size : wide);
}
