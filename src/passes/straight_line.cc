#include "passes/straight_line.h"

namespace cermet {

StraightLine::StraightLine(const Graph& outer, NodeId id) : outer_(outer), id_(id) {
  graph_.share_symbols(outer);
  for (ValueId input : node().inputs) {
    operands_.push_back(no_value);
    if (input == no_value) continue;
    GraphValue value = outer.value(input);
    value.producer = no_node;
    operands_.back() = graph_.add_value(std::move(value));
  }
}

ValueId StraightLine::constant(Tensor tensor) {
  return graph_.add_constant("constant", std::move(tensor));
}

ValueId StraightLine::add(std::string_view op, std::vector<ValueId> inputs, Attributes attributes) {
  Node made;
  made.op = op;
  made.name = node().name;
  made.inputs = std::move(inputs);
  made.attributes = std::move(attributes);
  return GraphBuilder(graph_, {}).add_node(std::move(made), 1)[0];
}

std::vector<ValueId> StraightLine::add_body(const Graph& body,
                                            const std::vector<ValueId>& arguments,
                                            std::string_view suffix) {
  Copies copies(body);
  for (size_t i = 0; i < arguments.size(); ++i) place(copies, body.inputs()[i], arguments[i]);
  for (NodeId id : body.order()) copy(copies, id, suffix);
  std::vector<ValueId> results;
  for (ValueId id : body.outputs()) results.push_back(moved_to(copies, id));
  return results;
}

void StraightLine::place(Copies& copies, ValueId id, ValueId value) {
  if (value == no_value) return;
  copies.moved[id] = value;
  learn_symbols(copies.body.value(id), graph_.value(value), copies.symbols);
}

void StraightLine::copy(Copies& copies, NodeId id, std::string_view suffix) {
  Node made = Patch::copy_of(copies.body.node(id));
  made.name += suffix;
  for (ValueId& input : made.inputs) input = moved_to(copies, input);
  for (Graph& inner : made.subgraphs) substitute_in(inner, symbols_of_copy(inner, made, copies));
  const std::vector<ValueId>& outputs = copies.body.node(id).outputs;
  const auto results = GraphBuilder(graph_, {}).add_node(std::move(made), outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i] != no_value)
      place(copies, outputs[i], results[i]);
    else
      graph_.node(graph_.value(results[i]).producer).outputs[i] = no_value;
}

// Sizes that steps of the inner body find are others in each copy.
Substitution StraightLine::symbols_of_copy(const Graph& inner, const Node& made,
                                           const Copies& copies) {
  std::set<std::string> own, outer;
  collect_data_symbols(inner, own);
  for (ValueId input : made.inputs)
    if (input != no_value) collect_data_symbols(graph_.value(input), outer);
  Substitution result = copies.symbols;
  for (const std::string& symbol : own)
    if (!outer.contains(symbol) && !result.contains(symbol))
      result.emplace(symbol, graph_.new_symbol("copy"));
  return result;
}

ValueId StraightLine::moved_to(Copies& copies, ValueId id) {
  if (id == no_value) return no_value;
  const GraphValue& value = copies.body.value(id);
  if (value.constant && copies.moved[id] == no_value)
    copies.moved[id] =
        graph_.add_constant(value.name, value.constant->tensor, value.constant->recipe);
  return copies.moved[id];
}

std::vector<ValueId> StraightLine::add_to(Patch& patch) const {
  std::vector<ValueId> moved(graph_.value_count(), no_value);
  for (size_t i = 0; i < operands_.size(); ++i)
    if (operands_[i] != no_value) moved[operands_[i]] = node().inputs[i];
  for (size_t i = 0; i < moved.size(); ++i)
    if (const auto& constant = graph_.value(static_cast<ValueId>(i)).constant;
        constant && moved[i] == no_value)
      moved[i] = patch.constant(constant->tensor, constant->recipe);
  for (NodeId id : graph_.order()) {
    Node made = Patch::copy_of(graph_.node(id));
    for (ValueId& input : made.inputs)
      if (input != no_value) input = moved[input];
    const std::vector<ValueId> outputs = made.outputs;
    const std::vector<ValueId> results = patch.add_typed(std::move(made), graph_);
    for (size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i] != no_value) moved[outputs[i]] = results[i];
  }
  return moved;
}

std::optional<Patch> StraightLine::replace_node(const std::vector<ValueId>& results) const {
  Patch patch(outer_);
  patch.consume(id_);
  const std::vector<ValueId> moved = add_to(patch);
  for (size_t i = 0; i < results.size(); ++i) {
    const ValueId output = node().outputs[i];
    if (output == no_value) continue;
    if (!may_replace(outer_.type(output), type(results[i]))) return std::nullopt;
    patch.replace(output, moved[results[i]]);
  }
  return patch;
}

}  // namespace cermet
