#include "tests/support/graph_maker.h"

#include "base/error.h"

namespace cermet::testing {

ValueType type_of(std::string_view text) {
  const size_t bracket = text.find('[');
  const auto element = element_type_from_name(text.substr(0, bracket));
  require(element.has_value() && bracket != text.npos && text.back() == ']', ErrorCode::internal,
          "a type in a test reads '{}'", text);
  std::string_view rest = text.substr(bracket + 1, text.size() - bracket - 2);
  if (rest == "?") return ValueType::tensor(*element, std::nullopt);
  Dims dims;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    dims.push_back(Dim::parse(rest.substr(0, comma)));
    rest = comma == rest.npos ? "" : rest.substr(comma + 1);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
  }
  return ValueType::tensor(*element, std::move(dims));
}

Tensor reals(Shape shape, const std::vector<float>& values) {
  return Tensor::from(ElementType::float32, std::move(shape), values);
}

Tensor ints(Shape shape, const std::vector<int64_t>& values) {
  return Tensor::from(ElementType::int64, std::move(shape), values);
}

Tensor ints(const std::vector<int64_t>& values) {
  return ints({static_cast<int64_t>(values.size())}, values);
}

Tensor ramp(ElementType type, Shape shape) {
  Tensor tensor(type, std::move(shape));
  for (int64_t i = 0, n = tensor.elements(); i < n; ++i)
    store_element<double>(tensor.view(), i, static_cast<double>(i % 9) * 0.25 - 1);
  return tensor;
}

std::vector<ValueId> GraphMaker::add_control(std::string_view op, std::vector<ValueId> inputs,
                                             std::vector<Graph> bodies, size_t outputs,
                                             Attributes attributes) {
  const Origin origin = next_origin(op);
  Node node;
  node.op = op;
  node.name = origin.nodes[0];
  node.inputs = std::move(inputs);
  node.subgraphs = std::move(bodies);
  node.attributes = std::move(attributes);
  return GraphBuilder(graph_, origin).add_node(std::move(node), outputs);
}

}  // namespace cermet::testing
