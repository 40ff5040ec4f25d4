// The derivatives of operators, one row an operator.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "import/onnx/gradient.h"

namespace cermet::onnx {
namespace {

using Call = GradientCall;
using Slopes = std::vector<ValueId>;

ValueId mul(const Call& c, ValueId a, ValueId b) { return c.op("Mul", {a, b}); }
ValueId sub(const Call& c, ValueId a, ValueId b) { return c.op("Sub", {a, b}); }
ValueId neg(const Call& c, ValueId a) { return c.op("Neg", {a}); }
ValueId one_minus(const Call& c, ValueId a) { return sub(c, c.number(1), a); }

Attributes with_integer(std::string_view name, int64_t value) {
  Attributes attributes;
  attributes.set(name, value);
  return attributes;
}

const Dims& known_dims(const Call& c, ValueId value) {
  const ValueType& type = c.builder.type(value);
  require(type.has_rank(), ErrorCode::unsupported,
          "Gradient: {} ('{}'): the rank of {} has to be known", c.node.op, c.node.name,
          type.to_string());
  return *type.dims;
}

ValueId reshaped_like(const Call& c, ValueId value, ValueId like) {
  return c.op("Reshape", {value, c.op("Shape", {like})}, with_integer("allowzero", 1));
}

// Sums over the dimensions along which broadcasting repeated `like`.
ValueId to_shape_of(const Call& c, ValueId value, ValueId like) {
  const Dims from = known_dims(c, value);
  const Dims to = known_dims(c, like);
  if (from == to) return value;
  std::vector<int64_t> axes(from.size() - std::min(from.size(), to.size()));
  std::iota(axes.begin(), axes.end(), 0);
  const size_t skipped = axes.size();
  for (size_t d = 0; d < to.size(); ++d) {
    if (from[skipped + d] == to[d]) continue;
    require(to[d].is_constant(1), ErrorCode::unsupported,
            "Gradient: {} ('{}'): whether {} repeats to {} has to be known", c.node.op, c.node.name,
            to_string(to), to_string(from));
    axes.push_back(static_cast<int64_t>(skipped + d));
  }
  return reshaped_like(c, c.op("ReduceSum", {value, c.builder.integers(axes)}), like);
}

ValueId transposed(const Call& c, ValueId value) {
  const int64_t rank = static_cast<int64_t>(known_dims(c, value).size());
  require(rank >= 2, ErrorCode::unsupported,
          "Gradient: {} ('{}'): expected matrices, got a tensor of rank {}", c.node.op, c.node.name,
          rank);
  std::vector<int64_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[rank - 1], order[rank - 2]);
  Attributes attributes;
  attributes.set("perm", std::move(order));
  return c.op("Transpose", {value}, std::move(attributes));
}

Slopes identity(const Call& c) { return {c.slope}; }
Slopes negate(const Call& c) { return {neg(c, c.slope)}; }

// Add, Sum, Mean of any number of operands.
Slopes sum(const Call& c) {
  Slopes slopes;
  const double share = c.node.op == "Mean" ? 1.0 / static_cast<double>(c.node.inputs.size()) : 1;
  const ValueId slope = share == 1 ? c.slope : mul(c, c.slope, c.number(share));
  for (ValueId input : c.node.inputs) slopes.push_back(to_shape_of(c, slope, input));
  return slopes;
}

Slopes difference(const Call& c) {
  return {to_shape_of(c, c.slope, c.x(0)), to_shape_of(c, neg(c, c.slope), c.x(1))};
}

Slopes product(const Call& c) {
  return {to_shape_of(c, mul(c, c.slope, c.x(1)), c.x(0)),
          to_shape_of(c, mul(c, c.slope, c.x(0)), c.x(1))};
}

Slopes quotient(const Call& c) {
  const ValueId first = c.op("Div", {c.slope, c.x(1)});
  return {to_shape_of(c, first, c.x(0)), to_shape_of(c, neg(c, mul(c, first, c.y())), c.x(1))};
}

Slopes power(const Call& c) {
  const ValueId exponent = c.builder.cast(c.x(1), c.type());
  const ValueId lower = c.op("Pow", {c.x(0), sub(c, exponent, c.number(1))});
  const ValueId base = mul(c, c.slope, mul(c, exponent, lower));
  Slopes slopes{to_shape_of(c, base, c.x(0)), no_value};
  if (c.builder.element(c.x(1)) == c.type())
    slopes[1] = to_shape_of(c, mul(c, c.slope, mul(c, c.y(), c.op("Log", {c.x(0)}))), c.x(1));
  return slopes;
}

Slopes exponential(const Call& c) { return {mul(c, c.slope, c.y())}; }
Slopes logarithm(const Call& c) { return {c.op("Div", {c.slope, c.x(0)})}; }
Slopes root(const Call& c) { return {c.op("Div", {c.slope, mul(c, c.number(2), c.y())})}; }
Slopes reciprocal(const Call& c) { return {neg(c, mul(c, c.slope, mul(c, c.y(), c.y())))}; }
Slopes tanh(const Call& c) { return {mul(c, c.slope, one_minus(c, mul(c, c.y(), c.y())))}; }
Slopes sigmoid(const Call& c) { return {mul(c, c.slope, mul(c, c.y(), one_minus(c, c.y())))}; }
Slopes softplus(const Call& c) { return {mul(c, c.slope, c.op("Sigmoid", {c.x(0)}))}; }
Slopes absolute(const Call& c) { return {mul(c, c.slope, c.op("Sign", {c.x(0)}))}; }
Slopes sine(const Call& c) { return {mul(c, c.slope, c.op("Cos", {c.x(0)}))}; }
Slopes cosine(const Call& c) { return {neg(c, mul(c, c.slope, c.op("Sin", {c.x(0)})))}; }

Slopes relu(const Call& c) {
  const ValueId positive = c.op("Greater", {c.x(0), c.number(0)});
  return {c.op("Where", {positive, c.slope, c.number(0)})};
}

Slopes leaky_relu(const Call& c) {
  const ValueId negative = c.op("Less", {c.x(0), c.number(0)});
  const ValueId alpha = c.number(c.node.attributes.number("alpha", 0.01f));
  return {c.op("Where", {negative, mul(c, c.slope, alpha), c.slope})};
}

Slopes where(const Call& c) {
  const ValueId zero = c.number(0);
  return {no_value, to_shape_of(c, c.op("Where", {c.x(0), c.slope, zero}), c.x(1)),
          to_shape_of(c, c.op("Where", {c.x(0), zero, c.slope}), c.x(2))};
}

Slopes cast(const Call& c) {
  const ElementType from = c.builder.element(c.x(0));
  if (!is_floating(from)) return {no_value};
  return {c.builder.cast(c.slope, from)};
}

Slopes mat_mul(const Call& c) {
  return {to_shape_of(c, c.op("MatMul", {c.slope, transposed(c, c.x(1))}), c.x(0)),
          to_shape_of(c, c.op("MatMul", {transposed(c, c.x(0)), c.slope}), c.x(1))};
}

Slopes gemm(const Call& c) {
  const bool flip_a = c.node.attributes.integer("transA", 0) != 0;
  const bool flip_b = c.node.attributes.integer("transB", 0) != 0;
  const ValueId scaled = mul(c, c.slope, c.number(c.node.attributes.number("alpha", 1)));
  const ValueId a = flip_a ? transposed(c, c.x(0)) : c.x(0);
  const ValueId b = flip_b ? transposed(c, c.x(1)) : c.x(1);
  const ValueId to_a = c.op("MatMul", {scaled, transposed(c, b)});
  const ValueId to_b = c.op("MatMul", {transposed(c, a), scaled});
  Slopes slopes{flip_a ? transposed(c, to_a) : to_a, flip_b ? transposed(c, to_b) : to_b};
  if (c.node.input(2) != no_value)
    slopes.push_back(
        to_shape_of(c, mul(c, c.slope, c.number(c.node.attributes.number("beta", 1))), c.x(2)));
  return slopes;
}

// Operators that only arrange the elements of their first input anew.
Slopes same_elements(const Call& c) { return {reshaped_like(c, c.slope, c.x(0))}; }
Slopes expand(const Call& c) { return {to_shape_of(c, c.slope, c.x(0))}; }

Slopes transpose(const Call& c) {
  const size_t rank = known_dims(c, c.x(0)).size();
  std::vector<int64_t> backwards(rank);
  for (size_t i = 0; i < rank; ++i) backwards[i] = static_cast<int64_t>(rank - 1 - i);
  const auto order = c.node.attributes.integers("perm", backwards);
  std::vector<int64_t> inverse(rank);
  for (size_t i = 0; i < rank; ++i) inverse.at(order.at(i)) = static_cast<int64_t>(i);
  Attributes attributes;
  attributes.set("perm", std::move(inverse));
  return {c.op("Transpose", {c.slope}, std::move(attributes))};
}

// The slope of a reduction, repeated along the reduced dimensions.
ValueId repeated(const Call& c) {
  const auto axes =
      c.node.input(1) == no_value ? std::vector<int64_t>() : c.builder.known_integers(c.x(1));
  require(axes.has_value(), ErrorCode::unsupported,
          "Gradient: {} ('{}'): the axes have to be constants", c.node.op, c.node.name);
  if (axes->empty() && c.node.attributes.integer("noop_with_empty_axes", 0) != 0) return c.slope;
  ValueId slope = c.slope;
  if (c.node.attributes.integer("keepdims", 1) == 0) {
    std::vector<int64_t> dropped = *axes;
    if (dropped.empty()) {
      dropped.resize(known_dims(c, c.x(0)).size());
      std::iota(dropped.begin(), dropped.end(), 0);
    }
    slope = c.op("Unsqueeze", {slope, c.builder.integers(dropped)});
  }
  return c.op("Expand", {slope, c.op("Shape", {c.x(0)})});
}

Slopes reduce_sum(const Call& c) { return {repeated(c)}; }

Slopes reduce_mean(const Call& c) {
  const ValueId many = c.builder.cast(c.op("Size", {c.x(0)}), c.type());
  const ValueId few = c.builder.cast(c.op("Size", {c.y()}), c.type());
  return {c.op("Div", {mul(c, repeated(c), few), many})};
}

Slopes softmax(const Call& c) {
  const ValueId weighted = mul(c, c.slope, c.y());
  const ValueId axis = c.builder.integers({c.node.attributes.integer("axis", -1)});
  return {sub(c, weighted, mul(c, c.y(), c.op("ReduceSum", {weighted, axis})))};
}

Slopes concat(const Call& c) {
  const int64_t rank = static_cast<int64_t>(known_dims(c, c.y()).size());
  int64_t axis = c.node.attributes.integer("axis");
  if (axis < 0) axis += rank;
  Attributes along = with_integer("start", axis);
  along.set("end", axis + 1);
  std::vector<ValueId> sizes;
  sizes.reserve(c.node.inputs.size());
  for (ValueId input : c.node.inputs) sizes.push_back(c.op("Shape", {input}, along));
  const ValueId pieces = c.op("Concat", sizes, with_integer("axis", 0));
  return c.builder.add_all("Split", {c.slope, pieces}, c.node.inputs.size(),
                           with_integer("axis", axis));
}

struct Row {
  std::string_view op;
  GradientRule rule;
};

constexpr Row rows[] = {
    {"Abs", absolute},
    {"Add", sum},
    {"Cast", cast},
    {"Concat", concat},
    {"Cos", cosine},
    {"Div", quotient},
    {"Exp", exponential},
    {"Expand", expand},
    {"Flatten", same_elements},
    {"Gemm", gemm},
    {"Identity", identity},
    {"LeakyRelu", leaky_relu},
    {"Log", logarithm},
    {"MatMul", mat_mul},
    {"Mean", sum},
    {"Mul", product},
    {"Neg", negate},
    {"Pow", power},
    {"Reciprocal", reciprocal},
    {"ReduceMean", reduce_mean},
    {"ReduceSum", reduce_sum},
    {"Relu", relu},
    {"Reshape", same_elements},
    {"Sigmoid", sigmoid},
    {"Sin", sine},
    {"Softmax", softmax},
    {"Softplus", softplus},
    {"Sqrt", root},
    {"Squeeze", same_elements},
    {"Sub", difference},
    {"Sum", sum},
    {"Tanh", tanh},
    {"Transpose", transpose},
    {"Unsqueeze", same_elements},
    {"Where", where},
};

}  // namespace

GradientRule find_gradient_rule(const Node& node) {
  if (!node.domain.empty()) return nullptr;
  const auto* row =
      std::find_if(std::begin(rows), std::end(rows), [&](const Row& r) { return r.op == node.op; });
  return row == std::end(rows) ? nullptr : row->rule;
}

}  // namespace cermet::onnx
