// AveragePool, MaxPool and their global forms, channels-last inside.
#include "backends/cpu/onednn/kernels.h"
#include "backends/cpu/onednn/window.h"

namespace cermet::cpu::onednn {

void assemble_pooling(Assembly& assembly) {
  const std::string_view op = assembly.op();
  const bool global = op.starts_with("Global");
  const Shape& input = assembly.input_shape(0);
  const Shape& output = assembly.output_shape();
  const dnnl::memory::dims spatial(input.begin() + 2, input.end());
  const auto kernel = global ? spatial : assembly.attributes().integers("kernel_shape");
  const Window window =
      onednn::window(global ? Attributes() : assembly.attributes(), kernel, input, output);
  const auto algorithm = op.ends_with("MaxPool") ? dnnl::algorithm::pooling_max
                         : assembly.attributes().integer("count_include_pad", 0) != 0
                             ? dnnl::algorithm::pooling_avg_include_padding
                             : dnnl::algorithm::pooling_avg_exclude_padding;
  const Descriptor source = describe_channels_last(input);
  const Descriptor result = describe_channels_last(output);
  const dnnl::pooling_forward::primitive_desc chosen(
      cpu_engine(), dnnl::prop_kind::forward_inference, algorithm, source, result, window.strides,
      kernel, window.dilations, window.begin, window.end, assembly.make_attributes(0, result));
  assembly.finish(dnnl::pooling_forward(chosen),
                  {assembly.read(DNNL_ARG_SRC, 0, assembly.input(0), source)}, assembly.output(),
                  result);
}

}  // namespace cermet::cpu::onednn
