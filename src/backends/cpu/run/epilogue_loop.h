// The epilogue of a kernel that writes float32 where its result goes: the expression is applied to
// elements soon after they are written, while they are in a cache.
#pragma once

#include <optional>

#include "backends/cpu/run/tile_loop.h"
#include "plan/kernel.h"

namespace cermet::cpu {

// Why epilogues of this kind can't be applied; nothing when they can, or when there is none.
std::optional<std::string> epilogue_rejects(const Problem& problem);

// An expression whose operand 0 is the kernel's own result and whose operand i is the step's input
// sources[i - 1].
struct EpilogueProgram {
  EpilogueProgram(const Problem& problem, InstructionSet set);
  EpilogueProgram(const ScalarExpr& expression, std::vector<size_t> inputs, InstructionSet set);

  std::optional<TileProgram> program;
  std::vector<size_t> sources;
};

// Bound to shapes; belongs to one context.
class EpilogueLoop {
 public:
  // `program` outlives the loop. Nothing to do when it has none.
  EpilogueLoop(const EpilogueProgram& program, const Problem& problem, const BindContext& context);

  bool empty() const { return !loop_; }
  size_t scratch_bytes() const { return loop_ ? loop_->scratch_bytes() : 0; }
  // Once a run, by one thread.
  void begin(const Call& call);
  // Elements are counted in the order of the result's memory; threads call it at the same time,
  // each with a scratch of its own.
  void apply(void* scratch, int64_t begin, int64_t end) {
    if (loop_) loop_->run(operands_, std::span(&result_, 1), scratch, begin, end);
  }

 private:
  const EpilogueProgram& program_;
  std::optional<TileLoop> loop_;
  std::vector<const void*> operands_;
  void* result_ = nullptr;
};

}  // namespace cermet::cpu
