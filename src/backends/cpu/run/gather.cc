// y[o, i, b] = x[o, indices[i], b]
#include <cstring>

#include "backends/cpu/run/movement.h"
#include "backends/cpu/run/work_split.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

struct GatherShape {
  int64_t outer = 1, size = 1, indices = 1;
  int64_t block_bytes = 1;
};

// Copies the blocks of the results [begin, end), counted over o and i.
template <class Index>
void gather(const GatherShape& s, const void* from, const void* indices, void* to, int64_t begin,
            int64_t end) {
  const auto* x = static_cast<const std::byte*>(from);
  const auto* index = static_cast<const Index*>(indices);
  auto* y = static_cast<std::byte*>(to);
  for (int64_t at = begin; at < end; ++at) {
    const int64_t o = at / s.indices;
    int64_t i = index[at - o * s.indices];
    require(i >= -s.size && i < s.size, ErrorCode::runtime,
            "Gather: index {} is outside a dimension of size {}", i, s.size);
    if (i < 0) i += s.size;
    const std::byte* source = x + (o * s.size + i) * s.block_bytes;
    std::byte* target = y + at * s.block_bytes;
    if (s.block_bytes == 4)
      std::memcpy(target, source, 4);
    else if (s.block_bytes == 8)
      std::memcpy(target, source, 8);
    else
      std::memcpy(target, source, static_cast<size_t>(s.block_bytes));
  }
}

class BoundGather : public BoundKernel {
 public:
  BoundGather(const GatherShape& shape, bool long_indices)
      : shape_(shape), gather_(long_indices ? gather<int64_t> : gather<int32_t>) {}

  void run(const Call& call) override {
    const int64_t grain = std::max<int64_t>(1, 4 * elements_worth_a_thread / shape_.block_bytes);
    call.team->parallel_for(shape_.outer * shape_.indices, grain, [&](int64_t begin, int64_t end) {
      gather_(shape_, call.inputs[0], call.inputs[1], call.outputs[0], begin, end);
    });
  }

 private:
  GatherShape shape_;
  void (*gather_)(const GatherShape&, const void*, const void*, void*, int64_t, int64_t);
};

class GatherKernel : public Kernel {
 public:
  explicit GatherKernel(const Problem& problem) : problem_(problem) {
    const ElementType index = problem.inputs[1]->type.element;
    require(index == ElementType::int64 || index == ElementType::int32, ErrorCode::invalid_engine,
            "Gather: indices of type {}", name(index));
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const Shape& x = *context.inputs[0];
    const auto rank = static_cast<int64_t>(x.size());
    int64_t axis = problem_.attributes.integer("axis", 0);
    if (axis < 0) axis += rank;
    GatherShape s;
    s.block_bytes = bit_width(problem_.inputs[0]->type.element) / 8;
    for (int64_t d = 0; d < rank; ++d)
      (d < axis ? s.outer : d == axis ? s.size : s.block_bytes) *= x[d];
    s.indices = element_count(*context.inputs[1]);
    const bool empty = s.block_bytes == 0;
    if (empty) s.block_bytes = 1;
    if (empty) s.outer = 0;
    return std::make_unique<BoundGather>(s, problem_.inputs[1]->type.element == ElementType::int64);
  }

 private:
  const Problem& problem_;
};

}  // namespace

std::unique_ptr<Kernel> make_gather_kernel(const KernelContext& context) {
  return std::make_unique<GatherKernel>(context.step->problem);
}

}  // namespace cermet::cpu
