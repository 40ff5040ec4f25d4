// The memory of a card: addresses that only kernels and the driver may use. What else touches them
// gets SIGSEGV.
#pragma once

#include <map>

#include "backends/cuda/run/driver_api.h"

namespace cermet::cuda {

class Pool {
 public:
  static Pool& of(int ordinal);
  // The pool that the address belongs to, or null.
  static Pool* holding(CUdeviceptr address);

  CUresult allocate(CUdeviceptr* pointer, size_t bytes);
  CUresult release(CUdeviceptr pointer);
  // Within one allocation.
  bool covers(CUdeviceptr pointer, size_t bytes) const;
  size_t used_bytes() const { return used_; }
  size_t capacity() const;
  size_t allocations() const { return live_.size(); }
  int ordinal() const { return ordinal_; }
  void permit(bool access) const;

 private:
  explicit Pool(int ordinal);
  CUdeviceptr find_gap(size_t bytes) const;

  int ordinal_;
  CUdeviceptr begin_ = 0;
  size_t reserved_ = 0, reached_ = 0, used_ = 0;
  std::map<CUdeviceptr, size_t> live_;
};

// While it lives, the calling thread may use the memory of all cards.
class Access {
 public:
  Access();
  ~Access();
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;
};

}  // namespace cermet::cuda
