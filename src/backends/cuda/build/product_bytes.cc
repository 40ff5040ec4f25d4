#include "backends/cuda/build/product_bytes.h"

#include <algorithm>
#include <cstring>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/product_factors.h"
#include "ops/math/elementwise.ref.h"
#include "ops/quantization/products.ref.h"

namespace cermet::cuda {
namespace {

constexpr size_t left_zero = 2, right_zero = 3;

bool is_convolution(const Problem& problem) { return problem.kind == ProblemKind::convolution; }

// Columns of all batches or groups.
Dim columns_of(const Problem& problem) {
  const Dims& right = *problem.inputs[1]->type.dims;
  if (is_convolution(problem)) return right[0];
  return right.size() == 1 ? Dim(1) : right.back();
}

std::optional<std::string> rejects_zeros(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (has_own_input(problem, left_zero) && !is_single(*problem.inputs[left_zero]))
    return "the left factor has several zero points";
  if (!has_own_input(problem, right_zero)) return std::nullopt;
  const Operand& zeros = *problem.inputs[right_zero];
  const bool of_columns = zeros.type.rank() == 1 && problem.inputs[1]->type.rank() > 1 &&
                          (*zeros.type.dims)[0] == columns_of(problem);
  if (!is_single(zeros) && !of_columns)
    return "zero points of the right factor are not those of its columns";
  if (query.constant(1) != nullptr && query.constant(right_zero) == nullptr)
    return "the zero points of constant weights are computed";
  return std::nullopt;
}

// Where the lines of a packed matrix product's right factor lie.
void place_lines(const Problem& problem, Factor& right) {
  const Dims& dims = *problem.inputs[1]->type.dims;
  const bool is_vector = dims.size() == 1;
  const int64_t depth = dims[is_vector ? 0 : dims.size() - 2].constant();
  const int64_t columns = is_vector ? 1 : dims.back().constant();
  right.row_stride = right.depth = padded_size(depth, ElementType::int8);
  right.depth_stride = 1;
  right.rows = columns;
  Dim stride = right.row_stride * columns;
  for (size_t d = right.batch_sizes.size(); d-- > 0; stride = stride * right.batch_sizes[d])
    right.batch_strides[d] = stride;
}

std::string zero_text(KernelWriter& writer, size_t input, std::string_view at) {
  return fmt::format("static_cast<unsigned>(static_cast<int>({}[{}]))", writer.input(input), at);
}

// The right factor's zero point at a place of the result's columns, its batch included.
std::string right_zero_text(KernelWriter& writer, const Product& product, std::string_view column) {
  const ProductBytes& bytes = *product.bytes;
  if (!bytes.right_zero_of_column) return zero_text(writer, *bytes.right_zero, "0");
  const std::string group = product.is_grouped ? fmt::format("batch * static_cast<Index>({}) + ",
                                                             writer.value(product.columns))
                                               : "";
  return zero_text(writer, *bytes.right_zero, fmt::format("{}{}", group, column));
}

// Of `count` lines of the right factor's columns, `depth` elements each and padding, the sums less
// the columns' zero points.
std::vector<int32_t> sums_of_lines(const TacticQuery& query, const Tensor& lines, int64_t count,
                                   int64_t depth) {
  const int64_t line = lines.elements() / count;
  std::vector<int64_t> zeros(1, 0);
  if (has_own_input(query.problem(), right_zero))
    zeros = load_all<int64_t>(query.constant(right_zero)->view());
  const auto values = load_all<int64_t>(lines.view());
  std::vector<int32_t> sums(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t sum = -depth * zeros[static_cast<size_t>(i) % zeros.size()];
    for (int64_t k = 0; k < depth; ++k) sum += values[static_cast<size_t>(i * line + k)];
    sums[static_cast<size_t>(i)] = static_cast<int32_t>(sum);
  }
  return sums;
}

bool is_product_of_float8(const Problem& problem) {
  return problem.domain == "cermet" && (problem.op == "MatMulFloat8" || problem.op == "ConvFloat8");
}

bool is_integer_byte(ElementType type) {
  return type == ElementType::int8 || type == ElementType::uint8;
}

}  // namespace

bool is_single(const Operand& zeros) {
  return std::all_of(zeros.type.dims->begin(), zeros.type.dims->end(),
                     [](const Dim& size) { return size.is_constant(1); });
}

std::optional<size_t> zeros_at(const TacticQuery& query, size_t input) {
  if (!has_own_input(query.problem(), input)) return std::nullopt;
  const Tensor* constant = query.constant(input);
  if (constant == nullptr) return input;
  const auto numbers = load_all<int64_t>(constant->view());
  const bool all_zero =
      std::all_of(numbers.begin(), numbers.end(), [](int64_t number) { return number == 0; });
  return all_zero ? std::nullopt : std::optional(input);
}

bool is_product_of_bytes(const Problem& problem) {
  return is_product_of_float8(problem) ||
         (problem.domain.empty() && (problem.op == "MatMulInteger" || problem.op == "ConvInteger"));
}

std::optional<std::string> rejects_bytes(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const bool float8 = is_product_of_float8(problem);
  if (float8 && rates_of(query.architecture).float8_per_us == 0)
    return fmt::format("{} has no products of float8: they are there from sm_89 on",
                       query.architecture);
  for (size_t i : {0, 1})
    if (const ElementType type = problem.inputs[i]->type.element;
        float8 ? !is_multiplied_float8(type) : !is_integer_byte(type))
      return fmt::format("products of {} are not computed by bytes", name(type));
  if (query.constant(1) != nullptr && !problem.inputs[1]->layout.is_row_major())
    return "the constant factor is not row-major";
  if (query.constant(1) != nullptr && query.constant(1)->elements() == 0)
    return "the constant factor is empty";
  return float8 ? std::nullopt : rejects_zeros(query);
}

void add_bytes(const TacticQuery& query, Product& product) {
  const Problem& problem = query.problem();
  ProductBytes& bytes = product.bytes.emplace();
  bytes.left = problem.inputs[0]->type.element;
  bytes.right = problem.inputs[1]->type.element;
  if (query.constant(1) != nullptr && !is_convolution(problem)) place_lines(problem, product.right);
  if (bytes.is_float8()) return;
  bytes.left_zero = zeros_at(query, left_zero);
  bytes.right_zero = zeros_at(query, right_zero);
  bytes.right_zero_of_column = bytes.right_zero && !is_single(*problem.inputs[right_zero]);
  if (query.constant(1) == nullptr) return;
  // Matrices of a batch would be found by its coordinates; their columns are summed when they run.
  const bool one_matrix =
      std::all_of(product.right.batch_sizes.begin(), product.right.batch_sizes.end(),
                  [](const Dim& size) { return size.is_constant(1); });
  if (product.is_grouped || one_matrix)
    bytes.right_sums = product.right.row_stride * columns_of(problem);
}

PackedConstant pack_right_bytes(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const Tensor& constant = *query.constant(1);
  const Shape shape = constant.shape();
  Tensor matrix = constant;
  if (shape.size() == 1) {
    matrix = Tensor(constant.type(), {shape[0], 1});
    std::memcpy(matrix.view().data, constant.data(), constant.bytes());
  }
  Tensor lines = is_convolution(problem) ? lines_of_taps(matrix) : lines_of_columns(matrix);
  if (is_product_of_float8(problem))
    return {1, std::move(lines), "columns in lines of whole vectors"};
  const int64_t depth = is_convolution(problem) ? constant.elements() / shape[0]
                                                : matrix.shape()[matrix.shape().size() - 2];
  const std::vector<int32_t> sums = sums_of_lines(query, lines, constant.elements() / depth, depth);
  Tensor packed(constant.type(), {static_cast<int64_t>(lines.bytes() + sums.size() * 4)});
  auto* const to = static_cast<std::byte*>(packed.view().data);
  std::memcpy(to, lines.data(), lines.bytes());
  std::memcpy(to + lines.bytes(), sums.data(), sums.size() * 4);
  return {1, std::move(packed), "columns in lines of whole vectors, and their sums"};
}

std::string byte_constants(const Product& product) {
  if (!product.bytes) return {};
  const ProductBytes& bytes = *product.bytes;
  return fmt::format(
      "static constexpr ByteType left_type = ByteType::{}, right_type = ByteType::{};\n"
      "static constexpr bool sums_rows = {}, sums_columns = {};\n",
      name(bytes.left), name(bytes.right), bytes.sums_rows(), bytes.sums_columns());
}

std::string centre_bytes(KernelWriter& writer, const Product& product) {
  const ProductBytes& bytes = *product.bytes;
  if (!bytes.sums_rows() && !bytes.sums_columns()) return {};
  const std::string left = bytes.sums_columns() ? zero_text(writer, *bytes.left_zero, "0") : "0";
  const std::string right =
      bytes.sums_rows()
          ? fmt::format("column < columns ? {} : 0", right_zero_text(writer, product, "column"))
          : "0";
  return fmt::format(
      "sums.centre({}, [&](int tile_column) -> unsigned {{\n"
      "const Index column = first_column + tile_column;\nreturn {};\n}});\n",
      left, right);
}

std::string outside_of_image(KernelWriter& writer, const Product& product) {
  if (!product.bytes || !product.bytes->left_zero) return "0";
  return fmt::format("({} & 0xff) * 0x01010101u",
                     zero_text(writer, *product.bytes->left_zero, "0"));
}

std::string byte_operands(KernelWriter& writer, const Product& product) {
  const ProductBytes& bytes = *product.bytes;
  if (!bytes.left_zero) return {};
  std::string text =
      fmt::format("const unsigned left_zero = {};\n", zero_text(writer, *bytes.left_zero, "0"));
  if (!bytes.right_sums) return text;
  return text + fmt::format(
                    "const int* const right_sums = reinterpret_cast<const int*>({} + {}) + {};\n",
                    writer.input_as(1, storage_type(product.type)), writer.value(*bytes.right_sums),
                    product.is_grouped ? fmt::format("(batch * static_cast<Index>({}) + column)",
                                                     writer.value(product.columns))
                                       : "column");
}

std::string byte_sum(KernelWriter& writer, const Product& product) {
  const ProductBytes& bytes = *product.bytes;
  std::string text = "static_cast<unsigned>(values[j])";
  if (!bytes.left_zero) return text;
  if (bytes.right_sums) return text + " - left_zero * static_cast<unsigned>(right_sums[j])";
  if (!bytes.right_zero) return text;
  return text + fmt::format(" + static_cast<unsigned>({}) * left_zero * {}",
                            writer.value(product.depth),
                            right_zero_text(writer, product, "(column + j)"));
}

}  // namespace cermet::cuda
