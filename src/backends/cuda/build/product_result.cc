#include "backends/cuda/build/product_result.h"

#include <algorithm>

#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/product_bytes.h"
#include "backends/cuda/build/product_factors.h"
#include "backends/cuda/build/scalar_printer.h"

namespace cermet::cuda {
namespace {

constexpr int vector_bytes = 16;

int bytes_of(ElementType type) { return bit_width(type) / 8; }

}  // namespace

ProductResult::ProductResult(KernelWriter& writer, const Product& product, int widest)
    : writer_(writer), product_(product) {
  const Problem& problem = writer.problem();
  const size_t rank = writer.output_dims(0).size();
  for (size_t d = 0; d < rank; ++d) names_.push_back(fmt::format("c{}", d));
  if (product.addend) {
    operands_.push_back(operand(*product.addend, "addend"));
    if (product.addend_is_bias) {
      Operand& bias = operands_.back();
      bias.dims.resize(rank - 1, 1);
      bias.layout = {};
    }
  }
  if (problem.has_epilogue())
    for (int k = 1; k < problem.expression.operand_count(); ++k)
      operands_.push_back(operand(problem.epilogue_first + static_cast<size_t>(k) - 1,
                                  fmt::format("operand{}", k)));
  pack_ = std::min(widest, vector_bytes / bytes_of(problem.outputs[0]->type.element));
  while (pack_ > 1 && !fits(pack_)) pack_ /= 2;
}

ProductResult::Operand ProductResult::operand(size_t input, std::string name) const {
  return {input, writer_.input_dims(input), writer_.problem().inputs[input]->layout,
          std::move(name)};
}

bool ProductResult::fits(int pack) const {
  if (!product_.column_dimension) return false;
  if (!is_multiple(product_.columns, pack) || !is_multiple(product_.row_stride, pack)) return false;
  return std::all_of(operands_.begin(), operands_.end(), [&](const Operand& operand) {
    return access(operand) != Access::packed ||
           pack * bytes_of(writer_.problem().inputs[operand.input]->type.element) <= vector_bytes;
  });
}

// Packed: as many columns as the result has, side by side.
ProductResult::Access ProductResult::access(const Operand& operand) const {
  if (!product_.column_dimension) return Access::once;
  const size_t lead = names_.size() - operand.dims.size();
  if (*product_.column_dimension < lead) return Access::once;
  const size_t d = *product_.column_dimension - lead;
  if (operand.dims[d].is_constant(1)) return Access::once;
  const Dim columns = writer_.output_dims(0)[*product_.column_dimension];
  if (operand.dims[d] != columns || !strides_of(operand.dims, operand.layout)[d].is_constant(1))
    return Access::single;
  return Access::packed;
}

std::string ProductResult::coordinates() {
  const Dims dims = writer_.output_dims(0);
  std::string text;
  const auto split = [&](const std::vector<size_t>& dimensions, std::string_view from) {
    if (dimensions.empty()) return;
    text += fmt::format("Index {0}_rest = {0};\n", from);
    for (size_t k = dimensions.size(); k-- > 0;) {
      const std::string size =
          fmt::format("static_cast<Index>({})", writer_.value(dims[dimensions[k]]));
      if (k == 0)
        text += fmt::format("const Index c{} = {}_rest;\n", dimensions[k], from);
      else
        text += fmt::format("const Index c{0} = {1}_rest % {2};\n{1}_rest /= {2};\n", dimensions[k],
                            from, size);
    }
  };
  split(product_.row_dimensions, "row");
  split(product_.batch_dimensions, "batch");
  if (product_.column_dimension)
    text += fmt::format("const Index c{} = {}column;\n", *product_.column_dimension,
                        product_.is_grouped ? fmt::format("batch * static_cast<Index>({}) + ",
                                                          writer_.value(product_.columns))
                                            : "");
  return text;
}

// A declaration of the operand's value or pack of values, before or in the loop over the pack.
std::string ProductResult::loads(const Operand& operand, bool in_loop) {
  const Access how = access(operand);
  if (in_loop != (how == Access::single)) return {};
  const ElementType type = writer_.problem().inputs[operand.input]->type.element;
  const std::string pointer = writer_.input(operand.input);
  std::vector<std::string> names = names_;
  if (in_loop)
    names[*product_.column_dimension] = fmt::format("(c{} + j)", *product_.column_dimension);
  const std::string offset = broadcast_offset(writer_, operand.dims, operand.layout, names);
  if (how == Access::packed)
    return fmt::format(
        "const Pack<{0}, {1}> {2} = *reinterpret_cast<const Pack<{0}, {1}>*>({3} + "
        "({4}));\n",
        storage_type(type), pack_, operand.name, pointer, offset);
  return fmt::format("const {} {} = to_compute({}[{}]);\n", compute_type(type), operand.name,
                     pointer, offset);
}

std::string ProductResult::element(const Operand& operand) const {
  return access(operand) == Access::packed ? fmt::format("to_compute({}.items[j])", operand.name)
                                           : operand.name;
}

// Statements that declare `sum`, the operator's own result.
std::string ProductResult::value() {
  const auto times = [](double factor, const std::string& text) {
    return factor == 1 ? text : fmt::format("static_cast<float>({:.17g}) * {}", factor, text);
  };
  if (product_.bytes && !product_.bytes->is_float8())
    return fmt::format("const int sum = static_cast<int>({});\n", byte_sum(writer_, product_));
  std::string text = times(product_.alpha, "values[j]");
  if (product_.addend) text += " + " + times(product_.beta, element(operands_[0]));
  return "const float sum = " + text + ";\n";
}

std::string ProductResult::finish() {
  const Problem& problem = writer_.problem();
  const std::string_view type = storage_type(problem.outputs[0]->type.element);
  std::string before = coordinates(), within;
  for (const Operand& operand : operands_) {
    before += loads(operand, false);
    within += loads(operand, true);
  }
  if (product_.bytes) before += byte_operands(writer_, product_);
  within += value();
  std::string result = "sum";
  if (problem.has_epilogue()) {
    writer_.include("scalar.cu");
    std::vector<std::string> texts{epilogue_value(problem.expression, "sum")};
    for (size_t k = product_.addend ? 1 : 0; k < operands_.size(); ++k)
      texts.push_back(element(operands_[k]));
    const PrintedExpression printed = print_scalar(problem.expression, texts, "v");
    within += printed.statements;
    result = printed.results[0];
  }
  return fmt::format(
      "{}Pack<{}, {}> result;\n#pragma unroll\nfor (int j = 0; j < {}; ++j) {{\n{}"
      "result.items[j] = from_compute<{}>({});\n}}\n"
      "*reinterpret_cast<Pack<{}, {}>*>({} + (batch * static_cast<Index>({}) + row * "
      "static_cast<Index>({}) + column)) = result;\n",
      before, type, pack_, pack_, within, type, result, type, pack_, writer_.output(0),
      writer_.value(product_.batch_stride), writer_.value(product_.row_stride));
}

}  // namespace cermet::cuda
