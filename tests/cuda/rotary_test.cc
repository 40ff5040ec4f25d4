// Rotary embeddings on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct Sizes {
  int64_t batch, heads, length, head, turned;
};

KernelCase rotary(ElementType type, const Sizes& s, bool packed, bool placed, bool interleaved) {
  const Shape caches = placed ? Shape{50, s.turned / 2} : Shape{s.batch, s.length, s.turned / 2};
  const Shape shape = packed ? Shape{s.batch, s.length, s.heads * s.head}
                             : Shape{s.batch, s.heads, s.length, s.head};
  KernelCase what = kernel_case(ProblemKind::reference, "RotaryEmbedding",
                                {random_tensor(type, shape), random_tensor(type, caches, -1, 1, 2),
                                 random_tensor(type, caches, -1, 1, 3)});
  if (placed) what.inputs.emplace_back(random_tensor(int64, {s.batch, s.length}, 0, 50, 4));
  what.problem.attributes.set("num_heads", s.heads);
  what.problem.attributes.set("interleaved", static_cast<int64_t>(interleaved));
  what.problem.attributes.set("rotary_embedding_dim", s.turned == s.head ? 0 : s.turned);
  return what;
}

TEST(CudaRotary, TurnsPairs) {
  for (ElementType type : {float16, bfloat16, float32, float64})
    for (const Sizes& s : {Sizes{2, 3, 5, 16, 16}, Sizes{1, 2, 9, 24, 8}, Sizes{2, 2, 3, 7, 4},
                           Sizes{1, 4, 33, 64, 64}, Sizes{0, 2, 3, 8, 8}})
      for (bool packed : {false, true}) {
        if (s.heads != 3 && (type == bfloat16 || type == float64)) continue;
        for (bool interleaved : {false, true}) {
          const double error = type == float16 ? 1e-3 : (type == bfloat16 ? 8e-3 : 1e-6);
          expect_same_on_device(rotary(type, s, packed, packed != interleaved, interleaved),
                                cuda_tactic("cuda.rotary"), {error, error},
                                {s.head, s.heads * s.head});
        }
      }
}

}  // namespace
}  // namespace cermet
