// Results of If, Loop and Scan that nobody reads go away with what makes them, and so do carried
// values that only make themselves. A carried value that no iteration changes is a captured one.
#include <algorithm>

#include "ops/infer_control.h"
#include "passes/match.h"
#include "passes/passes.h"
#include "passes/symbols.h"

namespace cermet {
namespace {

using Positions = std::vector<size_t>;

// The values that the results depend on.
std::vector<bool> needed_for(const Graph& body, const std::vector<ValueId>& results) {
  std::vector<bool> needed(body.value_count(), false);
  for (ValueId id : results) needed[id] = true;
  const std::vector<NodeId> order = body.order();
  for (size_t i = order.size(); i-- > 0;) {
    const Node& node = body.node(order[i]);
    const auto wanted = [&](ValueId id) { return id != no_value && needed[id]; };
    if (std::ranges::none_of(node.outputs, wanted)) continue;
    for (ValueId input : node.inputs)
      if (input != no_value) needed[input] = true;
  }
  return needed;
}

// The body with the inputs and results at these positions alone.
Graph reduced(const Graph& body, const Positions& inputs, const Positions& outputs) {
  Graph result;
  result.name = body.name;
  result.share_symbols(body);
  std::vector<ValueId> moved(body.value_count(), no_value);
  const auto move = [&](ValueId id) {
    if (id == no_value || moved[id] != no_value) return id == no_value ? no_value : moved[id];
    GraphValue value = body.value(id);
    value.producer = no_node;
    return moved[id] = result.add_value(std::move(value));
  };
  for (size_t i : inputs) {
    const GraphValue& value = body.value(body.inputs()[i]);
    moved[body.inputs()[i]] = result.add_input(value.name, value.type);
    result.value(result.inputs().back()).contents = value.contents;
  }
  std::vector<ValueId> results;
  for (size_t i : outputs) results.push_back(body.outputs()[i]);
  const std::vector<bool> needed = needed_for(body, results);
  for (NodeId id : body.order()) {
    Node node = body.node(id);
    const auto wanted = [&](ValueId output) { return output != no_value && needed[output]; };
    if (std::ranges::none_of(node.outputs, wanted)) continue;
    for (ValueId& input : node.inputs) input = move(input);
    for (ValueId& output : node.outputs) output = move(output);
    result.add_node(std::move(node));
  }
  for (size_t i : outputs) result.add_output(move(body.outputs()[i]), body.output_names()[i]);
  return result;
}

std::vector<bool> read_outputs(const Node& node, const Uses& uses) {
  std::vector<bool> read;
  for (ValueId id : node.outputs) read.push_back(id != no_value && uses.count(id) > 0);
  return read;
}

// The node as `made`, which has its outputs at `kept` alone.
Patch replaced_by(const Graph& graph, NodeId id, Node made, const Positions& kept) {
  Patch patch(graph);
  patch.consume(id);
  const std::vector<ValueId> results = patch.add_all(std::move(made), kept.size());
  for (size_t i = 0; i < kept.size(); ++i)
    if (graph.node(id).outputs[kept[i]] != no_value)
      patch.replace(graph.node(id).outputs[kept[i]], results[i]);
  return patch;
}

std::optional<Patch> reduce_if(const Graph& graph, NodeId id, const Uses& uses) {
  const Node& node = graph.node(id);
  const std::vector<bool> read = read_outputs(node, uses);
  Positions outputs, inputs;
  for (size_t i = 0; i < read.size(); ++i)
    if (read[i]) outputs.push_back(i);
  std::vector<bool> wanted(node.inputs.size() - 1, false);
  for (const Graph& body : node.subgraphs) {
    std::vector<ValueId> results;
    for (size_t i : outputs) results.push_back(body.outputs()[i]);
    const std::vector<bool> needed = needed_for(body, results);
    for (size_t i = 0; i < wanted.size(); ++i)
      if (needed[body.inputs()[i]]) wanted[i] = true;
  }
  for (size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i]) inputs.push_back(i);
  if (outputs.empty() || (outputs.size() == read.size() && inputs.size() == wanted.size()))
    return std::nullopt;
  Node made = Patch::copy_of(node);
  made.inputs.resize(1);
  for (size_t i : inputs) made.inputs.push_back(node.inputs[i + 1]);
  for (Graph& body : made.subgraphs) body = reduced(body, inputs, outputs);
  return replaced_by(graph, id, std::move(made), outputs);
}

// What of a Loop or Scan stays. Inputs and results count as the body's do.
class LoopReduction {
 public:
  LoopReduction(const Graph& graph, NodeId id, const Uses& uses)
      : graph_(graph),
        id_(id),
        node_(graph.node(id)),
        body_(node_.subgraphs[0]),
        shape_(LoopShape::of(node_)),
        first_(node_.op == "Loop" ? 2 : 0),
        first_result_(node_.op == "Loop" ? 1 : 0),
        read_(read_outputs(node_, uses)) {}

  std::optional<Patch> run() {
    if (std::ranges::none_of(read_, [](bool read) { return read; })) return std::nullopt;
    find_live_states();
    choose();
    if (kept_.size() == read_.size() && inputs_.size() == node_.inputs.size()) return std::nullopt;
    Positions results;
    if (first_result_ == 1) results.push_back(0);
    for (size_t i : kept_) results.push_back(first_result_ + i);
    Node made = Patch::copy_of(node_);
    made.subgraphs[0] = reduced(body_, inputs_, results);
    made.inputs.clear();
    for (size_t i : inputs_) made.inputs.push_back(node_.inputs[i]);
    set_attributes(made.attributes);
    Patch patch = replaced_by(graph_, id_, std::move(made), kept_);
    for (size_t i : unchanged_)
      if (read_[i]) patch.replace(node_.outputs[i], node_.inputs[first_ + i]);
    return patch;
  }

 private:
  ValueId state(size_t i) const { return body_.inputs()[first_ + i]; }

  // Read after the loop, or needed for what is.
  void find_live_states() {
    live_.assign(read_.begin(), read_.begin() + static_cast<int64_t>(shape_.states));
    for (bool grew = true; grew;) {
      grew = false;
      std::vector<ValueId> results;
      if (first_result_ == 1) results.push_back(body_.outputs()[0]);
      for (size_t i = 0; i < read_.size(); ++i)
        if (i < shape_.states ? live_[i] : read_[i])
          results.push_back(body_.outputs()[first_result_ + i]);
      needed_ = needed_for(body_, results);
      for (size_t i = 0; i < shape_.states; ++i) {
        if (live_[i] || !needed_[state(i)]) continue;
        live_[i] = grew = true;
      }
    }
  }

  bool never_changes(size_t i) const {
    if (body_.outputs()[first_result_ + i] != state(i)) return false;
    const ValueId output = node_.outputs[i];
    return output == no_value ||
           may_replace(graph_.type(output), graph_.type(node_.inputs[first_ + i]));
  }

  void choose() {
    for (size_t i = 0; i < first_; ++i) inputs_.push_back(i);
    for (size_t i = 0; i < shape_.states; ++i) {
      if (!live_[i]) continue;
      if (never_changes(i)) {
        unchanged_.push_back(i);
        continue;
      }
      kept_.push_back(i);
      inputs_.push_back(first_ + i);
    }
    const size_t scanned = first_ + shape_.states;
    for (size_t i = 0; i < shape_.scan_inputs; ++i) {
      // One has to stay, to tell the number of iterations.
      if (!needed_[body_.inputs()[scanned + i]] && (i > 0 && same_length(i))) continue;
      scanned_.push_back(i);
      inputs_.push_back(scanned + i);
    }
    const size_t others = inputs_.size();
    for (size_t i = scanned + shape_.scan_inputs; i < node_.inputs.size(); ++i)
      if (needed_[body_.inputs()[i]]) inputs_.push_back(i);
    for (size_t i : unchanged_)
      if (needed_[state(i)]) inputs_.push_back(first_ + i);
    captured_ = inputs_.size() - others;
    for (size_t i = shape_.states; i < read_.size(); ++i)
      if (read_[i]) kept_.push_back(i);
  }

  // As the first scanned input: one of another length is an error, which has to stay one.
  bool same_length(size_t i) const {
    const auto length = [&](size_t input) -> std::optional<Dim> {
      const ValueType& type = graph_.type(node_.inputs[shape_.states + input]);
      if (!type.has_rank()) return std::nullopt;
      const int64_t axis =
          node_.attributes.integers("scan_input_axes", Axes(shape_.scan_inputs, 0)).at(input);
      return type.dims->at(axis < 0 ? axis + type.rank() : axis);
    };
    const auto first = length(0), other = length(i);
    return first && other && *first == *other;
  }

  void set_attributes(Attributes& attributes) const {
    attributes.set("captured", static_cast<int64_t>(captured_));
    if (node_.op == "Loop") return;
    attributes.set("num_scan_inputs", static_cast<int64_t>(scanned_.size()));
    Positions stacked;
    for (size_t i : kept_)
      if (i >= shape_.states) stacked.push_back(i - shape_.states);
    for (const char* name : {"scan_input_axes", "scan_input_directions"})
      keep_entries(attributes, name, scanned_);
    for (const char* name : {"scan_output_axes", "scan_output_directions"})
      keep_entries(attributes, name, stacked);
  }

  using Axes = std::vector<int64_t>;

  static void keep_entries(Attributes& attributes, std::string_view name, const Positions& kept) {
    if (!attributes.has(name)) return;
    const Axes all = attributes.integers(name);
    Axes some;
    for (size_t i : kept) some.push_back(all.at(i));
    attributes.set(name, std::move(some));
  }

  const Graph& graph_;
  NodeId id_;
  const Node& node_;
  const Graph& body_;
  LoopShape shape_;
  size_t first_;                // carried value, after the iteration and condition of a Loop
  size_t first_result_;         // after a Loop's condition
  std::vector<bool> read_;      // by output
  std::vector<bool> live_;      // by state
  std::vector<bool> needed_;    // by value of the body
  Positions kept_, unchanged_;  // outputs; states that become captured
  Positions inputs_, scanned_;  // all that stay; scanned ones among them, from the first
  size_t captured_ = 0;
};

}  // namespace

std::vector<Patch> drop_dead_outputs(const Graph& graph) {
  const Uses uses(graph);
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    std::optional<Patch> patch;
    if (node.is("If")) patch = reduce_if(graph, id, uses);
    if (node.is("Loop") || node.is("Scan")) patch = LoopReduction(graph, id, uses).run();
    if (patch) patches.push_back(std::move(*patch));
  }
  return patches;
}

}  // namespace cermet
