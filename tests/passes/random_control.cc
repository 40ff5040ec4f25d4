// Rules of If and Loop: bodies are random graphs of their own.
#include "tests/passes/random_scope.h"

namespace cermet::testing {
namespace {

constexpr int deepest = 2;
constexpr Fact unknown{100, 1e-3};

// Values that a body reads from outside, each once.
std::vector<ValueId> captures(RandomScope& scope) {
  std::vector<ValueId> chosen;
  for (int64_t i = scope.random().between(1, 3); i > 0; --i) {
    const ValueId id = scope.pick([&](ValueId candidate) {
      return !scope.graph().value(candidate).constant &&
             std::find(chosen.begin(), chosen.end(), candidate) == chosen.end();
    });
    if (id != no_value) chosen.push_back(id);
  }
  return chosen;
}

RandomScope body_scope(RandomScope& outer, Graph& body, const std::vector<ValueId>& captured) {
  RandomScope inner(body, outer.random(), outer.symbols(), outer.depth() + 1);
  for (ValueId id : captured) inner.input("captured", outer.type(id), outer.fact(id));
  return inner;
}

ValueId condition_of(RandomScope& scope) {
  const auto single = [&](ValueId id) {
    return scope.element(id) == ElementType::boolean && scope.rank(id) == 0;
  };
  if (scope.random().chance(60)) {
    const ValueId found = scope.pick(single);
    if (found != no_value) return found;
  }
  return scope.constant(ElementType::boolean, {});
}

void branch(RandomScope& scope) {
  if (scope.depth() >= deepest) return;
  const std::vector<ValueId> captured = captures(scope);
  if (captured.empty()) return;
  const ElementType element = scope.element(captured[0]);
  std::vector<Graph> bodies(2);
  Fact fact;
  for (Graph& body : bodies) {
    body.share_symbols(scope.graph());
    RandomScope inner = body_scope(scope, body, captured);
    inner.grow(static_cast<int>(scope.random().below(4)));
    const ValueId result = inner.pick([&](ValueId id) { return inner.element(id) == element; });
    body.add_output(result);
    fact.bound = std::max(fact.bound, inner.fact(result).bound);
    fact.error = std::max(fact.error, inner.fact(result).error);
  }
  std::vector<ValueId> inputs{condition_of(scope)};
  inputs.insert(inputs.end(), captured.begin(), captured.end());
  scope.add_control("If", inputs, std::move(bodies), {fact}, {});
}

// What the state becomes: bounded, so that no number of iterations makes it large.
ValueId next_state(RandomScope& inner, ValueId state) {
  const ValueType type = inner.type(state);
  const ValueId found = inner.pick([&](ValueId id) { return inner.type(id) == type; });
  if (!is_floating(type.element) || found == state) return found;
  const ValueId bounded = inner.add("Tanh", {found}, {}, unknown);
  return bounded == no_value ? state : bounded;
}

void loop(RandomScope& scope) {
  if (scope.depth() >= deepest) return;
  const std::vector<ValueId> captured = captures(scope);
  const ValueId start = scope.pick([&](ValueId id) {
    return !is_floating(scope.element(id)) ||
           (scope.fact(id).bound <= unknown.bound && scope.fact(id).error <= unknown.error);
  });
  if (start == no_value) return;
  Graph body;
  body.share_symbols(scope.graph());
  RandomScope inner(body, scope.random(), scope.symbols(), scope.depth() + 1);
  inner.input("iteration", ValueType::tensor(ElementType::int64, Dims{}), {3, 0});
  const ValueId go_on =
      inner.input("condition", ValueType::tensor(ElementType::boolean, Dims{}), {1, 0});
  const bool whole = !is_floating(scope.element(start));
  const Fact fact = whole ? Fact{1e30, 0} : unknown;
  const ValueId state = inner.input("state", scope.type(start), fact);
  for (ValueId id : captured) inner.input("captured", scope.type(id), scope.fact(id));
  inner.grow(static_cast<int>(scope.random().between(1, 4)));
  const ValueId next = next_state(inner, state);
  body.add_output(go_on);
  body.add_output(next);
  std::vector<Fact> facts{fact};
  if (scope.random().chance(40)) {
    const ValueId slice = inner.pick([&](ValueId id) { return inner.type(id).is_static(); });
    body.add_output(slice);
    facts.push_back(inner.fact(slice));
  }
  std::vector<ValueId> inputs{scope.constant(ints({}, {scope.random().below(4)}), {3, 0}),
                              scope.random().chance(50) ? no_value : condition_of(scope), start};
  inputs.insert(inputs.end(), captured.begin(), captured.end());
  Attributes attributes;
  attributes.set("captured", static_cast<int64_t>(captured.size()));
  std::vector<Graph> bodies;
  bodies.push_back(std::move(body));
  scope.add_control("Loop", inputs, std::move(bodies), facts, attributes);
}

}  // namespace

std::span<const RandomRule> control_rules() {
  static constexpr RandomRule rules[] = {branch, loop};
  return rules;
}

}  // namespace cermet::testing
