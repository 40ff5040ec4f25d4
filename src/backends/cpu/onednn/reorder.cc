// The same values in other places: layouts, Transpose.
#include "backends/cpu/onednn/kernels.h"

namespace cermet::cpu::onednn {
namespace {

void assemble_copy(Assembly& assembly, const Descriptor& from, const Descriptor& to) {
  const dnnl::reorder::primitive_desc chosen(cpu_engine(), from, cpu_engine(), to,
                                             assembly.make_attributes(0, to));
  assembly.finish(dnnl::reorder(chosen), {{DNNL_ARG_FROM, from, Place::input(0)}}, to, to);
}

}  // namespace

void assemble_reorder(Assembly& assembly) {
  assemble_copy(assembly, assembly.input(0), assembly.output());
}

// Reads the input with its dimensions in the result's order.
void assemble_transpose(Assembly& assembly) {
  const Shape& shape = assembly.input_shape(0);
  std::vector<int64_t> reversed(shape.size());
  for (size_t i = 0; i < shape.size(); ++i)
    reversed[i] = static_cast<int64_t>(shape.size() - 1 - i);
  const auto order = assembly.attributes().integers("perm", reversed);
  const std::vector<int64_t> given = strides(shape, assembly.input_layout(0));
  std::vector<int64_t> steps;
  for (int64_t dimension : order) steps.push_back(given[dimension]);
  assemble_copy(assembly, describe_strided(assembly.output_shape(), steps), assembly.output());
}

}  // namespace cermet::cpu::onednn
