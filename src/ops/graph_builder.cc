#include "ops/graph_builder.h"

#include "base/error.h"
#include "ops/infer_control.h"

namespace cermet {
namespace {

std::optional<InferContext::Input> input_of(const Graph& graph, ValueId id) {
  if (id == no_value) return std::nullopt;
  const GraphValue& value = graph.value(id);
  InferContext::Input input{value.type, std::nullopt, value.contents};
  if (value.constant) input.constant = value.constant->tensor.view();
  return input;
}

// Pointwise: all operands broadcast together, one output a result of the expression.
std::vector<InferContext::Output> infer_pointwise(const Graph& graph, const Node& node) {
  std::optional<Dims> dims = Dims{};
  for (ValueId input : node.inputs) {
    const ValueType& type = graph.type(input);
    if (!type.has_rank() || !dims)
      dims.reset();
    else
      dims = broadcast_dims(*dims, *type.dims);
  }
  std::vector<InferContext::Output> outputs(node.expression.results().size());
  for (size_t i = 0; i < outputs.size(); ++i)
    outputs[i].type = ValueType::tensor(node.expression.result_type(i), dims);
  return outputs;
}

// Dims: a small integer tensor of sizes, given as expressions.
std::vector<InferContext::Output> infer_dims(const Node& node) {
  Dims contents;
  for (const std::string& text : node.attributes.texts("dims"))
    contents.push_back(Dim::parse(text));
  Dims dims;
  if (node.attributes.integer("rank") == 1)
    dims.emplace_back(static_cast<int64_t>(contents.size()));
  const auto element = static_cast<ElementType>(node.attributes.integer("to"));
  return {{ValueType::tensor(element, std::move(dims)), std::move(contents)}};
}

std::vector<InferContext::Output> infer_operator(const Graph& graph, const Node& node) {
  const Operator* op = find_operator(node.domain, node.op);
  if (op == nullptr && !node.infer)
    fail(ErrorCode::unsupported, "operator {}{} is not one that Cermet has",
         node.domain.empty() ? "" : node.domain + ".", node.op);
  const size_t count = node.epilogue ? node.epilogue->first_input : node.inputs.size();
  std::vector<std::optional<InferContext::Input>> inputs;
  for (size_t i = 0; i < count; ++i) inputs.push_back(input_of(graph, node.inputs[i]));
  auto& symbols = const_cast<Graph&>(graph);  // draws from the model's shared counter only
  InferContext context(node.op, node.attributes, std::move(inputs), node.outputs.size(),
                       [&](std::string_view hint) { return symbols.new_symbol(hint); });
  if (op != nullptr)
    op->infer(context);
  else
    node.infer(context);
  return context.outputs();
}

}  // namespace

std::vector<InferContext::Output> infer_node(const Graph& graph, const Node& node) {
  if (node.is("Pointwise", "cermet")) return infer_pointwise(graph, node);
  if (node.is("Dims", "cermet")) return infer_dims(node);
  if (!node.subgraphs.empty()) return infer_control(graph, node);
  auto outputs = infer_operator(graph, node);
  if (node.epilogue) {
    outputs[0].type.element = node.epilogue->expression.result_type();
    outputs[0].contents.reset();
  }
  return outputs;
}

ValueId GraphBuilder::add(std::string_view op, std::vector<ValueId> inputs, Attributes attributes,
                          std::string_view domain) {
  return add_all(op, std::move(inputs), 1, std::move(attributes), domain)[0];
}

std::vector<ValueId> GraphBuilder::add_all(std::string_view op, std::vector<ValueId> inputs,
                                           size_t outputs, Attributes attributes,
                                           std::string_view domain) {
  Node node;
  node.domain = domain;
  node.op = op;
  node.name = origin_.nodes.empty() ? std::string(op) : origin_.nodes.front();
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  return add_node(std::move(node), outputs);
}

std::vector<ValueId> GraphBuilder::add_node(Node node, size_t outputs) {
  node.origin.merge(origin_);
  node.outputs.assign(outputs, no_value);
  const auto inferred = infer_node(*graph_, node);
  for (size_t i = 0; i < outputs; ++i) {
    GraphValue value;
    value.name = i == 0 ? node.name : fmt::format("{}:{}", node.name, i);
    value.type = inferred.at(i).type;
    value.contents = inferred[i].contents;
    node.outputs[i] = graph_->add_value(std::move(value));
  }
  std::vector<ValueId> results = node.outputs;
  graph_->add_node(std::move(node));
  return results;
}

const ValueType& GraphBuilder::type(ValueId value) const {
  require(value != no_value, ErrorCode::invalid_model, "an input that is needed is missing");
  return graph_->type(value);
}

ValueId GraphBuilder::constant(Tensor tensor) {
  const std::string stem = origin_.nodes.empty() ? "constant" : origin_.nodes.front() + ".constant";
  return graph_->add_constant(stem, std::move(tensor));
}

ValueId GraphBuilder::integers(const std::vector<int64_t>& values) {
  return constant(Tensor::from(ElementType::int64, {static_cast<int64_t>(values.size())}, values));
}

ValueId GraphBuilder::integer(int64_t value) {
  return constant(Tensor::from(ElementType::int64, {}, std::vector<int64_t>{value}));
}

ValueId GraphBuilder::scalar(ElementType type, double value) {
  Tensor tensor(type, {});
  store_element<double>(tensor.view(), 0, value);
  return constant(std::move(tensor));
}

ValueId GraphBuilder::cast(ValueId value, ElementType type) {
  if (element(value) == type) return value;
  Attributes attributes;
  attributes.set("to", static_cast<int64_t>(type));
  return add("Cast", {value}, std::move(attributes));
}

const Tensor* GraphBuilder::known_constant(ValueId value) const {
  if (value == no_value || !graph_->value(value).constant) return nullptr;
  return &graph_->value(value).constant->tensor;
}

std::optional<std::vector<int64_t>> GraphBuilder::known_integers(ValueId value) const {
  if (value == no_value) return std::nullopt;
  if (const Tensor* tensor = known_constant(value))
    return load_integers(tensor->view(), graph_->value(value).name);
  const auto& contents = graph_->value(value).contents;
  if (contents && all_constant(*contents)) return constants(*contents);
  return std::nullopt;
}

}  // namespace cermet
