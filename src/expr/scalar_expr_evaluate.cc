#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "expr/scalar_arithmetic.h"
#include "expr/scalar_cast.h"
#include "expr/scalar_expr.h"

namespace cermet {
namespace {

// Computes every node of one point; `values` has one slot a node.
void compute(const ScalarExpr& expr, std::span<const WideScalar> operands,
             std::span<WideScalar> values) {
  const std::vector<ScalarNode>& nodes = expr.nodes();
  for (size_t i = 0; i < nodes.size(); ++i) {
    const ScalarNode& node = nodes[i];
    if (node.op == ScalarOp::input) {
      values[i] = operands[node.index];
    } else if (node.op == ScalarOp::constant) {
      values[i] = {node.value, node.integer};
    } else if (node.op == ScalarOp::cast) {
      values[i] =
          cast_scalar(values[node.args[0]], nodes[node.args[0]].type, node.type, node.saturate);
    } else {
      std::array<WideScalar, 3> args;
      const int arity = info(node.op).arity;
      for (int k = 0; k < arity; ++k) args[k] = values[node.args[k]];
      values[i] = apply_scalar(node, nodes[node.args[0]].type,
                               std::span<const WideScalar>(args.data(), arity));
    }
  }
}

WideScalar finished(const ScalarExpr& expr, size_t result, std::span<const WideScalar> values) {
  WideScalar value = values[expr.results()[result]];
  const ElementType type = expr.result_type(result);
  // An infinity that a cast without saturation made stays one.
  if (is_floating(type)) value.real = round_to_type(type, value.real, std::isfinite(value.real));
  return value;
}

WideScalar load(const ConstTensorView& view, int64_t index) {
  if (is_floating(view.type)) return {.real = load_element<double>(view, index)};
  return {.integer = load_element<int64_t>(view, index)};
}

void store(const TensorView& view, int64_t index, const WideScalar& value) {
  if (is_floating(view.type) && bit_width(view.type) == 8) {
    // The value is one of the type's already; store_element would clamp an infinity.
    view.as<uint8_t>()[index] = static_cast<uint8_t>(encode_float(view.type, value.real, false));
  } else if (is_floating(view.type)) {
    store_element<double>(view, index, value.real);
  } else if (is_signed_integer(view.type)) {
    store_element<int64_t>(view, index, value.integer);
  } else {
    store_element<uint64_t>(view, index, static_cast<uint64_t>(value.integer));
  }
}

// Elements to step in an operand for each dimension of the result; 0 where it repeats.
std::vector<int64_t> broadcast_strides(const Shape& operand, const Shape& result, size_t number) {
  const auto fits = [&](size_t from_end) {
    const int64_t size = operand[operand.size() - from_end];
    return from_end <= result.size() && (size == 1 || size == result[result.size() - from_end]);
  };
  std::vector<int64_t> strides(result.size(), 0);
  int64_t step = 1;
  for (size_t i = 1; i <= operand.size(); ++i) {
    if (!fits(i))
      fail(ErrorCode::invalid_argument,
           "scalar expression: operand {}: expected a shape that broadcasts to {}, got {}", number,
           to_string(result), to_string(operand));
    const int64_t size = operand[operand.size() - i];
    strides[result.size() - i] = size == 1 ? 0 : step;
    step *= size;
  }
  return strides;
}

void check_views(const ScalarExpr& expr, std::span<const ConstTensorView> operands,
                 std::span<const TensorView> results) {
  require(static_cast<int>(operands.size()) >= expr.operand_count(), ErrorCode::invalid_argument,
          "scalar expression: expected {} operands, got {}", expr.operand_count(), operands.size());
  require(results.size() == expr.results().size(), ErrorCode::invalid_argument,
          "scalar expression: expected {} results, got {}", expr.results().size(), results.size());
  for (const ScalarNode& node : expr.nodes()) {
    if (node.op != ScalarOp::input) continue;
    require(operands[node.index].type == node.type, ErrorCode::invalid_argument,
            "scalar expression: operand {}: expected {}, got {}", node.index, name(node.type),
            name(operands[node.index].type));
  }
  for (size_t i = 0; i < results.size(); ++i) {
    require(results[i].type == expr.result_type(i) && results[i].shape == results[0].shape,
            ErrorCode::invalid_argument, "scalar expression: result {}: expected {}{}, got {}{}", i,
            name(expr.result_type(i)), to_string(results[0].shape), name(results[i].type),
            to_string(results[i].shape));
  }
}

// The operands that the expression reads, each with its position at the current point.
class Cursor {
 public:
  Cursor(const ScalarExpr& expr, std::span<const ConstTensorView> operands, const Shape& shape)
      : operands_(operands), shape_(shape), point_(shape.size(), 0) {
    for (int i = 0; i < expr.operand_count(); ++i) {
      const auto reads = [&](const ScalarNode& node) {
        return node.op == ScalarOp::input && node.index == i;
      };
      if (std::none_of(expr.nodes().begin(), expr.nodes().end(), reads)) continue;
      tracks_.push_back(
          {static_cast<size_t>(i), 0, broadcast_strides(operands[i].shape, shape, i)});
    }
  }

  void load_into(std::span<WideScalar> values) const {
    for (const Track& track : tracks_) {
      values[track.operand] = load(operands_[track.operand], track.offset);
    }
  }

  void advance() {
    for (size_t d = shape_.size(); d-- > 0;) {
      const bool carries = ++point_[d] == shape_[d];
      for (Track& track : tracks_) {
        track.offset += carries ? -track.strides[d] * (shape_[d] - 1) : track.strides[d];
      }
      if (!carries) return;
      point_[d] = 0;
    }
  }

 private:
  struct Track {
    size_t operand;
    int64_t offset;
    std::vector<int64_t> strides;
  };
  std::span<const ConstTensorView> operands_;
  const Shape& shape_;
  std::vector<int64_t> point_;
  std::vector<Track> tracks_;
};

}  // namespace

void evaluate_point(const ScalarExpr& expr, std::span<const WideScalar> operands,
                    std::span<WideScalar> results) {
  require(static_cast<int>(operands.size()) >= expr.operand_count() &&
              results.size() >= expr.results().size(),
          ErrorCode::internal,
          "evaluating a scalar expression: expected {} operands and {} results, got {} and {}",
          expr.operand_count(), expr.results().size(), operands.size(), results.size());
  std::vector<WideScalar> values(expr.nodes().size());
  compute(expr, operands, values);
  for (size_t i = 0; i < expr.results().size(); ++i) results[i] = finished(expr, i, values);
}

void evaluate_reference(const ScalarExpr& expr, std::span<const ConstTensorView> operands,
                        std::span<const TensorView> results) {
  check_views(expr, operands, results);
  if (results.empty()) return;
  Cursor cursor(expr, operands, results[0].shape);
  std::vector<WideScalar> loaded(static_cast<size_t>(expr.operand_count()));
  std::vector<WideScalar> values(expr.nodes().size());
  const int64_t points = results[0].elements();
  for (int64_t point = 0; point < points; ++point) {
    cursor.load_into(loaded);
    compute(expr, loaded, values);
    for (size_t i = 0; i < results.size(); ++i) store(results[i], point, finished(expr, i, values));
    cursor.advance();
  }
}

}  // namespace cermet
