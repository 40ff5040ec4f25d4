// The names that a node of a model can see, while its graph is made.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "import/onnx/onnx_model.h"
#include "ir/graph.h"

namespace cermet::onnx {

// Names of one OnnxGraph or function body, and where its nodes go. A function's scope has no outer
// one: it sees its formal inputs alone.
struct Scope {
  Graph* graph = nullptr;
  std::map<std::string, ValueId, std::less<>> values;
  std::set<std::string> absent;  // formal inputs of a function that its call leaves out
  const OpsetImports* opsets = nullptr;
  std::string prefix;  // of node names: the calls that led into a function
  // Within a function: the caller's attributes, defaults included.
  const std::vector<OnnxAttribute>* call_attributes = nullptr;
  int depth = 0;

  const ValueId* find(std::string_view name) const {
    const auto entry = values.find(name);
    return entry == values.end() ? nullptr : &entry->second;
  }
};

// Names that a graph reads and does not define, nested graphs included, in order of first use.
std::vector<std::string> free_names(const OnnxGraph& graph);

// Makes the values named `names` of `outer` visible in `inner`, a scope of another graph: constants
// are copied, the rest becomes inputs of the inner graph. Returns the outer values of these inputs,
// in order. Names unknown to `outer` are left alone.
std::vector<ValueId> capture(const std::vector<std::string>& names, const Scope& outer,
                             Scope& inner);

}  // namespace cermet::onnx
