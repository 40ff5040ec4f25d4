#include "backends/cpu/run/movement.h"

#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/work_split.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

// Bytes that are worth a second thread.
constexpr int64_t bytes_worth_a_thread = 128 * 1024;

// A single element of any type that is zero.
alignas(16) constexpr std::byte zero[16] = {};

class BoundMovement : public BoundKernel {
 public:
  explicit BoundMovement(std::vector<MovementCopy> copies) : copies_(std::move(copies)) {
    for (const MovementCopy& copy : copies_) bytes_ += copy.copy.bytes();
  }

  void run(const Call& call) override {
    const auto share = [&](int worker, int workers) {
      for (const MovementCopy& c : copies_) {
        const void* from = c.input < call.inputs.size() ? call.inputs[c.input] : nullptr;
        c.copy.run(from == nullptr ? zero : from, call.outputs[c.output], worker, workers);
      }
    };
    if (bytes_ < bytes_worth_a_thread)
      share(0, 1);
    else
      call.team->run(share);
  }

 private:
  std::vector<MovementCopy> copies_;
  int64_t bytes_ = 0;
};

class Movement : public Kernel {
 public:
  Movement(const KernelContext& context, InstructionSet set)
      : context_(context), set_(set), rule_(find_movement_rule(context.step->problem)) {
    require(rule_ != nullptr, ErrorCode::invalid_engine, "cpu.movement has no rule for {}",
            context.step->problem.op);
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& bind) const override {
    return bind_copies(rule_->make({context_.step->problem, context_, bind, set_}));
  }

 private:
  KernelContext context_;
  InstructionSet set_;
  const MovementRule* rule_;
};

}  // namespace

std::unique_ptr<BoundKernel> bind_copies(std::vector<MovementCopy> copies) {
  return std::make_unique<BoundMovement>(std::move(copies));
}

std::unique_ptr<Kernel> make_movement_kernel(const KernelContext& context, InstructionSet set) {
  if (context.step->problem.op == "Gather") return make_gather_kernel(context);
  return std::make_unique<Movement>(context, set);
}

}  // namespace cermet::cpu
