// Constants of the same type, shape and bytes become one, so that nodes that differ in nothing but
// copies of a constant can be shared too. 0 and -0, or two kinds of NaN, are different bytes.
#include <cstring>
#include <map>
#include <set>

#include "base/hash.h"
#include "passes/passes.h"

namespace cermet {
namespace {

using Constants = std::vector<ValueId>;

// Constants that nodes read, in order of first use, by type and shape. Results of the graph keep
// their names, so they stay; strings are few and small.
std::map<std::pair<ElementType, Shape>, Constants> constants_by_form(const Graph& graph) {
  std::map<std::pair<ElementType, Shape>, Constants> forms;
  std::set<ValueId> seen;
  for (NodeId id : graph.order())
    for (ValueId input : graph.node(id).inputs) {
      if (input == no_value || !seen.insert(input).second || graph.is_output(input)) continue;
      const auto& constant = graph.value(input).constant;
      if (!constant || constant->tensor.type() == ElementType::string) continue;
      forms[{constant->tensor.type(), constant->tensor.shape()}].push_back(input);
    }
  return forms;
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.bytes() == b.bytes() &&
         (a.bytes() == 0 || std::memcmp(a.as<uint8_t>(), b.as<uint8_t>(), a.bytes()) == 0);
}

}  // namespace

std::vector<Patch> share_equal_constants(const Graph& graph) {
  std::vector<Patch> patches;
  for (const auto& [form, constants] : constants_by_form(graph)) {
    if (constants.size() < 2) continue;
    std::multimap<uint64_t, ValueId> kept;
    for (ValueId id : constants) {
      const Tensor& tensor = graph.value(id).constant->tensor;
      const uint64_t hash = hash_bytes(tensor.as<uint8_t>(), tensor.bytes());
      auto [at, end] = kept.equal_range(hash);
      while (at != end && !same_bytes(graph.value(at->second).constant->tensor, tensor)) ++at;
      if (at == end) {
        kept.emplace(hash, id);
        continue;
      }
      Patch patch(graph);
      patch.replace(id, at->second);
      patches.push_back(std::move(patch));
    }
  }
  return patches;
}

}  // namespace cermet
