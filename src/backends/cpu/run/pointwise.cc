// Scalar expressions over whole tensors.
#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/tile_loop.h"
#include "backends/cpu/run/work_split.h"

namespace cermet::cpu {
namespace {

class BoundPointwise : public BoundKernel {
 public:
  BoundPointwise(const TileProgram& program, std::span<const std::optional<Placed>> operands,
                 std::span<const Placed> results, int threads)
      : loop_(program, operands, results), threads_(threads) {
    const auto work = static_cast<int64_t>(program.instruction_count());
    grain_ = std::max(tile_size,
                      elements_worth_a_thread / std::max<int64_t>(1, work) / tile_size * tile_size);
  }

  size_t workspace_bytes() const override { return loop_.scratch_bytes() * threads_; }

  void run(const Call& call) override {
    std::atomic<int> next = 0;
    call.team->parallel_for(loop_.elements(), grain_, [&](int64_t begin, int64_t end) {
      auto* scratch = static_cast<std::byte*>(call.workspace) + loop_.scratch_bytes() * next++;
      loop_.run(call.inputs, call.outputs, scratch, begin, end);
    });
  }

 private:
  TileLoop loop_;
  size_t threads_;
  int64_t grain_;
};

class Pointwise : public Kernel {
 public:
  Pointwise(const Problem& problem, InstructionSet set)
      : problem_(problem), program_(problem.expression, set) {}

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const auto operands = placed_operands(problem_.inputs, context.inputs);
    const auto results = placed_results(problem_.outputs, context.outputs);
    return std::make_unique<BoundPointwise>(program_, operands, results, context.threads);
  }

 private:
  const Problem& problem_;
  TileProgram program_;
};

}  // namespace

std::unique_ptr<Kernel> make_pointwise_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Pointwise>(context.step->problem, set);
}

}  // namespace cermet::cpu
