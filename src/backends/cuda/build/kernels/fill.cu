// The place of a 1 among `depth`: an index that counts from the end where it is negative, cut
// towards zero; -1 where it is none.
__device__ __forceinline__ int64 hot_place(int64 index, int64 depth) {
  if (index < 0) index += depth;
  return index >= 0 && index < depth ? index : -1;
}
__device__ __forceinline__ int64 hot_index(double index, int64 depth) {
  const double last = static_cast<double>(depth);
  return index >= -last && index <= last ? hot_place(static_cast<int64>(index), depth) : -1;
}
__device__ __forceinline__ int64 hot_index(float index, int64 depth) {
  return hot_index(static_cast<double>(index), depth);
}
template <class T>
__device__ __forceinline__ int64 hot_index(T index, int64 depth) {
  const bool is_large = index > T(0) && static_cast<uint64>(index) >= static_cast<uint64>(depth);
  return is_large ? -1 : hot_place(static_cast<int64>(index), depth);
}
