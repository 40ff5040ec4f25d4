#include "passes/scale_weights.h"

namespace cermet {
namespace {

// Multiplies the weights of output channel c by scale[c]. A transposed convolution has its output
// channels in dimension 1, a group at a time.
Tensor scaled_weights(const Tensor& weights, const std::vector<double>& scale, bool transposed,
                      int64_t group) {
  if (!transposed) return scaled_along(weights, 0, scale);
  std::vector<double> values = load_all<double>(weights.view());
  const Shape& shape = weights.shape();
  const int64_t inner = element_count(Shape(shape.begin() + 2, shape.end()));
  const int64_t rows_a_group = shape[0] / group;
  for (int64_t i = 0; i < static_cast<int64_t>(values.size()); ++i) {
    const int64_t row = i / (inner * shape[1]);
    const int64_t column = i / inner % shape[1];
    values[i] *= scale[row / rows_a_group * shape[1] + column];
  }
  Tensor result(weights.type(), shape);
  store_all<double>(result.view(), values);
  return result;
}

}  // namespace

bool is_convolution(const Node& node) { return node.is("Conv") || node.is("ConvTranspose"); }

const char* why_not_into(const Graph& graph, const Node& convolution, ValueId joint,
                         const Uses& uses) {
  if (graph.is_output(joint)) return "the convolution's result is an output of the graph";
  if (uses.readers(joint).size() != 1) return "the convolution's result has several readers";
  if (convolution.epilogue) return "the convolution has an epilogue already";
  if (constant_of(graph, convolution.input(1)) == nullptr)
    return "the convolution's weights are not constant";
  if (convolution.input(2) != no_value && constant_of(graph, convolution.input(2)) == nullptr)
    return "the convolution's bias is not constant";
  return nullptr;
}

int64_t result_channels(const Graph& graph, const Node& convolution) {
  const Shape& shape = constant_of(graph, convolution.input(1))->shape();
  if (!convolution.is("ConvTranspose")) return shape[0];
  return shape[1] * convolution.attributes.integer("group", 1);
}

Node scaled_convolution(const Graph& graph, Patch& patch, const Node& convolution,
                        const ScaleShift& by, const std::vector<ValueId>& shifts_from,
                        const std::string& recipe) {
  const Tensor* weights = constant_of(graph, convolution.input(1));
  const Tensor* bias = constant_of(graph, convolution.input(2));
  std::vector<double> shifts = by.shift;
  if (bias != nullptr)
    for (size_t c = 0; c < shifts.size(); ++c)
      shifts[c] += load_element<double>(bias->view(), static_cast<int64_t>(c)) * by.scale[c];
  Tensor new_bias(weights->type(), {static_cast<int64_t>(shifts.size())});
  store_all<double>(new_bias.view(), shifts);

  Node scaled = Patch::copy_of(convolution);
  scaled.inputs.resize(3, no_value);
  scaled.inputs[1] =
      patch.constant(scaled_weights(*weights, by.scale, convolution.is("ConvTranspose"),
                                    convolution.attributes.integer("group", 1)),
                     derived_recipe(graph, {convolution.inputs[1]}, "scale by " + recipe));
  std::vector<ValueId> from{convolution.input(2)};
  from.insert(from.end(), shifts_from.begin(), shifts_from.end());
  scaled.inputs[2] =
      patch.constant(std::move(new_bias), derived_recipe(graph, from, "shift by " + recipe));
  return scaled;
}

Tensor scaled_along(const Tensor& tensor, size_t axis, const std::vector<double>& factors) {
  std::vector<double> values = load_all<double>(tensor.view());
  const Shape& shape = tensor.shape();
  const int64_t inner =
      element_count(Shape(shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, shape.end()));
  for (int64_t i = 0; i < static_cast<int64_t>(values.size()); ++i)
    values[i] *= factors[i / inner % shape[axis]];
  Tensor result(tensor.type(), shape);
  store_all<double>(result.view(), values);
  return result;
}

}  // namespace cermet
