// Which values of the model a plan's buffers hold.
#pragma once

#include <map>
#include <set>

#include "builder/original_graph.h"
#include "tactics/size_scan.h"

namespace cermet {

// Of one plan and one imported graph, which have to live as long.
class PlanNames {
 public:
  struct Producer {
    const Step* step;
    size_t output;  // which result it is
  };

  PlanNames() = default;
  PlanNames(const OriginalGraph& original, const Plan& plan);

  // The value of the model that the buffer holds, itself or by a copy; no_value where there is
  // none.
  ValueId original_of(const Plan& plan, BufferId id) const;
  // nullptr for what no step makes.
  const Producer* producer(BufferId id) const;
  // Whether a size of a result is known only when the step has run.
  bool defines_sizes(const Step& step) const { return defining_.contains(&step); }

 private:
  // Where the name of a buffer has to be looked for.
  struct Home {
    OriginalGraph::Scope region = OriginalGraph::nowhere;  // in which its step stands
    OriginalGraph::Scope nodes = OriginalGraph::nowhere;   // in which the step's nodes stood
  };

  void collect(const Plan& plan, const Region& region, OriginalGraph::Scope scope, SizeScan& sizes);
  ValueId by_name(const Plan& plan, BufferId id) const;

  const OriginalGraph* original_ = nullptr;
  std::map<BufferId, Home> homes_;
  std::map<BufferId, BufferId> copied_from_;  // results of steps that only copy
  std::map<BufferId, BufferId> copied_to_;
  std::map<BufferId, Producer> producers_;
  std::set<const Step*> defining_;
};

}  // namespace cermet
