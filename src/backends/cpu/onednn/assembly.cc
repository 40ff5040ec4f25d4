#include "backends/cpu/onednn/assembly.h"

#include "backends/cpu/onednn/post_ops.h"
#include "base/error.h"

namespace cermet::cpu::onednn {
namespace {

// The input that output 0 may overwrite, if the step lets it do so at all: the only links that can
// take over their operand's memory are additions.
int sum_input(const Step& step, const Chain& epilogue) {
  int found = -1;
  for (const auto& [output, input] : step.in_place) {
    if (output != 0) continue;
    for (const ChainLink& link : epilogue.links)
      if (link.kind == ChainLink::Kind::add &&
          static_cast<int>(step.problem.epilogue_first) + link.operand - 1 == input)
        found = input;
    require(found == input && step.in_place.size() == 1, ErrorCode::internal,
            "the result can't take over the memory of input {}", input);
  }
  return found;
}

}  // namespace

StepFacts::StepFacts(const KernelContext& context, bool packs)
    : problem(context.step->problem), packs(packs), packed(context) {
  for (size_t i = 0; i < context.step->inputs.size(); ++i)
    constant.push_back(context.constant(i) != nullptr);
  if (problem.has_epilogue()) epilogue = read_chain(problem.expression);
  require(epilogue.found(), ErrorCode::internal, "epilogue: {}", epilogue.reason);
  const bool any_place =
      problem.kind == ProblemKind::softmax || problem.kind == ProblemKind::normalization;
  if (!any_place) sum_input = onednn::sum_input(*context.step, epilogue);
}

Assembly::Assembly(const StepFacts& facts, const BindContext& context)
    : facts_(facts), context_(context), sequence_(std::make_unique<PrimitiveSequence>()) {}

dnnl::primitive_attr Assembly::make_attributes(size_t first, const Descriptor& result,
                                               const DescribeOperand& describe_operand) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops ops;
  for (size_t i = first; i < facts_.epilogue.links.size(); ++i)
    append(ops, facts_.epilogue.links[i], result, describe_operand);
  attributes.set_post_ops(ops);
  return attributes;
}

dnnl::primitive_attr Assembly::make_attributes(size_t first, const Descriptor& result) {
  return make_attributes(first, result, [&](const Shape& shape, const Layout& layout) {
    return describe_aligned(shape, layout, result.get_ndims());
  });
}

void Assembly::append(dnnl::post_ops& ops, const ChainLink& link, const Descriptor& result,
                      const DescribeOperand& describe_operand) {
  if (link.kind == ChainLink::Kind::function) return append_function(ops, link);
  const size_t i = input_of(link);
  const Descriptor given = describe_operand(input_shape(i), input_layout(i));
  const bool whole = given.get_dims() == result.get_dims();
  if (static_cast<int>(i) == facts_.sum_input) {
    require(whole && same_places(given, result), ErrorCode::internal,
            "the result and input {}, whose memory it takes over, differ in shape or layout", i);
    sequence_->copy_before(i, 0, result.get_size());
    ops.append_sum(1.0f);
    return;
  }
  const int id = DNNL_ARG_ATTR_MULTIPLE_POST_OP(ops.len()) | DNNL_ARG_SRC_1;
  operands_.push_back(read(id, i, given, whole ? result : given));
  ops.append_binary(binary_algorithm(link.kind), operands_.back().descriptor);
}

Argument Assembly::read(int id, size_t i, const Descriptor& given, const Descriptor& wanted) {
  if (same_places(given, wanted) && !facts_.packed.is_packed(i))
    return {id, wanted, Place::input(i)};
  if (is_constant(i)) {
    const void* packed = facts_.packs ? facts_.packed.get(i, given, wanted) : nullptr;
    return {id, wanted, {Place::Kind::fixed, 0, packed}};
  }
  const Place place = sequence_->reserve(wanted);
  reorder(given, Place::input(i), wanted, place);
  return {id, wanted, place};
}

void Assembly::finish(const dnnl::primitive& primitive, std::vector<Argument> arguments,
                      const Descriptor& given, const Descriptor& written) {
  arguments.insert(arguments.end(), operands_.begin(), operands_.end());
  const bool direct = same_places(given, written);
  const Place place = direct ? Place::output(0) : sequence_->reserve(written);
  arguments.push_back({DNNL_ARG_DST, written, place});
  sequence_->add(primitive, arguments);
  if (!direct) reorder(written, place, given, Place::output(0));
}

void Assembly::reorder(const Descriptor& from, Place source, const Descriptor& to, Place target) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::reorder::primitive_desc chosen(cpu_engine(), from, cpu_engine(), to, attributes);
  sequence_->add(dnnl::reorder(chosen), {{DNNL_ARG_FROM, from, source}, {DNNL_ARG_TO, to, target}});
}

}  // namespace cermet::cpu::onednn
