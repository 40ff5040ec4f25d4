#include "import/onnx/control_nodes.h"

#include "base/error.h"

namespace cermet::onnx {

std::vector<ValueId> add_control(GraphBuilder& builder, std::string_view op,
                                 std::vector<ValueId> inputs, std::vector<Graph> bodies,
                                 Attributes attributes, size_t outputs) {
  Node node;
  node.op = op;
  node.name = builder.origin().nodes.front();
  node.inputs = std::move(inputs);
  node.subgraphs = std::move(bodies);
  node.attributes = std::move(attributes);
  return builder.add_node(std::move(node), outputs);
}

Attributes with_captured(Attributes attributes, size_t captured) {
  attributes.set("captured", static_cast<int64_t>(captured));
  return attributes;
}

void require_results(const Graph& body, size_t expected, std::string_view op) {
  require(body.outputs().size() == expected, ErrorCode::invalid_model,
          "the body of {} gives {} values, expected {}", op, body.outputs().size(), expected);
}

}  // namespace cermet::onnx
