// What a pass would have fused but for one condition: for people who ask why a fusion is missing.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ir/graph.h"

namespace cermet {

struct NearFusion {
  std::string pass;
  std::vector<std::string> nodes;  // the ONNX nodes that would have become one
  std::string condition;           // what stood in the way, in words
};

// Collects what one pass tells. Passes are asked only when somebody wants to know, on the graph as
// it is after all passes, so that nothing is told of fusions that came about later.
class NearFusions {
 public:
  NearFusions(std::string_view pass, std::vector<NearFusion>& into) : pass_(pass), into_(&into) {}

  // `nodes` of the graph almost became one.
  void add(const Graph& graph, std::span<const NodeId> nodes, std::string condition);
  void add(const Graph& graph, std::initializer_list<NodeId> nodes, std::string condition) {
    add(graph, std::span(nodes.begin(), nodes.size()), std::move(condition));
  }

 private:
  std::string pass_;
  std::vector<NearFusion>* into_;
};

// false, with the reason written where somebody asks for it.
template <class... Args>
bool refuse(std::string* why, fmt::format_string<Args...> text, Args&&... args) {
  if (why != nullptr) *why = fmt::format(text, std::forward<Args>(args)...);
  return false;
}
// Refuses to keep a value within a fused node: it is an output of the graph or has several readers.
bool refuse_internal(std::string* why, const Graph& graph, ValueId value,
                     std::vector<NodeId> readers);

}  // namespace cermet
