#include "lower/lower.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/error.h"

namespace cermet {
namespace {

// Operators that only give their first input another shape.
bool keeps_bytes(const Node& node) {
  static constexpr std::array<std::string_view, 5> names{"Reshape", "Flatten", "Squeeze",
                                                         "Unsqueeze", "Identity"};
  return node.domain.empty() && !node.epilogue &&
         std::find(names.begin(), names.end(), node.op) != names.end();
}

class Lowering {
 public:
  Plan run(const Graph& graph) {
    Buffers buffers(graph.value_count(), no_buffer);
    for (ValueId id : graph.inputs()) {
      buffers[id] = add_buffer(graph.value(id), Storage::input);
      plan_.root.inputs.push_back(buffers[id]);
      plan_.input_names.push_back(graph.value(id).name);
    }
    lower_nodes(graph, buffers, plan_.root);
    lower_outputs(graph, buffers);
    verify(plan_);
    return std::move(plan_);
  }

 private:
  using Buffers = std::vector<BufferId>;

  BufferId add_buffer(const GraphValue& value, Storage storage) {
    Buffer buffer;
    buffer.name = value.name;
    buffer.type = value.type;
    buffer.storage = storage;
    plan_.buffers.push_back(std::move(buffer));
    return static_cast<BufferId>(plan_.buffers.size() - 1);
  }

  // Constants shared by several graphs become one.
  BufferId constant_buffer(const GraphValue& value) {
    const auto [entry, fresh] = constants_.emplace(value.constant->tensor.data(), no_buffer);
    if (!fresh && plan_.buffers[entry->second].type == value.type) return entry->second;
    const BufferId id = add_buffer(value, Storage::constant);
    plan_.buffers[id].constant = static_cast<int32_t>(plan_.constants.size());
    plan_.constants.push_back({value.constant->tensor, value.constant->recipe.initializers,
                               value.constant->recipe.operations});
    entry->second = id;
    return id;
  }

  BufferId buffer_of(const Graph& graph, ValueId id, Buffers& buffers) {
    if (id == no_value) return no_buffer;
    if (buffers[id] == no_buffer && graph.value(id).constant)
      buffers[id] = constant_buffer(graph.value(id));
    return buffers[id];
  }

  std::optional<Operand> operand(BufferId id) const {
    if (id == no_buffer) return std::nullopt;
    const Buffer& buffer = plan_.buffers[id];
    return Operand{buffer.type, buffer.layout, buffer.storage == Storage::constant};
  }

  void lower_nodes(const Graph& graph, Buffers& buffers, Region& region) {
    for (NodeId id : graph.order()) {
      const Node& node = graph.node(id);
      Step step = start_step(graph, node, buffers);
      if (!node.subgraphs.empty()) lower_bodies(node, step);
      for (ValueId output : node.outputs) {
        if (output != no_value)
          buffers[output] = add_buffer(graph.value(output), Storage::activation);
        step.outputs.push_back(output == no_value ? no_buffer : buffers[output]);
        step.problem.outputs.push_back(operand(step.outputs.back()));
      }
      if (keeps_bytes(node)) try_view(graph, node, step);
      region.steps.push_back(std::move(step));
    }
  }

  Step start_step(const Graph& graph, const Node& node, Buffers& buffers) {
    Step step;
    step.name = node.name;
    step.origin = node.origin.nodes;
    step.problem.kind = problem_kind(node.domain, node.op);
    step.problem.domain = node.domain;
    step.problem.op = node.op;
    step.problem.attributes = node.attributes;
    step.problem.expression = node.epilogue ? node.epilogue->expression : node.expression;
    step.problem.epilogue_first = node.epilogue ? node.epilogue->first_input : 0;
    if (step.problem.kind == ProblemKind::dims)
      for (const std::string& text : node.attributes.texts("dims"))
        step.problem.dims.push_back(Dim::parse(text));
    for (ValueId input : node.inputs) {
      step.inputs.push_back(buffer_of(graph, input, buffers));
      step.problem.inputs.push_back(operand(step.inputs.back()));
    }
    return step;
  }

  // Bodies see captured values under the outer buffers; what changes from one iteration to the next
  // has buffers of its own.
  void lower_bodies(const Node& node, Step& step) {
    const bool is_if = node.op == "If";
    const size_t captured = node.attributes.integer("captured", 0);
    const size_t given = is_if ? 1 : 0;
    for (const Graph& body : node.subgraphs) {
      Region region;
      Buffers buffers(body.value_count(), no_buffer);
      const size_t own = is_if ? 0 : body.inputs().size() - captured;
      for (size_t i = 0; i < body.inputs().size(); ++i) {
        const ValueId id = body.inputs()[i];
        buffers[id] =
            i < own ? add_buffer(body.value(id), Storage::activation) : step.inputs[given + i];
        region.inputs.push_back(buffers[id]);
      }
      lower_nodes(body, buffers, region);
      for (ValueId id : body.outputs()) region.outputs.push_back(buffer_of(body, id, buffers));
      step.regions.push_back(std::move(region));
    }
  }

  // A view needs a shape that is known without looking at its second input.
  void try_view(const Graph& graph, const Node& node, Step& step) {
    const ValueType& from = graph.type(node.inputs[0]);
    const ValueType& to = graph.type(node.outputs[0]);
    if (!from.has_rank() || !to.has_rank() || bit_width(to.element) == 0) return;
    std::set<std::string> known, needed;
    for (const Dim& dim : *from.dims) dim.collect_data_symbols(known);
    for (const Dim& dim : *to.dims) dim.collect_data_symbols(needed);
    if (!std::includes(known.begin(), known.end(), needed.begin(), needed.end())) return;
    step.problem.kind = ProblemKind::view;
    step.inputs.resize(1);
    step.problem.inputs.resize(1);
    plan_.buffers[step.outputs[0]].alias = step.inputs[0];
  }

  // Outputs have memory of their own, which a view, an input or a constant has not: then the value
  // is copied.
  void lower_outputs(const Graph& graph, Buffers& buffers) {
    std::set<BufferId> taken;
    for (size_t i = 0; i < graph.outputs().size(); ++i) {
      const ValueId id = graph.outputs()[i];
      BufferId buffer = buffer_of(graph, id, buffers);
      if (plan_.buffers[buffer].storage != Storage::activation ||
          plan_.buffers[buffer].alias != no_buffer || !taken.insert(buffer).second)
        buffer = copy_of(graph.value(id), buffer);
      plan_.buffers[buffer].storage = Storage::output;
      taken.insert(buffer);
      plan_.root.outputs.push_back(buffer);
      plan_.output_names.push_back(graph.output_names()[i]);
    }
  }

  BufferId copy_of(const GraphValue& value, BufferId from) {
    const BufferId to = add_buffer(value, Storage::activation);
    Step step;
    step.name = value.name;
    step.problem.kind = ProblemKind::movement;
    step.problem.op = "Identity";
    step.inputs = {from};
    step.outputs = {to};
    step.problem.inputs = {operand(from)};
    step.problem.outputs = {operand(to)};
    plan_.root.steps.push_back(std::move(step));
    return to;
  }

  Plan plan_;
  std::map<const void*, BufferId> constants_;
};

}  // namespace

Plan lower(const Graph& graph) { return Lowering().run(graph); }

}  // namespace cermet
