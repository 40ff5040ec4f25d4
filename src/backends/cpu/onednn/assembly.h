// One kernel at one set of shapes while it is being put together.
#pragma once

#include <functional>
#include <memory>

#include "backends/cpu/onednn/packed_weights.h"
#include "backends/cpu/onednn/sequence.h"
#include "backends/cpu/run/epilogue.h"

namespace cermet::cpu::onednn {

// What a kernel knows of its step before shapes are known; shared by all its bound forms.
struct StepFacts {
  // Without `packs` constants are never read: what comes of it can't run.
  StepFacts(const KernelContext& context, bool packs);

  const Problem& problem;
  std::vector<bool> constant;  // by input
  Chain epilogue;
  // The input whose memory the result may take over, because it is only added to it; else -1.
  int sum_input = -1;
  bool packs;
  mutable PackedWeights packed;
};

// The description of an epilogue's operand of that shape under the primitive's own result shape.
using DescribeOperand = std::function<Descriptor(const Shape& shape, const Layout& layout)>;

class Assembly {
 public:
  Assembly(const StepFacts& facts, const BindContext& context);

  const Problem& problem() const { return facts_.problem; }
  const Attributes& attributes() const { return facts_.problem.attributes; }
  std::string_view op() const { return facts_.problem.op; }
  const Chain& epilogue() const { return facts_.epilogue; }
  bool has_input(size_t i) const { return i < context_.inputs.size() && context_.inputs[i]; }
  // Whether input i belongs to the epilogue and not to the operator.
  bool is_epilogue_operand(size_t i) const {
    return facts_.problem.has_epilogue() && i >= facts_.problem.epilogue_first;
  }
  bool is_constant(size_t i) const { return facts_.constant[i]; }
  const Shape& input_shape(size_t i) const { return *context_.inputs[i]; }
  const Shape& output_shape() const { return *context_.outputs[0]; }
  const Layout& input_layout(size_t i) const { return facts_.problem.inputs[i]->layout; }
  const Layout& output_layout() const { return facts_.problem.outputs[0]->layout; }
  Descriptor input(size_t i) const { return describe(input_shape(i), input_layout(i)); }
  Descriptor output() const { return describe(output_shape(), output_layout()); }
  // The input of the step that a link of the epilogue combines with.
  size_t input_of(const ChainLink& link) const {
    return facts_.problem.epilogue_first + link.operand - 1;
  }

  // Primitive attributes with the epilogue's links from `first` on; the arguments they need are
  // kept until add().
  dnnl::primitive_attr make_attributes(size_t first, const Descriptor& result,
                                       const DescribeOperand& describe_operand);
  // Operands are aligned with the result at the innermost dimension.
  dnnl::primitive_attr make_attributes(size_t first, const Descriptor& result);

  // Input i, which lies as `given`, for a primitive that reads it as `wanted`: constants are
  // packed, others reordered when they have to be.
  Argument read(int id, size_t i, const Descriptor& given, const Descriptor& wanted);
  // Adds the primitive that writes output 0; it is reordered afterwards when `written` is not how
  // the plan wants it (`given`).
  void finish(const dnnl::primitive& primitive, std::vector<Argument> arguments,
              const Descriptor& given, const Descriptor& written);

  std::unique_ptr<PrimitiveSequence> take() { return std::move(sequence_); }

 private:
  void append(dnnl::post_ops& ops, const ChainLink& link, const Descriptor& result,
              const DescribeOperand& describe_operand);
  void reorder(const Descriptor& from, Place source, const Descriptor& to, Place target);

  const StepFacts& facts_;
  const BindContext& context_;
  std::unique_ptr<PrimitiveSequence> sequence_;
  std::vector<Argument> operands_;  // of the epilogue
};

}  // namespace cermet::cpu::onednn
