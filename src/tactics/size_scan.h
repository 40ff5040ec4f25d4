// Which steps give sizes that depend on data their value.
#pragma once

#include <set>
#include <string>

#include "plan/plan.h"

namespace cermet {

// Walks a plan's steps in their order. A step defines a size when a symbol of data occurs in the
// type of one of its results and of no value before: then the shape is known only once the step has
// run, which takes a dynamic kernel.
class SizeScan {
 public:
  explicit SizeScan(const Plan& plan) : plan_(&plan) {}

  // Whether the step defines a size; from then on it counts as defined.
  bool visit(const Step& step) {
    bool defines = false;
    for (BufferId id : step.outputs) defines |= define(id);
    return defines;
  }

  // What a body receives has its sizes before the body runs.
  void enter(const Region& region) {
    for (BufferId id : region.inputs) define(id);
  }

 private:
  bool define(BufferId id) {
    if (id == no_buffer) return false;
    const auto& dims = plan_->buffers[id].type.dims;
    if (!dims) return true;  // not even the rank is known
    std::set<std::string> symbols;
    for (const Dim& dim : *dims) dim.collect_data_symbols(symbols);
    bool fresh = false;
    for (const std::string& symbol : symbols) fresh |= defined_.insert(symbol).second;
    return fresh;
  }

  const Plan* plan_;
  std::set<std::string> defined_;
};

}  // namespace cermet
