// The imported graph as the judge of a plan: what a search for the model's values needs to know.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "plan/plan.h"

namespace cermet {

// The bodies of If, Loop and Scan lie open beside the nodes that they belong to: what a body
// captures is the outer value itself, what changes from one iteration to the next is an input. Of
// values that equal nodes compute from equal values only the first is read. Keeps the graph alive.
class OriginalGraph {
 public:
  // Where names mean something: the model's graph or one body.
  using Scope = int32_t;
  static constexpr Scope outermost = 0, nowhere = -1;

  explicit OriginalGraph(Graph graph);

  const Graph& graph() const { return graph_; }
  // The value of that name, element type and rank; no_value where there is none. Values of float32
  // may be in 16 bits in a plan.
  ValueId find(const std::string& name, const ValueType& type, Scope scope = outermost) const;
  const std::vector<NodeId>& readers(ValueId value) const { return readers_[value]; }
  // The body that the step's region of that number was made of, the step being one of `scope`.
  Scope body(Scope scope, const Plan& plan, const Step& step, size_t region) const;
  // The innermost body with one of the nodes; nowhere where none is told apart.
  Scope home_of(const std::vector<std::string>& nodes) const;

 private:
  struct Body {
    NodeId control = no_node;
    size_t region = 0;
    Scope scope = nowhere;
  };
  struct Names {
    int depth = 0;
    std::map<std::string, ValueId, std::less<>> values;
    std::vector<Body> bodies;
  };

  void open(NodeId id, Scope scope);
  void open_body(NodeId control, const Graph& body, size_t region, Scope outer);
  void claim(const Node& node, Scope scope);
  void share_equal_values();

  Graph graph_;
  std::vector<Names> scopes_;
  std::map<std::string, Scope, std::less<>> owners_;  // of nodes; nowhere where several have one
  std::vector<ValueId> first_equal_;                  // by value
  std::vector<std::vector<NodeId>> readers_;
};

}  // namespace cermet
