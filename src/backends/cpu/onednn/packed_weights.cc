#include "backends/cpu/onednn/packed_weights.h"

namespace cermet::cpu::onednn {

const void* PackedWeights::get(const Tensor& constant, const Descriptor& given,
                               const Descriptor& wanted) {
  if (same_places(given, wanted)) return constant.data();
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_)
    if (entry.constant == constant.data() && entry.descriptor == wanted) return entry.packed.data();
  Tensor packed(ElementType::uint8, {static_cast<int64_t>(wanted.get_size())});
  dnnl::memory from(given, cpu_engine(), const_cast<void*>(constant.data()));
  dnnl::memory to(wanted, cpu_engine(), packed.view().data);
  dnnl::stream stream(cpu_engine());
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  entries_.push_back({constant.data(), wanted, packed});
  return packed.data();
}

}  // namespace cermet::cpu::onednn
