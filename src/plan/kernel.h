// What a backend gives for a chosen tactic: a kernel, shared by all contexts, which is bound to
// concrete shapes by each of them and then run any number of times.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/custom_operators.h"
#include "base/thread_team.h"
#include "plan/plan.h"

namespace cermet {

// Pointers of one run, in the order of the step's operands; nullptr where absent.
struct Call {
  std::span<const void* const> inputs;
  std::span<void* const> outputs;
  void* workspace = nullptr;  // of workspace_bytes(), aligned to 64
  ThreadTeam* team = nullptr;
  void* stream = nullptr;  // of the device, for steps there: what runs is put into it
  void* fault = nullptr;   // a KernelFault, for programs that can find any
  bool overlaps = true;    // it may start, on a device, while the kernel before it ends
};

// A kernel at one set of shapes. Belongs to one context; run() allocates nothing.
class BoundKernel {
 public:
  virtual ~BoundKernel() = default;
  virtual size_t workspace_bytes() const { return 0; }
  virtual void run(const Call& call) = 0;
  // Which code runs, for people: "brgconv:avx512_core".
  virtual std::string description() const { return {}; }
};

// Concrete shapes of a step's operands, in order; nothing where absent.
struct BindContext {
  std::span<const std::optional<Shape>> inputs;
  std::span<const std::optional<Shape>> outputs;
  int threads = 1;
};

// What a step with data-dependent results, or with sequences, sees: operands as values, results
// that are allocated when their shape is known.
class DynamicCall {
 public:
  using Input = std::variant<ConstTensorView, const Value*>;
  virtual ~DynamicCall() = default;
  virtual std::vector<std::optional<Input>> inputs() const = 0;
  virtual bool wants_output(size_t i) const = 0;
  virtual TensorView allocate(size_t i, ElementType type, const Shape& shape) = 0;
  virtual void set_output(size_t i, Value value) = 0;
  virtual ThreadTeam& team() = 0;
};

// Immutable and safe to share between threads.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // A kernel is either bound (the default) or dynamic: then run_dynamic is called, never bind.
  virtual bool dynamic() const { return false; }
  virtual std::unique_ptr<BoundKernel> bind(const BindContext& context) const;
  virtual void run_dynamic(DynamicCall& call) const;
};

// Makes the kernel of a step; constants are already in memory and outlive the kernel. Throws
// device when this machine lacks what the kernel needs.
struct KernelContext {
  const Plan* plan = nullptr;
  const Step* step = nullptr;
  const CustomOperators* custom_operators = nullptr;  // of plugins; outlives the kernel

  const Buffer* input(size_t i) const;     // nullptr when absent
  const Tensor* constant(size_t i) const;  // the constant behind input i, or nullptr
  std::string_view form(size_t i) const;   // in which that constant is packed, or empty

 private:
  const PlanConstant* plan_constant(size_t i) const;
};
using KernelFactory = std::function<std::unique_ptr<Kernel>(const KernelContext&)>;

// An input of a step in the form in which its kernel reads it fastest; see PlanConstant.
struct PackedConstant {
  size_t input = 0;
  Tensor tensor;
  std::string form;
};

// The kernels that a backend's run half offers, by tactic name.
struct KernelEntry {
  std::string_view tactic;
  int32_t version;
  KernelFactory make;
};

}  // namespace cermet
