#include "backends/cuda/build/product_text.h"

namespace cermet::cuda {
namespace {

std::string factor_pointer(KernelWriter& writer, const Product& product, const Factor& factor) {
  const std::string_view type = storage_type(product.type);
  if (factor.workspace) return writer.workspace(fmt::format("const {}", type), *factor.workspace);
  return product.bytes ? writer.input_as(factor.input, type) : writer.input(factor.input);
}

}  // namespace

std::string_view index_type_of(const KernelWriter& writer) {
  const Problem& problem = writer.problem();
  std::string_view type = index_type({writer.output_dims(0)});
  for (size_t i = 0; i < problem.inputs.size(); ++i)
    if (problem.inputs[i] && index_type({writer.input_dims(i)}) != "int") type = "int64";
  return type;
}

std::string index_text(KernelWriter& writer, const Dim& dim) {
  return fmt::format("static_cast<Index>({})", writer.value(dim));
}

std::string batch_coordinates(KernelWriter& writer, const Product& product) {
  if (product.batch_dimensions.empty()) return {};
  std::string text = "Index batch_rest = batch;\n";
  for (size_t d = product.batch.size(); d-- > 0;)
    text += d == 0 ? "const Index batch0 = batch_rest;\n"
                   : fmt::format("const Index batch{0} = batch_rest % {1};\nbatch_rest /= {1};\n",
                                 d, index_text(writer, product.batch[d]));
  return text;
}

std::string matrix_text(KernelWriter& writer, const Product& product, const Factor& factor) {
  std::string text = factor_pointer(writer, product, factor);
  for (size_t d = 0; d < factor.batch_sizes.size(); ++d) {
    const Dim& size = factor.batch_sizes[d];
    if (size.is_constant(1) || factor.batch_strides[d].is_constant(0)) continue;
    std::string at = product.is_grouped ? "batch" : fmt::format("batch{}", d);
    if (!size.is_constant() && size != product.batch[d])
      at = fmt::format("({} == 1 ? 0 : {})", writer.value(size), at);
    text +=
        fmt::format(" + static_cast<int64>({}) * {}", at, writer.value(factor.batch_strides[d]));
  }
  return text;
}

}  // namespace cermet::cuda
