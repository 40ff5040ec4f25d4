// LayerNormalization: the normalised dimensions as one row.
#include "backends/cpu/onednn/kernels.h"

namespace cermet::cpu::onednn {

void assemble_layer_normalization(Assembly& assembly) {
  using Flags = dnnl::normalization_flags;
  const Shape& shape = assembly.input_shape(0);
  const int64_t axis = assembly.attributes().integer("axis", -1);
  const auto first = shape.begin() + (axis < 0 ? axis + static_cast<int64_t>(shape.size()) : axis);
  const Shape rows{element_count({shape.begin(), first}), element_count({first, shape.end()})};
  const Descriptor both = describe(rows);
  const Descriptor vector = describe({rows[1]});
  const bool shifted = assembly.has_input(2);
  const dnnl::layer_normalization_forward::primitive_desc chosen(
      cpu_engine(), dnnl::prop_kind::forward_inference, both, both,
      static_cast<float>(assembly.attributes().number("epsilon", 1e-5)),
      shifted ? Flags::use_scale | Flags::use_shift : Flags::use_scale,
      assembly.make_attributes(0, both));
  std::vector<Argument> arguments{{DNNL_ARG_SRC, both, Place::input(0)},
                                  {DNNL_ARG_SCALE, vector, Place::input(1)}};
  if (shifted) arguments.push_back({DNNL_ARG_SHIFT, vector, Place::input(2)});
  assembly.finish(dnnl::layer_normalization_forward(chosen), std::move(arguments), both, both);
}

}  // namespace cermet::cpu::onednn
