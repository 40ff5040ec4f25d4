#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

constexpr auto i8 = ElementType::int8;
constexpr auto f8 = ElementType::float8e4m3fn;

Tensor bytes(ElementType type, const Shape& shape) {
  Tensor tensor(type, shape);
  for (int64_t i = 0; i < tensor.elements(); ++i)
    store_element<int64_t>(tensor.view(), i, (i * 37) % 100);
  return tensor;
}

// All of them one number.
Tensor bytes(ElementType type, const Shape& shape, double number) {
  Tensor tensor(type, shape);
  for (int64_t i = 0; i < tensor.elements(); ++i) store_element<double>(tensor.view(), i, number);
  return tensor;
}

// Bytes that come in, with one scale.
ValueId image(GraphMaker& m, std::string_view type, double scale) {
  const ValueId x = m.input("x", type);
  Tensor zero(m.graph().type(x).element, {});
  store_element<int64_t>(zero.view(), 0, 7);
  return m.add("DequantizeLinear",
               {x, m.constant("x_scale", reals({}, {static_cast<float>(scale)})),
                m.constant("x_zero", zero)});
}

ValueId weights(GraphMaker& m, const Shape& shape, int64_t axis) {
  const int64_t count = shape[static_cast<size_t>(axis)];
  std::vector<float> scales;
  for (int64_t i = 0; i < count; ++i) scales.push_back(0.25F * static_cast<float>(i + 1));
  return m.add("DequantizeLinear",
               {m.constant("w", bytes(i8, shape)), m.constant("w_scale", reals({count}, scales)),
                m.constant("w_zero", bytes(i8, {count}))},
               attributes({{"axis", axis}}));
}

void convolution(GraphMaker& m) {
  const ValueId x = image(m, "uint8[N, 2, 4, 4]", 0.5);
  const ValueId bias = m.constant("b", reals({3}, {1, 2, 3}));
  m.output(m.add("Conv", {x, weights(m, {3, 2, 3, 3}, 0), bias},
                 attributes({{"pads", std::vector<int64_t>{1, 1, 1, 1}}})));
}

void product(GraphMaker& m) {
  m.output(m.add("MatMul", {image(m, "int8[N, 3, 4]", 0.25), weights(m, {4, 2}, 1)}));
}

void turned_gemm(GraphMaker& m) {
  const ValueId bias = m.constant("b", reals({2}, {1, 2}));
  m.output(m.add("Gemm", {image(m, "uint8[N, 4]", 0.25), weights(m, {2, 4}, 0), bias},
                 attributes({{"transB", int64_t{1}}})));
}

// Weights of float8 that are floats in the model, and activations of another format.
void float8_product(GraphMaker& m) {
  const ValueId scale = m.constant("scale", reals({}, {0.5F}));
  const ValueId x = m.add("DequantizeLinear", {m.input("x", "float8e5m2[N, 3, 4]"), scale});
  const ValueId scales = m.constant("scales", reals({2}, {0.25F, 0.5F}));
  const ValueId zeros = m.constant("zeros", bytes(f8, {2}, 0));
  const ValueId numbers = m.constant("w", reals({2, 4}, {1, -2, 3, 4, 0.5F, 6, -7, 8}));
  const auto rows = attributes({{"axis", int64_t{0}}});
  const ValueId w = m.add("QuantizeLinear", {numbers, scales, zeros}, rows);
  const ValueId again = m.add("DequantizeLinear", {w, scales, zeros}, rows);
  m.output(m.add("MatMul", {x, m.add("Transpose", {again})}));
}

void float8_convolution(GraphMaker& m) {
  const ValueId scale = m.constant("scale", reals({}, {0.5F}));
  const ValueId x = m.add("DequantizeLinear", {m.input("x", "float8e4m3fn[N, 2, 4, 4]"), scale});
  const ValueId w = m.add("DequantizeLinear", {m.constant("w", bytes(f8, {3, 2, 3, 3}, 3)), scale});
  m.output(m.add("Conv", {x, w, m.constant("b", reals({3}, {1, 2, 3}))}));
}

// Scores of attention whose operands and softmax are quantised.
void scores(GraphMaker& m) {
  const ValueId scale = m.constant("scale", reals({}, {0.5F}));
  const ValueId queries = m.add(
      "DequantizeLinear", {m.input("q", "int8[N, 2, 5, 4]"), scale, m.input("zero", "int8[]")});
  const ValueId keys = m.add("DequantizeLinear", {m.input("k", "int8[N, 5, 2, 4]"), scale});
  const auto turn = attributes({{"perm", std::vector<int64_t>{0, 2, 3, 1}}});
  const ValueId product = m.add("MatMul", {queries, m.add("Transpose", {keys}, turn)});
  m.output(m.add("QuantizeLinear", {m.add("Softmax", {product}), scale}));
}

void depthwise(GraphMaker& m) {
  m.output(m.add("Conv", {image(m, "uint8[N, 2, 4, 4]", 0.5), weights(m, {2, 1, 3, 3}, 0)},
                 attributes({{"group", int64_t{2}}})));
}

// Scales along the depth, groups of few channels, sums that are scaled otherwise, bytes of two
// kinds, formats and zero points that no tensor core knows.
void other_products(GraphMaker& m) {
  const ValueId x = image(m, "uint8[N, 4]", 0.25);
  m.output(m.add("MatMul", {x, weights(m, {4, 2}, 0)}));
  const ValueId one = m.constant("one", reals({}, {1}));
  m.output(m.add("Gemm", {x, weights(m, {4, 2}, 1)}, attributes({{"alpha", 0.5}})));
  const ValueId y = m.add("DequantizeLinear", {m.input("y", "uint8[N, 4, 4, 4]"), one});
  m.output(m.add("Conv", {y, weights(m, {2, 2, 3, 3}, 0)}, attributes({{"group", int64_t{2}}})));
  const ValueId w = m.constant("w8", bytes(f8, {4, 2}, 3));
  m.output(m.add("MatMul", {x, m.add("DequantizeLinear", {w, one})}));
  const ValueId z = m.add("DequantizeLinear", {m.input("z", "float8e4m3fnuz[N, 4]"), one});
  m.output(m.add("MatMul", {z, m.add("DequantizeLinear", {w, one})}));
  const ValueId moved = m.add("DequantizeLinear", {m.input("v", "float8e4m3fn[N, 4]"), one,
                                                   m.constant("two", bytes(f8, {}, 2))});
  m.output(m.add("MatMul", {moved, m.add("DequantizeLinear", {w, one})}));
}

// Attention of which only the first product is of bytes.
void half_quantised_attention(GraphMaker& m) {
  const ValueId scale = m.constant("scale", reals({}, {0.5F}));
  const ValueId queries = m.add("DequantizeLinear", {m.input("q", "int8[N, 5, 4]"), scale});
  const ValueId keys = m.add("DequantizeLinear", {m.input("k", "int8[N, 4, 5]"), scale});
  const ValueId values = m.add("DequantizeLinear", {m.input("v", "int8[N, 5, 4]"), scale});
  const ValueId product = m.add("Mul", {m.add("MatMul", {queries, keys}), scale});
  m.output(m.add("MatMul", {m.add("Softmax", {product}), values}));
}

// A product of bytes, quantised, with bytes added to it and quantised again.
void residual_of_bytes(GraphMaker& m) {
  Tensor zero(ElementType::uint8, {});
  store_element<int64_t>(zero.view(), 0, 7);
  const ValueId scale = m.constant("scale", reals({}, {0.5F})), point = m.constant("zero", zero);
  const ValueId sums =
      m.add("MatMulInteger", {m.input("x", "uint8[N, 4]"), m.constant("w", bytes(i8, {4, 3}))});
  const ValueId scaled = m.add("Mul", {m.add("Cast", {sums}, attributes({{"to", int64_t{1}}})),
                                       m.constant("scales", reals({3}, {0.01F, 0.02F, 0.03F}))});
  const ValueId quantised = m.add("QuantizeLinear", {scaled, scale, point});
  const ValueId other = m.add("DequantizeLinear", {m.input("y", "uint8[N, 3]"), scale, point});
  const ValueId sum = m.add("Add", {m.add("DequantizeLinear", {quantised, scale, point}), other});
  m.output(m.add("QuantizeLinear", {m.add("Relu", {sum}), scale, point}));
}

void places(GraphMaker& m) {
  m.output(m.add("NonZero", {m.add("Relu", {m.input("x", "float32[N, 3]")})}));
}

ValueId selected(GraphMaker& m, std::vector<ValueId> numbers) {
  std::vector<ValueId> inputs{m.input("boxes", "float32[N, 5, 4]"),
                              m.input("scores", "float32[N, 2, 5]")};
  inputs.insert(inputs.end(), numbers.begin(), numbers.end());
  return m.add("NonMaxSuppression", std::move(inputs));
}

void selected_boxes(GraphMaker& m) {
  m.output(selected(m, {m.constant("most", ints({3})), m.constant("iou", reals({}, {0.5F}))}));
}

// A condition that is shorter than the dimension, and one for all elements.
void kept_rows(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[4, N]");
  const ValueId shorter =
      m.add("Less", {m.input("a", "float32[3]"), m.constant("c", reals({}, {0}))});
  m.output(m.add("Compress", {x, shorter}, attributes({{"axis", int64_t{0}}})));
  m.output(m.add("Compress", {x, shorter}));
}

// All results of one with numbers that are sorted and may be NaN, two of one of integers.
void distinct(GraphMaker& m) {
  const auto all = m.add_all("Unique", {m.input("x", "float32[N, 3]")}, 4);
  for (ValueId result : all) m.output(result);
  const auto some = m.add_all("Unique", {m.input("i", "int32[M]")}, 2);
  for (ValueId result : some) m.output(result);
}

// Rows along an axis, and what stays in the order of its first elements.
void distinct_otherwise(GraphMaker& m) {
  m.output(m.add("Unique", {m.input("x", "float32[N, 3]")}, attributes({{"axis", int64_t{0}}})));
  m.output(m.add("Unique", {m.input("y", "float32[N]")}, attributes({{"sorted", int64_t{0}}})));
}

// Without a number of boxes none is selected; of a value whose rank is not known there is no most.
void no_bound(GraphMaker& m) {
  m.output(selected(m, {}));
  const ValueId shape = m.input("shape", "int64[N]");
  m.output(m.add("NonZero", {m.add("Expand", {m.input("y", "float32[]"), shape})}));
}

}  // namespace

std::span<const PassCase> firing_on_devices() {
  static constexpr PassCase cases[] = {
      {"multiply-bytes", "convolution", convolution},
      {"multiply-bytes", "product", product},
      {"multiply-bytes", "turned-gemm", turned_gemm},
      {"multiply-bytes", "float8-product", float8_product},
      {"multiply-bytes", "float8-convolution", float8_convolution},
      {"multiply-bytes", "scores", scores},
      {"multiply-bytes", "depthwise", depthwise},
      {"pad-results", "places", places},
      {"fuse-epilogue", "bytes", residual_of_bytes},
      {"pad-results", "selected-boxes", selected_boxes},
      {"pad-results", "kept-rows", kept_rows},
      {"pad-results", "distinct", distinct},
  };
  return cases;
}

std::span<const PassCase> quiet_on_devices() {
  static constexpr PassCase cases[] = {
      {"multiply-bytes", "other-products", other_products},
      {"multiply-bytes", "half-quantised-attention", half_quantised_attention},
      {"pad-results", "no-bound", no_bound},
      {"pad-results", "distinct-otherwise", distinct_otherwise}};
  return cases;
}

}  // namespace cermet::testing
