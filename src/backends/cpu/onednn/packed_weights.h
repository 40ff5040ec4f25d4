// Constants in the forms that primitives read.
#pragma once

#include <mutex>
#include <vector>

#include "backends/cpu/onednn/packed_form.h"
#include "plan/kernel.h"

namespace cermet::cpu::onednn {

// Belongs to a kernel; all its bound forms share what is packed here, once for each form that
// oneDNN asks for. Safe to use from several threads.
class PackedWeights {
 public:
  explicit PackedWeights(const KernelContext& context);

  // Whether the engine holds the constant behind input i packed.
  bool is_packed(size_t i) const { return constants_[i].form.has_value(); }
  // The constant behind input i under `wanted`; valid as long as this object and the constant live.
  // A constant that is not packed lies as `given`.
  const void* get(size_t i, const Descriptor& given, const Descriptor& wanted);
  // What get() packed of input i last, if oneDNN tells how.
  std::optional<PackedConstant> packed(size_t i) const;

 private:
  struct Constant {
    const Tensor* tensor = nullptr;  // nullptr where the input is none
    std::optional<PackedForm> form;
  };
  struct Entry {
    size_t input;
    Descriptor descriptor;
    Tensor packed;
  };
  // The constant as `given` without blocks.
  Tensor plain(const Constant& constant, const Descriptor& given) const;

  std::vector<Constant> constants_;  // by input
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace cermet::cpu::onednn
