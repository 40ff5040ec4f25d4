#include "tests/support/random_models/random_scope.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace cermet::testing {
namespace {

constexpr double most_elements = 1500;
constexpr double largest_bound = 1e4;
constexpr int largest_rank = 5;

double small_number(Random& random, ElementType type) {
  if (is_floating(type)) return static_cast<double>(random.between(-8, 8)) * 0.25;
  if (type == ElementType::boolean) return static_cast<double>(random.below(2));
  return static_cast<double>(random.between(is_signed_integer(type) ? -3 : 0, 5));
}

}  // namespace

double spacing(ElementType type) {
  switch (type) {
    case ElementType::float64:
    case ElementType::float32:
      return 0x1p-22;
    case ElementType::float16:
      return 0x1p-10;
    case ElementType::bfloat16:
      return 0x1p-7;
    default:
      return 0;
  }
}

RandomScope::RandomScope(Graph& graph, Random& random, const SymbolValues& symbols, int depth)
    : random_(random), maker_(graph), symbols_(symbols), depth_(depth) {}

double RandomScope::elements(ValueId id) {
  double count = 1;
  for (const Dim& dim : *type(id).dims)
    count *= static_cast<double>(dim.try_evaluate(symbols_).value_or(4));
  return count;
}

void RandomScope::know(ValueId id, Fact fact) {
  facts_.resize(graph().value_count());
  facts_[id] = fact;
  if (is_floating(element(id)) && fact.bound > largest_bound) return;
  if (type(id).has_rank() && (rank(id) > largest_rank || elements(id) > most_elements)) return;
  values_.push_back(id);
}

ValueId RandomScope::input(const std::string& name, ValueType type, Fact fact) {
  const ValueId id = graph().add_input(name, std::move(type));
  know(id, fact);
  return id;
}

ValueId RandomScope::constant(Tensor tensor, Fact fact) {
  const ValueId id = maker_.constant("c", std::move(tensor));
  know(id, fact);
  return id;
}

Tensor RandomScope::random_tensor(ElementType type, Shape shape) {
  Tensor tensor(type, std::move(shape));
  for (int64_t i = 0, n = tensor.elements(); i < n; ++i)
    store_element<double>(tensor.view(), i, small_number(random_, type));
  return tensor;
}

ValueId RandomScope::constant(ElementType type, Shape shape) {
  return constant(random_tensor(type, std::move(shape)), {5, 0});
}

ValueId RandomScope::pick(const std::function<bool(ValueId)>& condition) {
  std::vector<ValueId> fitting;
  for (ValueId id : values_)
    if (type(id).has_rank() && condition(id)) fitting.push_back(id);
  if (fitting.empty()) return no_value;
  const auto count = static_cast<int64_t>(fitting.size());
  if (random_.chance(60)) return fitting[count - 1 - random_.below(std::min<int64_t>(count, 3))];
  return random_.one_of(fitting);
}

ValueId RandomScope::pick_float() {
  return pick([&](ValueId id) { return is_floating(element(id)); });
}

ValueId RandomScope::pick_exact() {
  return pick([&](ValueId id) { return is_floating(element(id)) && fact(id).exact(); });
}

ValueId RandomScope::partner(ValueId other) {
  const auto broadcasts = [&](ValueId id) {
    if (element(id) != element(other)) return false;
    const Dims &a = *type(id).dims, &b = *type(other).dims;
    for (size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
      const Dim &x = a[a.size() - i], &y = b[b.size() - i];
      if (!(x == y) && !x.is_constant(1) && !y.is_constant(1)) return false;
    }
    return true;
  };
  if (random_.chance(60)) {
    const ValueId found = pick(broadcasts);
    if (found != no_value) return found;
  }
  Shape shape;
  for (const Dim& dim : *type(other).dims)
    shape.push_back(dim.is_constant() && random_.chance(60) ? dim.constant() : 1);
  while (!shape.empty() && random_.chance(25)) shape.erase(shape.begin());
  while (shape.size() < 4 && random_.chance(15)) shape.insert(shape.begin(), 1);
  return constant(element(other), shape);
}

std::vector<ValueId> RandomScope::add_all(std::string_view op, std::vector<ValueId> inputs,
                                          size_t outputs, Attributes attributes, Fact fact) {
  try {
    std::vector<ValueId> results =
        maker_.add_all(op, std::move(inputs), outputs, std::move(attributes));
    for (ValueId id : results) know(id, fact);
    return results;
  } catch (const Error&) {
    return std::vector<ValueId>(outputs, no_value);
  }
}

std::vector<ValueId> RandomScope::add_control(std::string_view op, std::vector<ValueId> inputs,
                                              std::vector<Graph> bodies,
                                              const std::vector<Fact>& facts,
                                              Attributes attributes) {
  try {
    const auto results = maker_.add_control(op, std::move(inputs), std::move(bodies), facts.size(),
                                            std::move(attributes));
    for (size_t i = 0; i < results.size(); ++i) know(results[i], facts[i]);
    return results;
  } catch (const Error&) {
    return std::vector<ValueId>(facts.size(), no_value);
  }
}

void RandomScope::grow(int count) {
  struct Family {
    int weight;
    std::span<const RandomRule> (*rules)();
  };
  static constexpr Family families[] = {
      {36, elementwise_rules}, {20, movement_rules}, {11, product_rules},    {9, reduction_rules},
      {6, pattern_rules},      {6, control_rules},   {6, elimination_rules}, {6, transpose_rules}};
  for (int tries = 0; count > 0 && tries < 200; ++tries) {
    int64_t at = random_.below(100);
    const Family* family = families;
    while (at >= family->weight) at -= (family++)->weight;
    const auto rules = family->rules();
    const size_t before = values_.size();
    rules[random_.below(static_cast<int64_t>(rules.size()))](*this);
    if (values_.size() > before) --count;
  }
}

}  // namespace cermet::testing
