// MatMul and Gemm.
#include "backends/cpu/onednn/kernels.h"

namespace cermet::cpu::onednn {
namespace {

// Factors and result of one product, all of the same rank.
struct Product {
  Descriptor left, right, result;
  bool constant_right = false;
  bool rows = false;  // leading dimensions of left and result were joined to rows
};

// A vector with one element a column that the epilogue starts by adding, or nothing.
int find_bias(const Assembly& assembly, int64_t columns) {
  const Chain& epilogue = assembly.epilogue();
  if (epilogue.links.empty() || epilogue.links[0].kind != ChainLink::Kind::add) return -1;
  const int input = static_cast<int>(assembly.input_of(epilogue.links[0]));
  const Shape& shape = assembly.input_shape(input);
  const bool row = !shape.empty() && shape.back() == columns && element_count(shape) == columns;
  return row ? input : -1;
}

// Operands of the epilogue under the result's dimensions.
DescribeOperand describe_for(const Product& product) {
  const auto dims = product.result.get_dims();
  if (!product.rows)
    return [rank = dims.size()](const Shape& shape, const Layout& layout) {
      return describe_aligned(shape, layout, rank);
    };
  return [dims](const Shape& shape, const Layout&) {
    const int64_t columns = shape.empty() ? 1 : shape.back();
    return describe({element_count(shape) / columns, columns});
  };
}

// Whether every operand keeps its meaning when leading dimensions are joined: it is repeated along
// all of them or none.
bool operands_join(const Assembly& assembly) {
  const Shape& result = assembly.output_shape();
  for (const ChainLink& link : assembly.epilogue().links) {
    if (link.kind == ChainLink::Kind::function) continue;
    const size_t input = assembly.input_of(link);
    const Shape& shape = assembly.input_shape(input);
    if (!assembly.input_layout(input).is_row_major()) return false;
    const int64_t columns = shape.empty() ? 1 : shape.back();
    if (shape != result && element_count(shape) != columns) return false;
  }
  return true;
}

void assemble_product(Assembly& assembly, Product product, int bias, size_t first_link) {
  const int64_t columns = product.result.get_dims().back();
  Descriptor vector;
  if (bias >= 0) {
    Shape shape(product.result.get_ndims(), 1);
    shape.back() = columns;
    vector = describe(shape);
  }
  const auto attributes =
      assembly.make_attributes(first_link, product.result, describe_for(product));
  const Descriptor asked =
      product.constant_right ? describe_any(product.right.get_dims()) : product.right;
  const dnnl::matmul::primitive_desc chosen(cpu_engine(), product.left, asked, vector,
                                            product.result, attributes);
  std::vector<Argument> arguments{
      {DNNL_ARG_SRC, product.left, Place::input(0)},
      assembly.read(DNNL_ARG_WEIGHTS, 1, product.right, chosen.weights_desc())};
  if (bias >= 0) arguments.push_back({DNNL_ARG_BIAS, vector, Place::input(bias)});
  assembly.finish(dnnl::matmul(chosen), std::move(arguments), product.result, product.result);
}

Descriptor transposed(const Shape& shape) {
  return describe_strided({shape[1], shape[0]}, {1, shape[1]});
}

}  // namespace

void assemble_matmul(Assembly& assembly) {
  const Shape& left = assembly.input_shape(0);
  const Shape& right = assembly.input_shape(1);
  const Shape& result = assembly.output_shape();
  Product product;
  product.constant_right = assembly.is_constant(1);
  product.rows = right.size() == 2 && left.size() > 2 && assembly.input_layout(0).is_row_major() &&
                 assembly.output_layout().is_row_major() && operands_join(assembly);
  if (product.rows) {
    const int64_t rows = element_count({result.begin(), result.end() - 1});
    product.left = describe({rows, left.back()});
    product.right = assembly.input(1);
    product.result = describe({rows, result.back()});
  } else {
    const size_t rank = result.size();
    product.left = describe_aligned(left, assembly.input_layout(0), rank);
    product.right = describe_aligned(right, assembly.input_layout(1), rank);
    product.result = assembly.output();
  }
  const int bias = find_bias(assembly, result.back());
  assemble_product(assembly, std::move(product), bias, bias < 0 ? 0 : 1);
}

void assemble_gemm(Assembly& assembly) {
  const Attributes& attributes = assembly.attributes();
  Product product;
  product.constant_right = assembly.is_constant(1);
  product.left = attributes.integer("transA", 0) != 0 ? transposed(assembly.input_shape(0))
                                                      : assembly.input(0);
  product.right = attributes.integer("transB", 0) != 0 ? transposed(assembly.input_shape(1))
                                                       : assembly.input(1);
  product.result = assembly.output();
  const bool own_bias = assembly.has_input(2) && !assembly.is_epilogue_operand(2);
  const int bias = own_bias ? 2 : find_bias(assembly, assembly.output_shape().back());
  assemble_product(assembly, std::move(product), bias, own_bias || bias < 0 ? 0 : 1);
}

}  // namespace cermet::cpu::onednn
