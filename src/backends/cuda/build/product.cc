#include "backends/cuda/build/product.h"

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/kernel_writer.h"
#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/product_bytes.h"
#include "backends/cuda/build/product_factors.h"
#include "backends/cuda/build/scalar_printer.h"

namespace cermet::cuda {
namespace {

ProductOrReason reject(std::string reason) { return {std::nullopt, std::move(reason)}; }

// A factor's operand with the two matrix dimensions that a vector lacks, and strides of all.
struct Matrix {
  Dims dims, model_dims, strides;

  size_t batch_rank() const { return dims.size() - 2; }
};

Matrix matrix_of(const KernelWriter& writer, size_t input) {
  const Operand& operand = *writer.problem().inputs[input];
  Matrix matrix{writer.input_dims(input), *operand.type.dims, {}};
  matrix.strides = strides_of(matrix.dims, operand.layout);
  if (matrix.dims.size() > 1) return matrix;
  const auto at = input == 0 ? 0 : 1;  // [1, K] or [K, 1]
  for (Dims* list : {&matrix.dims, &matrix.model_dims, &matrix.strides})
    list->insert(list->begin() + at, list == &matrix.strides ? matrix.dims[0] : Dim(1));
  matrix.strides[static_cast<size_t>(at)] = input == 0 ? matrix.dims[1] : Dim(1);
  return matrix;
}

Factor factor_of(const Matrix& matrix, size_t input, size_t row, size_t depth) {
  Factor factor;
  factor.input = input;
  factor.row_stride = matrix.strides[row];
  factor.depth_stride = matrix.strides[depth];
  factor.rows = matrix.dims[row];
  factor.depth = matrix.dims[depth];
  return factor;
}

// All dimensions of the left factor before the depth lie like the rows of one matrix.
bool rows_merge(const Matrix& left) {
  for (size_t d = 0; d < left.batch_rank(); ++d)
    if (left.strides[d] != left.strides[d + 1] * left.dims[d + 1]) return false;
  return true;
}

bool is_one_matrix(const Matrix& matrix) {
  for (size_t d = 0; d < matrix.batch_rank(); ++d)
    if (!matrix.dims[d].is_constant(1)) return false;
  return true;
}

void add_batch(const Matrix& matrix, const Dims& batch, Factor& factor) {
  const size_t lead = batch.size() - matrix.batch_rank();
  for (size_t d = 0; d < batch.size(); ++d) {
    factor.batch_sizes.push_back(d < lead ? Dim(1) : matrix.dims[d - lead]);
    factor.batch_strides.push_back(d < lead ? Dim(0) : matrix.strides[d - lead]);
  }
}

// The batch and the rows of the result; dimensions that a vector as factor lacks are left out.
void add_result(const Dims& result, const Matrix& left, const Matrix& right, bool vector_left,
                bool vector_right, Product& product) {
  const size_t batch_rank = result.size() - (vector_left ? 0 : 1) - (vector_right ? 0 : 1);
  product.columns = vector_right ? Dim(1) : result.back();
  if (!vector_right) product.column_dimension = result.size() - 1;
  const bool one_right = is_one_matrix(right);
  const bool merged = one_right && left.batch_rank() == batch_rank && rows_merge(left);
  for (size_t d = 0; d < batch_rank; ++d) {
    (merged ? product.row_dimensions : product.batch_dimensions).push_back(d);
    if (!merged) product.batch.push_back(result[d]);
  }
  if (!vector_left) product.row_dimensions.push_back(batch_rank);
  product.rows = 1;
  for (size_t d : product.row_dimensions) product.rows = product.rows * result[d];
  product.row_stride = product.columns;
  product.batch_stride = product.rows * product.columns;
  if (merged) {
    product.left.rows = product.rows;
    return;
  }
  add_batch(left, product.batch, product.left);
  add_batch(right, product.batch, product.right);
}

ProductOrReason matmul_of(const TacticQuery& query, const KernelWriter& writer) {
  const Problem& problem = query.problem();
  if (problem.op != "MatMul" && !is_product_of_bytes(problem))
    return reject(problem.op + " is no MatMul or Gemm");
  const Matrix left = matrix_of(writer, 0), right = matrix_of(writer, 1);
  Product product;
  product.left = factor_of(left, 0, left.batch_rank(), left.batch_rank() + 1);
  product.right = factor_of(right, 1, right.batch_rank() + 1, right.batch_rank());
  add_result(writer.output_dims(0), left, right, writer.input_dims(0).size() == 1,
             writer.input_dims(1).size() == 1, product);
  return {product, {}};
}

ProductOrReason gemm_of(const TacticQuery& query, const KernelWriter& writer) {
  const Problem& problem = query.problem();
  const Attributes& attributes = problem.attributes;
  const bool turn_left = attributes.integer("transA", 0) != 0;
  const bool turn_right = attributes.integer("transB", 0) != 0;
  Product product;
  product.left = factor_of(matrix_of(writer, 0), 0, turn_left ? 1 : 0, turn_left ? 0 : 1);
  product.right = factor_of(matrix_of(writer, 1), 1, turn_right ? 0 : 1, turn_right ? 1 : 0);
  const Dims result = writer.output_dims(0);
  product.rows = result[0];
  product.columns = product.row_stride = result[1];
  product.batch_stride = result[0] * result[1];
  product.row_dimensions = {0};
  product.column_dimension = 1;
  product.alpha = attributes.number("alpha", 1);
  product.beta = attributes.number("beta", 1);
  if (has_own_input(problem, 2) && product.beta != 0) product.addend = 2;
  return {product, {}};
}

std::optional<std::string> rejects_matmul_operands(const Problem& problem) {
  const Operand &left = *problem.inputs[0], &right = *problem.inputs[1];
  if (left.type.rank() == 0 || right.type.rank() == 0) return "a factor is a scalar";
  const auto& result = *problem.outputs[0];
  if (!result.layout.is_row_major()) return "the result is not row-major";
  return std::nullopt;
}

}  // namespace

ProductOrReason product_of(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const bool is_convolution = problem.kind == ProblemKind::convolution;
  if (problem.kind != ProblemKind::matmul && !is_convolution)
    return reject("computes products and convolutions only");
  const bool bytes = is_product_of_bytes(problem);
  if (!problem.domain.empty() && !bytes) return reject("computes ONNX's own operators only");
  if (auto reason = rejects_operands(problem)) return reject(*reason);
  if (problem.inputs.size() < 2 || !problem.inputs[0] || !problem.inputs[1])
    return reject("a factor is absent");
  if (problem.outputs.size() != 1) return reject("there is more than one result");
  const ElementType type = bytes ? ElementType::int8 : problem.inputs[0]->type.element;
  if (bytes) {
    if (auto reason = rejects_bytes(query)) return reject(*reason);
  } else if (type != ElementType::float32 && type != ElementType::float16 &&
             type != ElementType::bfloat16)
    return reject(fmt::format("products of {} are not computed", name(type)));
  if (!bytes && problem.inputs[1]->type.element != type)
    return reject("the factors have different types");
  if (problem.has_epilogue())
    if (auto reason = scalar_rejects(problem.expression)) return reject(*reason);

  const KernelWriter writer(problem, "");
  ProductOrReason found;
  if (is_convolution) {
    found = convolution_of(query, writer);
  } else {
    if (auto reason = rejects_matmul_operands(problem)) return reject(*reason);
    found = problem.op == "Gemm" ? gemm_of(query, writer) : matmul_of(query, writer);
  }
  if (!found.product) return found;
  found.product->type = type;
  found.product->depth = found.product->left.depth;
  if (bytes)
    add_bytes(query, *found.product);
  else if (!is_convolution)
    pad_constant(query, found.product->right);
  for (Factor* factor : {&found.product->left, &found.product->right})
    choose_pack(type, found.product->image, *factor);
  return found;
}

std::optional<ProductSizes> typical_sizes(const TacticQuery& query, const Product& product) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes) return std::nullopt;
  const SymbolValues values = operand_sizes(shapes->inputs, shapes->outputs);
  ProductSizes sizes;
  sizes.batches = product.batches().evaluate(values);
  sizes.rows = product.rows.evaluate(values);
  sizes.columns = product.columns.evaluate(values);
  sizes.depth = product.depth.evaluate(values);
  sizes.bytes = bytes_of(query.problem(), *shapes);
  return sizes;
}

}  // namespace cermet::cuda
