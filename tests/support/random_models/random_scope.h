// Growing random graphs: what the rules of each operator family build on.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tests/support/graph_maker.h"

namespace cermet::testing {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  // In [0, n).
  int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[below(static_cast<int64_t>(list.size()))];
  }

 private:
  std::mt19937_64 engine_;
};

// What is known of a value's elements. `error` is how far a legal optimisation may move them (0:
// they are exact, so discontinuous operators may follow), `bound` their largest magnitude.
struct Fact {
  double bound = 0;
  double error = 0;

  bool exact() const { return error == 0; }
};

// The relative spacing of a float type, 0 for others.
double spacing(ElementType type);

// One graph, main or body, in the making.
class RandomScope {
 public:
  RandomScope(Graph& graph, Random& random, const SymbolValues& symbols, int depth);

  Random& random() { return random_; }
  Graph& graph() { return maker_.graph(); }
  int depth() const { return depth_; }  // 0: the main graph
  const SymbolValues& symbols() const { return symbols_; }
  const ValueType& type(ValueId id) { return graph().type(id); }
  ElementType element(ValueId id) { return graph().type(id).element; }
  int rank(ValueId id) { return graph().type(id).rank(); }
  Fact fact(ValueId id) const { return facts_[id]; }
  // Elements at the symbols' values; sizes that depend on data count as 4.
  double elements(ValueId id);

  ValueId input(const std::string& name, ValueType type, Fact fact);
  ValueId constant(Tensor tensor, Fact fact);
  // Numbers in steps of a quarter between -2 and 2, small integers, or truth values.
  ValueId constant(ElementType type, Shape shape);
  Tensor random_tensor(ElementType type, Shape shape);
  ValueId integers(const std::vector<int64_t>& values) { return constant(ints(values), {64, 0}); }

  // A value that satisfies the condition, young ones first by chance; no_value when none does.
  ValueId pick(const std::function<bool(ValueId)>& condition);
  ValueId pick_float();
  ValueId pick_exact();  // of a float type
  // A value or a new constant of the type that broadcasts together with `other`.
  ValueId partner(ValueId other);

  // Adds an operator, whose first output gets the fact (the others too). no_value when its
  // inference refuses the inputs.
  ValueId add(std::string_view op, std::vector<ValueId> inputs, Attributes attributes, Fact fact) {
    return add_all(op, std::move(inputs), 1, std::move(attributes), fact)[0];
  }
  std::vector<ValueId> add_all(std::string_view op, std::vector<ValueId> inputs, size_t outputs,
                               Attributes attributes, Fact fact);
  std::vector<ValueId> add_control(std::string_view op, std::vector<ValueId> inputs,
                                   std::vector<Graph> bodies, const std::vector<Fact>& facts,
                                   Attributes attributes);
  // Applies random rules until `count` of them added something.
  void grow(int count);

  const std::vector<ValueId>& values() const { return values_; }

 private:
  void know(ValueId id, Fact fact);

  Random& random_;
  GraphMaker maker_;
  const SymbolValues& symbols_;
  int depth_;
  std::vector<ValueId> values_;  // what may be picked
  std::vector<Fact> facts_;      // by id
};

// Adds one operator, or a few that belong together; does nothing where the graph has no operands.
using RandomRule = void (*)(RandomScope&);
std::span<const RandomRule> elementwise_rules();
std::span<const RandomRule> movement_rules();
std::span<const RandomRule> product_rules();
std::span<const RandomRule> reduction_rules();
std::span<const RandomRule> pattern_rules();
std::span<const RandomRule> control_rules();
std::span<const RandomRule> elimination_rules();
std::span<const RandomRule> transpose_rules();

}  // namespace cermet::testing
