// Rules of If, Loop and Scan: bodies are random graphs of their own.
#include <algorithm>

#include "tests/support/random_models/random_scope.h"

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

// As exact as a state is taken to be.
bool fits_state(RandomScope& scope, ValueId id) {
  if (!is_floating(scope.element(id))) return scope.fact(id).exact();
  return scope.fact(id).error <= unknown.error;
}

// What the state becomes: bounded, so that no number of iterations makes it large.
ValueId next_state(RandomScope& inner, ValueId state) {
  const ValueType type = inner.type(state);
  const ValueId found =
      inner.pick([&](ValueId id) { return inner.type(id) == type && fits_state(inner, id); });
  if (!is_floating(type.element) || found == state) return found;
  const ValueId bounded = inner.add("Tanh", {found}, {}, unknown);
  return bounded == no_value ? state : bounded;
}

// At most three, known while building or not.
ValueId trip_count(RandomScope& scope) {
  const auto few = [&](int64_t n) { return scope.constant(ints({}, {n}), {64, 0}); };
  if (scope.random().chance(45)) return few(scope.random().below(4));
  const ValueId open = scope.pick([&](ValueId id) {
    return std::ranges::any_of(*scope.type(id).dims,
                               [](const Dim& dim) { return !dim.is_constant(); });
  });
  if (open == no_value) return few(2);
  return scope.add("Min", {scope.add("Size", {open}, {}, {1e4, 0}), few(3)}, {}, {3, 0});
}

// A value carried from one iteration to the next, in the making.
struct Carried {
  ValueId start = no_value, inside = no_value;
  Fact fact;
};

Carried carry(RandomScope& scope, RandomScope& inner) {
  Carried state;
  state.start = scope.pick([&](ValueId id) {
    return fits_state(scope, id) &&
           (!is_floating(scope.element(id)) || scope.fact(id).bound <= unknown.bound);
  });
  if (state.start == no_value) return state;
  state.fact = is_floating(scope.element(state.start)) ? unknown : Fact{1e30, 0};
  state.inside = inner.input("state", scope.type(state.start), state.fact);
  return state;
}

// The body's results: what is carried, some of it unchanged, and now and then a slice.
void give(RandomScope& inner, const std::vector<Carried>& states, std::vector<Fact>& facts) {
  for (const Carried& state : states) {
    inner.graph().add_output(inner.random().chance(15) ? state.inside
                                                       : next_state(inner, state.inside));
    facts.push_back(state.fact);
  }
  if (!inner.random().chance(40)) return;
  const ValueId slice = inner.pick([&](ValueId id) { return inner.type(id).is_static(); });
  if (slice == no_value) return;
  inner.graph().add_output(slice);
  facts.push_back(inner.fact(slice));
}

void add_loop(RandomScope& scope, std::string_view op, std::vector<ValueId> inputs, Graph body,
              const std::vector<ValueId>& captured, const std::vector<Fact>& facts,
              Attributes attributes) {
  inputs.insert(inputs.end(), captured.begin(), captured.end());
  attributes.set("captured", static_cast<int64_t>(captured.size()));
  std::vector<Graph> bodies;
  bodies.push_back(std::move(body));
  scope.add_control(op, std::move(inputs), std::move(bodies), facts, std::move(attributes));
}

void loop(RandomScope& scope) {
  if (scope.depth() >= deepest) return;
  const std::vector<ValueId> captured = captures(scope);
  Graph body;
  body.share_symbols(scope.graph());
  RandomScope inner(body, scope.random(), scope.symbols(), scope.depth() + 1);
  const ValueId iteration =
      inner.input("iteration", ValueType::tensor(ElementType::int64, Dims{}), {3, 0});
  const ValueId held =
      inner.input("condition", ValueType::tensor(ElementType::boolean, Dims{}), {1, 0});
  std::vector<Carried> states;
  for (int64_t i = scope.random().between(1, 2); i > 0; --i) states.push_back(carry(scope, inner));
  if (states[0].start == no_value) return;
  for (ValueId id : captured) inner.input("captured", scope.type(id), scope.fact(id));
  inner.grow(static_cast<int>(scope.random().between(1, 5)));
  ValueId go_on = held;
  if (scope.random().chance(15))
    go_on = inner.add("Less", {iteration, inner.constant(ints({}, {1}), {1, 0})}, {}, {1, 0});
  body.add_output(go_on);
  std::vector<Fact> facts;
  give(inner, states, facts);
  std::vector<ValueId> inputs{trip_count(scope),
                              scope.random().chance(60) ? no_value : condition_of(scope)};
  for (const Carried& state : states) inputs.push_back(state.start);
  add_loop(scope, "Loop", std::move(inputs), std::move(body), captured, facts, {});
}

// Over the slices of one value, along any axis, in either direction.
void scan(RandomScope& scope) {
  if (scope.depth() >= deepest) return;
  const std::vector<ValueId> captured = captures(scope);
  const ValueId scanned = scope.pick([&](ValueId id) { return scope.rank(id) > 0; });
  if (scanned == no_value) return;
  const int64_t axis = scope.random().below(scope.rank(scanned));
  Graph body;
  body.share_symbols(scope.graph());
  RandomScope inner(body, scope.random(), scope.symbols(), scope.depth() + 1);
  const std::vector<Carried> states{carry(scope, inner)};
  if (states[0].start == no_value) return;
  ValueType slice = scope.type(scanned);
  slice.dims->erase(slice.dims->begin() + axis);
  inner.input("slice", slice, scope.fact(scanned));
  for (ValueId id : captured) inner.input("captured", scope.type(id), scope.fact(id));
  inner.grow(static_cast<int>(scope.random().between(1, 5)));
  std::vector<Fact> facts;
  give(inner, states, facts);
  Attributes attributes;
  attributes.set("num_scan_inputs", int64_t{1});
  attributes.set("scan_input_axes", std::vector<int64_t>{axis});
  attributes.set("scan_input_directions", std::vector<int64_t>{scope.random().below(2)});
  if (facts.size() > 1) {
    attributes.set("scan_output_axes", std::vector<int64_t>{scope.random().chance(50) ? 0 : -1});
    attributes.set("scan_output_directions", std::vector<int64_t>{scope.random().below(2)});
  }
  add_loop(scope, "Scan", {states[0].start, scanned}, std::move(body), captured, facts,
           std::move(attributes));
}

}  // namespace

std::span<const RandomRule> control_rules() {
  static constexpr RandomRule rules[] = {branch, loop, scan};
  return rules;
}

}  // namespace cermet::testing
