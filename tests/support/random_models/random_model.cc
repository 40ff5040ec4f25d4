#include "tests/support/random_models/random_model.h"

#include <algorithm>

#include "base/error.h"

namespace cermet::testing {
namespace {

Dims random_dims(Random& random) {
  static const std::vector<int64_t> sizes{1, 1, 2, 2, 3, 4};
  Dims dims;
  for (int64_t rank = random.below(5); rank > 0; --rank) {
    if (random.chance(25))
      dims.push_back(Dim::symbol(random.chance(50) ? "N" : "M"));
    else
      dims.emplace_back(random.chance(3) ? 0 : random.one_of(sizes));
  }
  return dims;
}

Dims batch_dims(Random& random) {
  Dims dims{Dim::symbol("N")};
  for (int64_t rank = random.below(4); rank > 0; --rank) dims.emplace_back(random.between(1, 3));
  return dims;
}

void add_inputs(RandomScope& scope, RandomModel& model, Dims (*dims_of)(Random&)) {
  static const std::vector<ElementType> types{
      ElementType::float32, ElementType::float32, ElementType::float32, ElementType::float64,
      ElementType::float16, ElementType::int64,   ElementType::int32,   ElementType::boolean};
  Random& random = scope.random();
  for (int64_t i = random.between(1, 3); i >= 0; --i) {
    const ElementType type = i == 0 ? ElementType::float32 : random.one_of(types);
    const Dims dims = dims_of(random);
    scope.input(fmt::format("x{}", i), ValueType::tensor(type, dims), {5, 0});
    model.inputs.emplace_back(scope.random_tensor(type, evaluate(dims, scope.symbols())));
  }
}

// What nobody reads, and now and then another value.
std::vector<ValueId> outputs_of(RandomScope& scope) {
  constexpr size_t most = 4;
  std::vector<ValueId> outputs;
  const auto readers = scope.graph().consumers();
  for (size_t i = scope.values().size(); i-- > 0 && outputs.size() < most;) {
    const ValueId id = scope.values()[i];
    const bool unread = readers[id].empty() && scope.graph().producer(id) != nullptr;
    if (scope.random().chance(unread ? 90 : 5)) outputs.push_back(id);
  }
  if (outputs.empty()) outputs.push_back(scope.values().back());
  return outputs;
}

RandomModel random_model(Random& random, const SymbolValues& symbols, Dims (*dims_of)(Random&)) {
  RandomModel model;
  RandomScope scope(model.graph, random, symbols, 0);
  add_inputs(scope, model, dims_of);
  scope.grow(static_cast<int>(random.between(2, 14)));
  for (ValueId id : outputs_of(scope)) {
    model.graph.add_output(id);
    model.facts.push_back(scope.fact(id));
  }
  remove_dead_nodes(model.graph);
  return model;
}

}  // namespace

RandomModel random_model(uint64_t seed) {
  Random random(seed);
  const SymbolValues symbols{{"N", random.between(random.chance(10) ? 0 : 1, 3)},
                             {"M", random.between(1, 4)}};
  return random_model(random, symbols, random_dims);
}

RandomModel random_batch_model(uint64_t seed) {
  Random random(seed);
  return random_model(random, {{"N", random.between(2, 3)}, {"M", 1}}, batch_dims);
}

void optimise_fully(Graph& graph) {
  PassOptions options;
  options.verify = true;
  options.costs = &costs_by_steps();
  run_passes(graph, options);
}

namespace {

std::optional<std::string> results_differ(const RandomModel& model,
                                          const std::vector<Value>& expected,
                                          const std::vector<Value>& got, bool any_for_nan) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const ElementType type = expected[i].tensor.type();
    const double relative = 16 * spacing(type);
    const double absolute = 16 * (model.facts[i].error + spacing(type));
    if (auto text = difference(expected[i], got[i], relative, absolute, any_for_nan))
      return fmt::format("output {}: {}", i, *text);
  }
  return std::nullopt;
}

// Random numbers that come out have to be new ones in each run.
bool repeats_random_numbers(const Graph& graph, const std::vector<Value>& first,
                            const std::vector<Value>& second) {
  for (size_t i = 0; i < first.size(); ++i) {
    const Node* node = graph.producer(graph.outputs()[i]);
    if (node != nullptr && node->is("RandomUniform") && !difference(first[i], second[i], 0, 0))
      return true;
  }
  return false;
}

}  // namespace

Comparison compare(const RandomModel& model, const Optimise& optimise, Kernels kernels) {
  const RunAll run_twice = [&](const Graph& graph, const RandomModel&) {
    const auto engine = engine_of(graph, {}, kernels);
    return std::vector{run_engine(engine, model.inputs), run_engine(engine, model.inputs)};
  };
  // oneDNN makes 0 of NaN in a fused Relu.
  return compare(model, optimise, run_twice, kernels == Kernels::any);
}

Comparison compare(const RandomModel& model, const Optimise& optimise, const RunAll& run_all,
                   bool any_for_nan) {
  std::vector<Value> expected;
  try {
    expected = interpret(model.graph, model.inputs);
  } catch (const Error& error) {
    return {Outcome::not_runnable, error.message()};
  }
  try {
    Graph graph = model.graph;
    optimise(graph);
    const auto runs = run_all(graph, model);
    for (size_t run = 0; run < runs.size(); ++run)
      if (auto text = results_differ(model, expected, runs[run], any_for_nan))
        return {Outcome::differs, run == 0 ? *text : fmt::format("{}, in run {}", *text, run + 1)};
    if (repeats_random_numbers(model.graph, runs.at(0), runs.at(1)))
      return {Outcome::differs, "the random numbers are the same in each run"};
  } catch (const Error& error) {
    return {Outcome::differs, error.message()};
  }
  return {};
}

namespace {

// Copies a model node by node, with types inferred anew.
class Rebuild {
 public:
  Rebuild(const RandomModel& from, const std::vector<std::optional<Value>>& values)
      : from_(from), values_(values), moved_(from.graph.value_count(), no_value) {
    result_.facts = from.facts;
  }

  // Without the node (or no_node): what it gave comes in. Inputs that nobody reads go.
  RandomModel without(NodeId dropped) {
    const Graph& graph = from_.graph;
    for (size_t i = 0; i < graph.inputs().size(); ++i)
      add_input(graph.inputs()[i], graph.type(graph.inputs()[i]), from_.inputs[i]);
    for (NodeId id : graph.order()) {
      if (id == dropped)
        for (ValueId output : graph.node(id).outputs) replace_by_input(output);
      else
        copy(graph.node(id));
    }
    for (size_t i = 0; i < graph.outputs().size(); ++i)
      result_.graph.add_output(moved(graph.outputs()[i]), graph.output_names()[i]);
    return std::move(result_);
  }

 private:
  void add_input(ValueId id, const ValueType& type, const Value& value) {
    if (from_.graph.consumers()[id].empty() && !from_.graph.is_output(id)) return;
    moved_[id] = result_.graph.add_input(from_.graph.value(id).name, type);
    result_.inputs.push_back(value);
  }

  void replace_by_input(ValueId id) {
    if (id == no_value) return;
    const Tensor& tensor = values_[id].value().tensor;
    add_input(id, ValueType::tensor(tensor.type(), to_dims(tensor.shape())), *values_[id]);
  }

  ValueId moved(ValueId id) {
    if (id == no_value) return id;
    const GraphValue& value = from_.graph.value(id);
    if (moved_[id] == no_value && value.constant)
      moved_[id] = result_.graph.add_constant(value.name, value.constant->tensor);
    return moved_[id];
  }

  void copy(Node node) {
    const std::vector<ValueId> outputs = std::move(node.outputs);
    for (ValueId& input : node.inputs) input = moved(input);
    const auto results = GraphBuilder(result_.graph, {}).add_node(std::move(node), outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i] != no_value) moved_[outputs[i]] = results[i];
  }

  const RandomModel& from_;
  const std::vector<std::optional<Value>>& values_;
  std::vector<ValueId> moved_;
  RandomModel result_;
};

RandomModel with_one_output(const RandomModel& model, size_t kept) {
  RandomModel smaller = model;
  const ValueId output = model.graph.outputs()[kept];
  smaller.graph.clear_outputs();
  smaller.graph.add_output(output);
  smaller.facts = {model.facts[kept]};
  remove_dead_nodes(smaller.graph);
  return smaller;
}

// Drops the first node, from the end, without which the model still fails.
bool drop_a_node(RandomModel& model, const std::function<bool(const RandomModel&)>& fails) {
  const auto values = interpret_all(model.graph, model.inputs);
  const std::vector<NodeId> order = model.graph.order();
  for (size_t i = order.size(); i-- > 0;) {
    try {
      RandomModel smaller = Rebuild(model, values).without(order[i]);
      remove_dead_nodes(smaller.graph);
      if (!fails(smaller)) continue;
      const auto kept = interpret_all(smaller.graph, smaller.inputs);
      model = Rebuild(smaller, kept).without(no_node);
      return true;
    } catch (const std::exception&) {
      continue;  // what is left does not fit together
    }
  }
  return false;
}

// Gives, in place of an output, what its node reads, where the model still fails: nodes at the end
// that only fit together go one by one.
bool end_earlier(RandomModel& model, const std::function<bool(const RandomModel&)>& fails) {
  for (size_t i = 0; i < model.graph.outputs().size(); ++i) {
    const Node* node = model.graph.producer(model.graph.outputs()[i]);
    if (node == nullptr) continue;
    for (ValueId input : node->inputs) {
      if (model.graph.producer(input) == nullptr) continue;
      RandomModel smaller = model;
      smaller.graph.set_output(i, input);
      remove_dead_nodes(smaller.graph);
      if (!fails(smaller)) continue;
      const auto values = interpret_all(smaller.graph, smaller.inputs);
      model = Rebuild(smaller, values).without(no_node);
      return true;
    }
  }
  return false;
}

}  // namespace

RandomModel shrink(RandomModel model, const std::function<bool(const RandomModel&)>& fails) {
  for (size_t i = 0; i < model.graph.outputs().size() && model.graph.outputs().size() > 1; ++i) {
    RandomModel smaller = with_one_output(model, i);
    if (!fails(smaller)) continue;
    model = std::move(smaller);
    break;
  }
  while (end_earlier(model, fails) || drop_a_node(model, fails)) continue;
  return model;
}

}  // namespace cermet::testing
