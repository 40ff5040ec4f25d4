// Constants in the forms that primitives read.
#pragma once

#include <mutex>
#include <vector>

#include "backends/cpu/onednn/descriptors.h"

namespace cermet::cpu::onednn {

// Belongs to a kernel; all its bound forms share what is packed here, once for each form that
// oneDNN asks for. Safe to use from several threads.
class PackedWeights {
 public:
  // The constant under `wanted`; valid as long as this object and the constant live.
  const void* get(const Tensor& constant, const Descriptor& given, const Descriptor& wanted);

 private:
  struct Entry {
    const void* constant;
    Descriptor descriptor;
    Tensor packed;
  };
  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace cermet::cpu::onednn
