#include "tactics/split_epilogues.h"

#include "tactics/cut_step.h"
#include "tactics/size_scan.h"

namespace cermet {
namespace {

class Splitter {
 public:
  Splitter(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics), options_(options), sizes_(plan) {}

  void region(Region& region) {
    sizes_.enter(region);
    std::vector<Step> result;
    for (Step& step : region.steps) {
      for (Region& body : step.regions) this->region(body);
      defines_sizes_ = sizes_.visit(step);
      if (!step.problem.has_epilogue() || accepted(step) || !split(step, result))
        result.push_back(std::move(step));
    }
    region.steps = std::move(result);
  }

 private:
  bool accepted(const Step& step) const {
    return is_taken(options_.query(plan_, step, defines_sizes_), tactics_, options_);
  }

  bool split(const Step& step, std::vector<Step>& into) {
    for (const CutExpression& cut : cuts_of(step.problem.expression)) {
      CutStep parts = cut_step(plan_, step, cut);
      if (accepted(parts.head)) {
        into.push_back(std::move(parts.head));
        into.push_back(std::move(parts.rest));
        return true;
      }
      plan_.buffers.pop_back();
    }
    return false;
  }

  Plan& plan_;
  std::span<const Tactic> tactics_;
  const TacticOptions& options_;
  SizeScan sizes_;
  bool defines_sizes_ = false;
};

}  // namespace

void split_epilogues(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options) {
  Splitter(plan, tactics, options).region(plan.root);
}

}  // namespace cermet
