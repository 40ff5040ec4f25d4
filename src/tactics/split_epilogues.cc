#include "tactics/split_epilogues.h"

#include <algorithm>

#include "tactics/size_scan.h"

namespace cermet {
namespace {

class Splitter {
 public:
  Splitter(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics.first(tactics.size() - 1)), options_(options), sizes_(plan) {}

  void region(Region& region) {
    sizes_.enter(region);
    std::vector<Step> result;
    for (Step& step : region.steps) {
      for (Region& body : step.regions) this->region(body);
      defines_sizes_ = sizes_.visit(step);
      if (step.problem.has_epilogue() && !accepted(step)) {
        Step alone = without_epilogue(step);
        if (accepted(alone)) {
          Step rest = epilogue_alone(step, alone);
          result.push_back(std::move(alone));
          result.push_back(std::move(rest));
          continue;
        }
        plan_.buffers.pop_back();
      }
      result.push_back(std::move(step));
    }
    region.steps = std::move(result);
  }

 private:
  bool accepted(const Step& step) const {
    const TacticQuery query{&plan_, &step, options_.threads, defines_sizes_};
    return std::any_of(tactics_.begin(), tactics_.end(), [&](const Tactic& tactic) {
      return !is_disabled(tactic, step, options_) && !tactic.reason_against(query);
    });
  }

  ElementType result_of_operator(const Problem& problem) const {
    for (const ScalarNode& node : problem.expression.nodes())
      if (node.op == ScalarOp::input && node.index == 0) return node.type;
    return problem.outputs[0]->type.element;
  }

  // The operator with a result buffer of its own, the last of the plan's.
  Step without_epilogue(const Step& step) {
    Step alone = step;
    alone.inputs.resize(step.problem.epilogue_first);
    alone.problem.inputs.resize(step.problem.epilogue_first);
    alone.problem.expression = ScalarExpr();
    alone.problem.epilogue_first = 0;
    Buffer buffer;
    buffer.name = plan_.buffers[step.outputs[0]].name + ".before_epilogue";
    buffer.type = plan_.buffers[step.outputs[0]].type;
    buffer.type.element = result_of_operator(step.problem);
    alone.problem.outputs[0]->type = buffer.type;
    plan_.buffers.push_back(std::move(buffer));
    alone.outputs[0] = static_cast<BufferId>(plan_.buffers.size() - 1);
    return alone;
  }

  Step epilogue_alone(const Step& step, const Step& alone) const {
    Step rest;
    rest.name = step.name + ".epilogue";
    rest.origin = step.origin;
    rest.problem.kind = ProblemKind::pointwise;
    rest.problem.domain = "cermet";
    rest.problem.op = "Pointwise";
    rest.problem.expression = step.problem.expression;
    rest.inputs = {alone.outputs[0]};
    rest.problem.inputs = {alone.problem.outputs[0]};
    const auto first = static_cast<std::ptrdiff_t>(step.problem.epilogue_first);
    rest.inputs.insert(rest.inputs.end(), step.inputs.begin() + first, step.inputs.end());
    rest.problem.inputs.insert(rest.problem.inputs.end(), step.problem.inputs.begin() + first,
                               step.problem.inputs.end());
    rest.outputs = {step.outputs[0]};
    rest.problem.outputs = {step.problem.outputs[0]};
    return rest;
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
