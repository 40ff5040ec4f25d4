#include "ops/matrix/fused_products.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "ops/raw_input.h"

namespace cermet {
namespace {

using Rewritten = std::optional<std::vector<ValueId>>;

// How a factor is turned before the product.
struct Turn {
  bool batch = false;  // the first dimension moves to the place before the last
  bool last = false;   // the last two change places
};

// Vectors stay as they are.
ValueId turned(GraphBuilder& builder, ValueId value, Turn turn) {
  if (!turn.batch && !turn.last) return value;
  const ValueType& type = builder.type(value);
  require(type.has_rank(), ErrorCode::unsupported,
          "FusedMatMul: the rank of a factor that is transposed must be known");
  if (type.rank() < 2) return value;
  std::vector<int64_t> order(static_cast<size_t>(type.rank()));
  std::iota(order.begin(), order.end(), 0);
  if (turn.batch) std::rotate(order.begin(), order.begin() + 1, order.end() - 1);
  if (turn.last) std::swap(order[order.size() - 1], order[order.size() - 2]);
  Attributes permutation;
  permutation.set("perm", std::move(order));
  return builder.add("Transpose", {value}, std::move(permutation));
}

struct Activation {
  std::string_view name;
  std::array<std::string_view, 2> parameters{};
};

constexpr std::array activations{
    Activation{"Elu", {"alpha"}},
    Activation{"HardSigmoid", {"alpha", "beta"}},
    Activation{"LeakyRelu", {"alpha"}},
    Activation{"Relu"},
    Activation{"Selu", {"alpha", "gamma"}},
    Activation{"Sigmoid"},
    Activation{"Softplus"},
    Activation{"Softsign"},
    Activation{"Tanh"},
    Activation{"ThresholdedRelu", {"alpha"}},
};

// Takes the activation's attributes off the node.
ValueId activate(RawNode& node, GraphBuilder& builder, ValueId value) {
  const std::string name = node.attributes.text("activation", "");
  const auto known = std::ranges::find(activations, name, &Activation::name);
  require(known != activations.end(), ErrorCode::unsupported,
          "FusedGemm: activation: Cermet does not know \"{}\"", name);
  Attributes attributes;
  for (const std::string_view parameter : known->parameters)
    if (const Attribute* given = parameter.empty()
                                     ? nullptr
                                     : node.attributes.find("activation_" + std::string(parameter)))
      attributes.set(parameter, *given);
  return builder.add(name, {value}, std::move(attributes));
}

}  // namespace

Rewritten import_fused_mat_mul(RawNode& node, GraphBuilder& builder) {
  const Attributes& attributes = node.attributes;
  const auto flag = [&](const char* name) { return attributes.integer(name, 0) != 0; };
  const ValueId a = turned(builder, required_input(node, 0), {flag("transBatchA"), flag("transA")});
  const ValueId b = turned(builder, required_input(node, 1), {flag("transBatchB"), flag("transB")});
  const ValueId product = builder.add("MatMul", {a, b});
  const double alpha = attributes.number("alpha", 1);
  if (alpha == 1) return std::vector{product};
  return std::vector{
      builder.add("Mul", {product, builder.scalar(builder.element(product), alpha)})};
}

Rewritten import_fused_gemm(RawNode& node, GraphBuilder& builder) {
  Attributes kept;
  for (const std::string_view name : {"alpha", "beta", "transA", "transB"})
    if (const Attribute* given = node.attributes.find(name)) kept.set(name, *given);
  return std::vector{activate(node, builder, builder.add("Gemm", node.inputs, std::move(kept)))};
}

}  // namespace cermet
