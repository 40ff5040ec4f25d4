// Softmax and LogSoftmax along one axis.
#include "backends/cpu/onednn/kernels.h"

namespace cermet::cpu::onednn {

void assemble_softmax(Assembly& assembly) {
  const auto rank = static_cast<int64_t>(assembly.input_shape(0).size());
  const int64_t axis = assembly.attributes().integer("axis", -1);
  const Descriptor source = assembly.input(0);
  const auto algorithm = assembly.op() == "LogSoftmax" ? dnnl::algorithm::softmax_log
                                                       : dnnl::algorithm::softmax_accurate;
  const dnnl::softmax_forward::primitive_desc chosen(
      cpu_engine(), dnnl::prop_kind::forward_inference, algorithm, source, source,
      static_cast<int>(axis < 0 ? axis + rank : axis), assembly.make_attributes(0, source));
  assembly.finish(dnnl::softmax_forward(chosen), {{DNNL_ARG_SRC, source, Place::input(0)}},
                  assembly.output(), source);
}

}  // namespace cermet::cpu::onednn
