// The check of chosen kernels against the model: each step's kernel runs alone on random operands,
// and its results are compared with those of the reference kernels of the ONNX nodes that the step
// stands for, as they were imported. So a wrong kernel shows, and a wrong pass or lowering too.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "builder/comparison.h"
#include "builder/original_graph.h"
#include "builder/original_values.h"
#include "builder/plan_names.h"
#include "builder/target.h"
#include "tactics/tactic.h"
#include "tactics/typical_shapes.h"

namespace cermet {

// Compared points of each result, or all where there are fewer.
inline constexpr int64_t validation_points = 4096;

// Belongs to one build. Steps are tried as choose_tactics() goes along: candidates of one step
// after another.
class Validator {
 public:
  // The graph as it was before the passes. `target` outlives this. `narrow` is the type in which
  // the plan computes float32; undefined: in float32, on the device with TF32 where that is
  // allowed.
  Validator(Graph imported, const Target& target, int threads,
            ElementType narrow = ElementType::undefined, bool tf32 = false);
  ~Validator();

  // Whether the kernel computes what the model's nodes do, at the step's typical shapes. A step
  // whose ends are no values of the model passes with no points and the reason.
  Validation validate(const Plan& plan, const Step& step, const Tactic& tactic,
                      const std::string& configuration);

 private:
  struct Trial;
  std::unique_ptr<Trial> first_trial(const Plan& plan, const Step& step);
  std::unique_ptr<Trial> make_trial(const Plan& plan, const Step& step, TypicalShapes shapes);
  void try_deeper(const Plan& plan, const Step& step, const Plan& lone, Validation& into);
  void give_value(ValueId value, const Shape& shape, OriginalValues& values, int nodes) const;
  Tensor operand(const Plan& plan, BufferId id, const Shape& shape, OriginalValues& values,
                 int depth) const;
  Tensor by_reference(const Plan& plan, const Step& step, size_t output, const Shape& shape,
                      OriginalValues& values, int depth) const;
  void give_operands(const Plan& plan, const Step& step, OriginalValues& values,
                     const std::set<ValueId>& derived, Trial& trial) const;
  void expect_results(const Plan& plan, const Step& step, OriginalValues& values,
                      Trial& trial) const;
  Tensor expected(const Plan& plan, const Step& step, size_t output, OriginalValues& values,
                  Trial& trial) const;
  static void allow_shaking(Trial& trial, size_t output);
  ElementType rounded_to(const Plan& plan, const Step& step, ElementType type) const;
  bool rounds_to_narrow(const Plan& plan, const Step& step) const;
  static Comparison compare_with(Trial& trial, size_t output, const Tensor& got);
  void try_kernel(const Plan& lone, Validation& into);
  void judge(size_t output, const Tensor& got, const Layout& layout, Validation& into);

  OriginalGraph original_;
  const Target& target_;
  int threads_;
  ElementType narrow_;
  bool tf32_;
  const Plan* plan_ = nullptr;
  PlanNames names_;  // of plan_
  const Step* step_ = nullptr;
  std::unique_ptr<Trial> trial_;  // of step_
  int nodes_before_ = 0;          // of the model, by which a trial's operands are computed
};

}  // namespace cermet
