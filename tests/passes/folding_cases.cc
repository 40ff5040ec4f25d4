// What is folded into the attributes and weights of convolutions, pools and products.
#include <limits>

#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

constexpr auto f32 = ElementType::float32;

ValueId image(GraphMaker& m) { return m.input("x", "float32[N, 2, 3, 4]"); }

ValueId padded(GraphMaker& m, ValueId x, const std::vector<int64_t>& pads, float value = 0) {
  return m.add("Pad", {x, m.constant("pads", ints(pads)), m.constant("value", reals({}, {value}))});
}

ValueId convolved(GraphMaker& m, ValueId x, Attributes attributes = {}) {
  return m.add("Conv", {x, m.constant("w", ramp(f32, {3, 2, 2, 2}))}, std::move(attributes));
}

Attributes window(std::vector<int64_t> kernel, std::vector<int64_t> pads = {0, 0, 0, 0}) {
  return attributes({{"kernel_shape", std::move(kernel)}, {"pads", std::move(pads)}});
}

ValueId infinite(GraphMaker& m, ValueId x, const std::vector<int64_t>& pads) {
  return padded(m, x, pads, -std::numeric_limits<float>::infinity());
}

// Fold-pads.

void padded_convolution(GraphMaker& m) {
  const ValueId x = padded(m, image(m), {0, 0, 1, 0, 0, 0, 2, 3});
  m.output(convolved(m, x, attributes({{"pads", std::vector<int64_t>{0, 1, 0, 0}}})));
  m.output(convolved(m, x, attributes({{"auto_pad", std::string("VALID")}})));
}

void margins_of_named_axes(GraphMaker& m) {
  const ValueId x = m.add("Pad", {image(m), m.constant("pads", ints({1, 2})), no_value,
                                  m.constant("axes", ints({-1}))});
  m.output(convolved(m, x));
}

void padded_transposed_convolution(GraphMaker& m) {
  const ValueId x = padded(m, image(m), {0, 0, 1, 0, 0, 0, 1, 1});
  Attributes attributes;
  attributes.set("pads", std::vector<int64_t>{2, 0, 3, 2});
  attributes.set("strides", std::vector<int64_t>{2, 2});
  m.output(m.add("ConvTranspose", {x, m.constant("w", ramp(f32, {2, 1, 3, 3}))}, attributes));
}

void padded_pools(GraphMaker& m) {
  m.output(m.add("MaxPool", {infinite(m, image(m), {0, 0, 1, 0, 0, 0, 0, 1})}, window({2, 2})));
  const ValueId y = padded(m, m.input("y", "float32[1, 2, 3, 4]"), {0, 0, 1, 0, 0, 0, 0, 1});
  m.output(m.add("AveragePool", {y}, window({2, 2})));
  m.output(m.add("LpPool", {y}, window({2, 2})));
  const ValueId z = m.add("Relu", {m.input("z", "float32[1, 2, 3, 4]")});
  m.output(m.add("MaxPool", {padded(m, z, {0, 0, 1, 1, 0, 0, 1, 1})}, window({3, 3})));
}

// All its padding counts in the average.
void average_with_its_own_padding(GraphMaker& m) {
  Attributes attributes = window({2, 3}, {0, 1, 0, 1});
  attributes.set("count_include_pad", int64_t{1});
  m.output(m.add("AveragePool", {padded(m, image(m), {0, 0, 1, 0, 0, 0, 1, 0})}, attributes));
}

void other_padding(GraphMaker& m) {
  const std::vector<int64_t> around{0, 0, 1, 1, 0, 0, 1, 1};
  m.output(convolved(m, padded(m, image(m), around, 1)));
  const ValueId y = m.input("y", "float32[1, 2, 3, 4]");
  const ValueId pads = m.constant("pads", ints(around));
  m.output(convolved(m, m.add("Pad", {y, pads}, attributes({{"mode", std::string("reflect")}}))));
  m.output(convolved(m, padded(m, y, {0, 0, -1, 0, 0, 0, 1, 0})));
  m.output(convolved(m, padded(m, m.input("z", "float32[1, 1, 3, 4]"), {0, 1, 1, 0, 0, 0, 0, 0})));
}

void padding_by_size(GraphMaker& m) {
  const ValueId x = padded(m, image(m), {0, 0, 1, 1, 0, 0, 1, 1});
  Attributes attributes = window({2, 2});
  attributes.erase("pads");
  attributes.set("auto_pad", std::string("SAME_UPPER"));
  m.output(m.add("AveragePool", {x}, attributes));
}

void padding_that_is_read(GraphMaker& m) {
  const ValueId x = padded(m, image(m), {0, 0, 1, 1, 0, 0, 1, 1});
  m.output(convolved(m, x));
  m.output(m.add("Neg", {x}));
  const ValueId y = padded(m, m.input("y", "float32[1, 2, 3, 4]"), {0, 0, 1, 1, 0, 0, 1, 1});
  m.output(convolved(m, y));
  m.output(y);
}

// Zeros are larger than negative elements, and no part of an average that leaves padding out.
void padding_that_counts(GraphMaker& m) {
  const ValueId x = padded(m, image(m), {0, 0, 1, 1, 0, 0, 1, 1});
  m.output(m.add("MaxPool", {x}, window({2, 2})));
  const ValueId y = padded(m, m.input("y", "float32[1, 2, 3, 4]"), {0, 0, 1, 1, 0, 0, 1, 1});
  m.output(m.add("AveragePool", {y}, window({3, 3}, {1, 1, 1, 1})));
  m.output(
      m.add("AveragePool", {padded(m, image(m), {0, 0, 1, 1, 0, 0, 1, 1}, 2)}, window({2, 2})));
}

void windows_of_padding(GraphMaker& m) {
  m.output(m.add("MaxPool", {infinite(m, image(m), {0, 0, 2, 0, 0, 0, 0, 0})}, window({2, 2})));
  Attributes up = window({2, 2});
  up.set("ceil_mode", int64_t{1});
  up.set("strides", std::vector<int64_t>{2, 2});
  m.output(m.add("MaxPool",
                 {infinite(m, m.input("y", "float32[1, 2, 3, 4]"), {0, 0, 0, 0, 0, 0, 0, 1})}, up));
  for (ValueId result : m.add_all(
           "MaxPool", {infinite(m, m.input("z", "float32[1, 2, 3, 4]"), {0, 0, 1, 0, 0, 0, 0, 0})},
           2, window({2, 2})))
    m.output(result);
}

void results_of_padding(GraphMaker& m) {
  const ValueId x = padded(m, image(m), {0, 0, 1, 0, 0, 0, 1, 0});
  m.output(m.add("ConvTranspose", {x, m.constant("w", ramp(f32, {2, 1, 3, 3}))},
                 attributes({{"pads", std::vector<int64_t>{1, 0, 0, 0}}})));
}

// Fold-scales.

ValueId by_channel(GraphMaker& m, const std::vector<float>& values) {
  const auto size = static_cast<int64_t>(values.size());
  return m.constant("c", reals({size, 1, 1}, values));
}

void normalized_image(GraphMaker& m) {
  ValueId x = m.add("Div", {image(m), m.constant("c", reals({}, {4}))});
  x = m.add("Sub", {x, by_channel(m, {0.5, 0.25})});
  m.output(convolved(m, m.add("Mul", {by_channel(m, {2, 3}), x})));
}

void normalized_groups(GraphMaker& m) {
  const ValueId x =
      m.add("Sub", {by_channel(m, {1, 2, 3, 4}), m.input("x", "float32[1, 4, 2, 2]")});
  m.output(m.add("Conv",
                 {m.add("Mul", {x, by_channel(m, {2, -1, 0.5, 3})}),
                  m.constant("w", ramp(f32, {2, 2, 2, 1})), m.constant("b", reals({2}, {5, 6}))},
                 attributes({{"group", int64_t{2}}})));
}

// Zeros around the image stay zeros.
void scaled_image_with_pads(GraphMaker& m) {
  const ValueId x = m.add("Mul", {image(m), by_channel(m, {2, 3})});
  m.output(convolved(m, x, attributes({{"pads", std::vector<int64_t>{1, 1, 1, 1}}})));
  const ValueId y = m.add("Mul", {m.input("y", "float32[1, 2, 3, 4]"), by_channel(m, {2, 3})});
  m.output(m.add("ConvTranspose", {y, m.constant("w", ramp(f32, {2, 1, 3, 3}))}));
}

void scaled_result(GraphMaker& m) {
  ValueId x = m.add("Add", {convolved(m, image(m)), by_channel(m, {1, 2, 3})});
  x = m.add("Div", {x, by_channel(m, {2, 4, 8})});
  m.output(x);
  x = m.add("ConvTranspose",
            {m.input("y", "float32[1, 4, 3]"), m.constant("w", ramp(f32, {4, 3, 2}))},
            attributes({{"group", int64_t{2}}}));
  m.output(m.add("Mul", {x, m.constant("c", reals({6, 1}, {1, 2, 3, 4, 5, 6}))}));
}

void scaled_product(GraphMaker& m) {
  ValueId x = m.add("Sub", {m.input("x", "float32[N, 3]"), m.constant("c", reals({3}, {1, 2, 3}))});
  x = m.add("Mul", {x, m.constant("d", reals({3}, {2, 3, 4}))});
  x = m.add("MatMul", {x, m.constant("w", ramp(f32, {3, 2}))});
  m.output(m.add("Mul", {x, m.constant("e", reals({1, 2}, {0.5, 4}))}));
}

void shifted_image_with_pads(GraphMaker& m) {
  const ValueId x = m.add("Sub", {image(m), by_channel(m, {2, 3})});
  m.output(convolved(m, x, attributes({{"pads", std::vector<int64_t>{0, 0, 0, 1}}})));
  const ValueId y = m.add("Add", {m.input("y", "float32[1, 2, 3, 4]"), by_channel(m, {2, 3})});
  m.output(m.add("ConvTranspose", {y, m.constant("w", ramp(f32, {2, 1, 3, 3}))}));
}

void scales_that_vary(GraphMaker& m) {
  const ValueId x = m.add("Mul", {image(m), m.constant("c", reals({4}, {1, 2, 3, 4}))});
  m.output(convolved(m, x));
  const ValueId y =
      m.add("MatMul", {m.input("y", "float32[2, 3]"), m.constant("w", ramp(f32, {3, 2}))});
  m.output(m.add("Mul", {y, m.constant("d", reals({2, 1}, {2, 3}))}));
  const ValueId z =
      m.add("Div", {m.constant("one", reals({}, {1})), m.input("z", "float32[1, 2, 3, 4]")});
  m.output(convolved(m, z));
}

// A result that grows, one that is read twice, weights that are, and a division by zero.
void scales_that_stay(GraphMaker& m) {
  const ValueId w = m.constant("w", ramp(f32, {3, 2}));
  const ValueId scale = m.constant("c", reals({2}, {2, 3}));
  m.output(m.add("Mul", {m.add("MatMul", {m.input("x", "float32[1, 3]"), w}),
                         m.constant("d", reals({4, 1}, {1, 2, 3, 4}))}));
  m.output(m.add("Mul", {m.add("MatMul", {m.input("y", "float32[1, 3]"), w}), scale}));
  const ValueId v = m.constant("v", ramp(f32, {3, 2}));
  const ValueId z = m.add("MatMul", {m.input("z", "float32[1, 3]"), v});
  m.output(z);
  m.output(m.add("Mul", {z, scale}));
  m.output(m.add("Div", {convolved(m, image(m)), by_channel(m, {1, 0, 2})}));
}

// Fold-channel-order.

ValueId swapped(GraphMaker& m, ValueId x, int64_t axis, const std::vector<int64_t>& order) {
  return m.add("Gather", {x, m.constant("order", ints(order))}, attributes({{"axis", axis}}));
}

ValueId read_by_convolution(GraphMaker& m, ValueId x) {
  return m.add("Conv", {x, m.constant("w", ramp(f32, {2, 3, 1, 2}))});
}

void other_channel_order(GraphMaker& m) {
  m.output(read_by_convolution(m, swapped(m, m.input("x", "float32[N, 3, 2, 2]"), 1, {1, 2, 0})));
  const ValueId last = swapped(m, m.input("y", "float32[1, 2, 2, 3]"), -1, {2, 1, 0});
  m.output(read_by_convolution(
      m, m.add("Transpose", {last}, attributes({{"perm", std::vector<int64_t>{0, 3, 1, 2}}}))));
}

void channels_backwards(GraphMaker& m) {
  const auto one = [&](const char* name, int64_t value) { return m.constant(name, ints({value})); };
  const ValueId x =
      m.add("Slice", {m.input("x", "float32[1, 3, 2, 2]"), one("s", -1),
                      one("e", std::numeric_limits<int64_t>::min()), one("a", 1), one("step", -1)});
  m.output(read_by_convolution(m, x));
}

void channels_joined_anew(GraphMaker& m) {
  Attributes axis = attributes({{"axis", int64_t{1}}});
  const auto parts = m.add_all(
      "Split", {m.input("x", "float32[1, 3, 2, 2]"), m.constant("sizes", ints({1, 2}))}, 2, axis);
  m.output(read_by_convolution(m, m.add("Concat", {parts[1], parts[0]}, axis)));
  const ValueId y = m.input("y", "float32[1, 3, 2, 2]");
  std::vector<ValueId> slices;
  for (int64_t i : {2, 0, 1})
    slices.push_back(m.add("Slice", {y, m.constant("s", ints({i})), m.constant("e", ints({i + 1})),
                                     m.constant("a", ints({1}))}));
  m.output(read_by_convolution(m, m.add("Concat", slices, axis)));
}

// One channel twice, another dimension, a reader besides, parts of two images, and groups.
void channels_that_stay(GraphMaker& m) {
  Attributes axis = attributes({{"axis", int64_t{1}}});
  const ValueId x = m.input("x", "float32[1, 3, 3, 3]");
  m.output(read_by_convolution(m, swapped(m, x, 1, {1, 1, 0})));
  m.output(read_by_convolution(m, swapped(m, x, 2, {2, 1, 0})));
  const ValueId wanted = swapped(m, x, 1, {2, 1, 0});
  m.output(read_by_convolution(m, wanted));
  m.output(wanted);
  const ValueId y = m.input("y", "float32[1, 3, 3, 3]");
  m.output(read_by_convolution(
      m, m.add("Concat", {swapped(m, x, 1, {2, 1}), swapped(m, y, 1, {0})}, axis)));
  m.output(m.add("Conv",
                 {swapped(m, m.input("z", "float32[1, 3, 3, 3]"), 1, {2, 1, 0}),
                  m.constant("w", ramp(f32, {3, 1, 1, 1}))},
                 attributes({{"group", int64_t{3}}})));
}

}  // namespace

std::span<const PassCase> firing_folds() {
  static constexpr PassCase cases[] = {
      {"fold-pads", "convolution", padded_convolution},
      {"fold-pads", "named-axes", margins_of_named_axes},
      {"fold-pads", "transposed", padded_transposed_convolution},
      {"fold-pads", "pools", padded_pools},
      {"fold-pads", "average-with-padding", average_with_its_own_padding},
      {"fold-scales", "image", normalized_image},
      {"fold-scales", "groups", normalized_groups},
      {"fold-scales", "image-with-pads", scaled_image_with_pads},
      {"fold-scales", "result", scaled_result},
      {"fold-scales", "product", scaled_product},
      {"fold-channel-order", "gather", other_channel_order},
      {"fold-channel-order", "slice", channels_backwards},
      {"fold-channel-order", "concat", channels_joined_anew},
  };
  return cases;
}

std::span<const PassCase> quiet_folds() {
  static constexpr PassCase cases[] = {
      {"fold-pads", "other-padding", other_padding},
      {"fold-pads", "padding-by-size", padding_by_size},
      {"fold-pads", "padding-that-is-read", padding_that_is_read},
      {"fold-pads", "padding-that-counts", padding_that_counts},
      {"fold-pads", "windows-of-padding", windows_of_padding},
      {"fold-pads", "results-of-padding", results_of_padding},
      {"fold-scales", "shifted-image-with-pads", shifted_image_with_pads},
      {"fold-scales", "scales-that-vary", scales_that_vary},
      {"fold-scales", "scales-that-stay", scales_that_stay},
      {"fold-channel-order", "channels-that-stay", channels_that_stay},
  };
  return cases;
}

}  // namespace cermet::testing
