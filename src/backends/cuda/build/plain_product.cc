#include "backends/cuda/build/plain_product.h"

#include <numeric>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/lanes.h"
#include "backends/cuda/build/scalar_printer.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 256;
constexpr int64_t tile = 16;
constexpr size_t left_zero = 2, right_zero = 3;

bool has_zero(const Problem& problem, size_t i) {
  return problem.op == "MatMulInteger" && i < own_input_count(problem) && problem.inputs[i];
}

std::optional<std::string> rejects_zero(const Problem& problem, size_t i) {
  if (!has_zero(problem, i)) return std::nullopt;
  const int rank = problem.inputs[i]->type.rank();
  if (rank > 1 && rank != problem.inputs[i - left_zero]->type.rank())
    return "zero points have another rank than their factor";
  return std::nullopt;
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!problem.domain.empty() || (problem.op != "MatMul" && problem.op != "MatMulInteger"))
    return "computes matrix products only";
  if (auto reason = rejects_operands(problem)) return reason;
  if (own_input_count(problem) < 2 || !problem.inputs[0] || !problem.inputs[1])
    return "a factor is absent";
  const ElementType type = problem.inputs[0]->type.element;
  if (is_floating(type) && type != ElementType::float64)
    return "computes products of integers and of float64 only";
  for (size_t i = 0; i < own_input_count(problem); ++i)
    if (problem.inputs[i] && !problem.inputs[i]->layout.is_row_major())
      return "an operand is not row-major";
  if (!problem.outputs[0]->layout.is_row_major()) return "the result is not row-major";
  for (size_t i : {0, 1})
    if (problem.inputs[i]->type.rank() < 2) return "a factor is no matrix";
  for (size_t i : {left_zero, right_zero})
    if (auto reason = rejects_zero(problem, i)) return reason;
  return rejects_epilogue(problem);
}

// Integers are multiplied modulo 2^32 or 2^64, whatever their sign.
std::string_view sum_type(ElementType result) {
  if (result == ElementType::float64) return "double";
  return bit_width(result) > 32 ? "uint64" : "uint32";
}

class PlainProduct {
 public:
  explicit PlainProduct(const Problem& problem)
      : problem_(problem),
        writer_(problem, "plain_product_kernel"),
        dims_(writer_.output_dims(0)),
        batch_rank_(dims_.size() - 2) {}

  DeviceSource source() {
    writer_.include("plain_product.cu");
    writer_.declare(index_declaration({dims_, writer_.input_dims(0), writer_.input_dims(1)}));
    const ElementType own = own_result_type(problem_);
    writer_.declare(fmt::format("using Sum = {};\n", sum_type(own)));
    const Dim rows = dims_[batch_rank_], columns = dims_.back();
    const Dim batches = product(Dims(dims_.begin(), dims_.end() - 2));
    const Dim tiles = ceil_div(rows, tile) * ceil_div(columns, tile);
    writer_.body(fmt::format(
        "__shared__ Sum a[16][17], b[16][17];\n"
        "const index_t rows = {}, columns = {}, depth = {};\n"
        "const index_t across = (columns + 15) / 16, tiles = (rows + 15) / 16 * across;\n"
        "for (index_t at = blockIdx.x; at < {} * tiles; at += gridDim.x) {{\n"
        "const index_t batch = at / tiles, place = at % tiles;\n",
        writer_.value(rows), writer_.value(columns), writer_.value(writer_.input_dims(0).back()),
        writer_.value(batches)));
    writer_.body(batch_coordinates());
    writer_.body(factor("left", 0, "c_row", "c_depth") + factor("right", 1, "c_depth", "c_column"));
    writer_.body(write(own));
    writer_.body(
        "plain_product<Sum, index_t>(rows, columns, depth, place / across * 16, place % across * "
        "16, a, b, left, right, write);\n}\n");
    DeviceSource source;
    writer_.finish({{blocks_for(batches * tiles, 1), 1, 1}, {threads, 1, 1}}, source);
    return source;
  }

 private:
  std::string batch_coordinates() {
    std::vector<size_t> order(batch_rank_);
    std::iota(order.begin(), order.end(), size_t{0});
    return declare_coordinates(writer_, "batch", dims_, order, "b");
  }

  std::vector<std::string> coordinates(std::string_view row, std::string_view column) const {
    std::vector<std::string> names = coordinate_names(batch_rank_, "b");
    names.emplace_back(row);
    names.emplace_back(column);
    return names;
  }

  // "const auto NAME = [=](index_t ROW, index_t COLUMN) -> Sum {...};"
  std::string factor(std::string_view name, size_t i, std::string_view row,
                     std::string_view column) {
    const auto names = coordinates(row, column);
    std::string value =
        fmt::format("static_cast<Sum>({}[{}])", writer_.input(i),
                    broadcast_offset(writer_, writer_.input_dims(i), Layout{}, names));
    const size_t zero = i + left_zero;
    if (has_zero(problem_, zero)) {
      Dims dims = writer_.input_dims(zero);
      if (dims.size() == 1 && i == 0) dims.emplace_back(1);  // a number for each row
      value += fmt::format(" - static_cast<Sum>({}[{}])", writer_.input(zero),
                           broadcast_offset(writer_, dims, Layout{}, names));
    }
    return fmt::format("const auto {} = [=](index_t {}, index_t {}) -> Sum {{ return {}; }};\n",
                       name, row, column, value);
  }

  std::string write(ElementType own) {
    const PrintedExpression printed =
        print_epilogue(writer_, "value", coordinates("row", "column"), "v");
    return fmt::format(
        "const auto write = [=](index_t row, index_t column, Sum sum) {{\n"
        "const {0} value = static_cast<{0}>(sum);\n{1}"
        "{2}[(batch * rows + row) * columns + column] = from_compute<{3}>({4});\n}};\n",
        compute_type(own), printed.statements, writer_.output(0),
        storage_type(problem_.outputs[0]->type.element), printed.results[0]);
  }

  const Problem& problem_;
  KernelWriter writer_;
  const Dims dims_;
  const size_t batch_rank_;
};

// Some 5 % of the rate at which the card multiplies in float32.
double estimate(const TacticQuery& query, std::string_view) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  const double traffic = traffic_us(query);
  if (!shapes || traffic < 0) return -1;
  const double work = 2.0 * static_cast<double>(element_count(*shapes->outputs[0])) *
                      static_cast<double>(shapes->inputs[0]->back());
  return traffic + work / (0.05 * rates_of(query.architecture).float32_per_us);
}

}  // namespace

Tactic plain_product_tactic() {
  Tactic tactic;
  tactic.name = "cuda.plain_product";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = estimate;
  tactic.generate = [](const TacticQuery& query, std::string_view) {
    return PlainProduct(query.problem()).source();
  };
  return tactic;
}

}  // namespace cermet::cuda
