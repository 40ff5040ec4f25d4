#include "backends/cpu/run/gemm_weights.h"

#include <cstdio>

#include "backends/cpu/run/work_split.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

bool is_turned(const Problem& problem) {
  return problem.op == "Gemm" && problem.attributes.integer("transB", 0) != 0;
}

int64_t place_of(const GemmForm& form, int64_t k, int64_t column) {
  const int64_t block = k / gemm_depth * gemm_depth;
  const int64_t deep = std::min(gemm_depth, form.depth - block);
  return (block * form.panels() + column / form.columns * deep + k - block) * form.columns +
         column % form.columns;
}

}  // namespace

Tensor change_columns(const Tensor& packed, const GemmForm& from, const GemmForm& to) {
  Tensor result(ElementType::float32, {to.elements()});
  const auto* data = packed.as<float>();
  auto* into = result.view().as<float>();
  for (int64_t k = 0; k < to.depth; ++k)
    for (int64_t column = 0; column < to.width; ++column)
      into[place_of(to, k, column)] = data[place_of(from, k, column)];
  return result;
}

std::string GemmForm::to_string() const {
  return fmt::format("panels of {}, {}x{}", columns, depth, width);
}

GemmForm GemmForm::parse(std::string_view text) {
  GemmForm form;
  const std::string ended(text);
  int used = 0;
  const int read = std::sscanf(ended.c_str(), "panels of %9ld, %9ldx%9ld%n", &form.columns,
                               &form.depth, &form.width, &used);
  require(read == 3 && static_cast<size_t>(used) == ended.size() && form.columns > 0 &&
              form.columns <= 64 && form.depth > 0 && form.width > 0,
          ErrorCode::invalid_engine,
          "packed weights: the form '{}' is not one of a product. Build the engine again", text);
  return form;
}

std::optional<GemmForm> gemm_form(const Problem& problem, int64_t columns) {
  const ValueType& type = problem.inputs[1]->type;
  if (!type.is_static() || type.rank() < 2) return std::nullopt;
  const Shape shape = constants(*type.dims);
  const int64_t rows = shape[shape.size() - 2], across = shape.back();
  if (element_count(shape) == 0 || element_count(shape) != rows * across) return std::nullopt;
  return is_turned(problem) ? GemmForm{columns, across, rows} : GemmForm{columns, rows, across};
}

MatrixView matrix_of(const Problem& problem, const Tensor& b, const GemmForm& form) {
  const bool turned = is_turned(problem);
  return {b.as<float>(), turned ? 1 : form.width, turned ? form.depth : 1};
}

Tensor pack_matrix(const MatrixView& b, const GemmForm& form, Transpose32 transpose) {
  Tensor packed(ElementType::float32, {form.elements()});
  auto* to = packed.view().as<float>();
  for (int64_t k = 0; k < form.depth; k += gemm_depth) {
    const int64_t deep = std::min(gemm_depth, form.depth - k);
    for (int64_t p = 0; p < form.panels(); ++p, to += deep * form.columns)
      pack_columns({b.at(k, p * form.columns), b.row, b.column}, deep,
                   std::min(form.columns, form.width - p * form.columns), form.columns, transpose,
                   to);
  }
  return packed;
}

}  // namespace cermet::cpu
