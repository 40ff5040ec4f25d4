// What KernelFault is on the host, with its kinds.
struct fault_t {
  enum : int64 { index = 1, length = 2, place = 3, sizes = 4, region = 5, empty = 6 };
  int64 kind, value, bound, unused;
};

// Data contradict the model: the run fails when it has ended. Who calls this then leaves out what
// the data ask for.
__device__ inline void tell_fault(fault_t* fault, int64 kind, int64 value, int64 bound) {
  fault->value = value;
  fault->bound = bound;
  fault->kind = kind;
}

// An index into a dimension of `size` elements; negative ones count from its end. Any other is
// told, `inside` is false then and the result 0.
template <class Index, class Stored>
__device__ __forceinline__ Index checked_index(Stored index, Index size, fault_t* fault,
                                               bool& inside) {
  const int64 wide = static_cast<int64>(index);
  if (wide < -static_cast<int64>(size) || wide >= static_cast<int64>(size)) {
    tell_fault(fault, fault_t::index, wide, static_cast<int64>(size));
    inside = false;
    return 0;
  }
  return static_cast<Index>(wide < 0 ? wide + size : wide);
}
