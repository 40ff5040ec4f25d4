// One operator with sizes from a network, as a plan of one step for the GPU.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plan/plan.h"
#include "tactics/typical_shapes.h"

namespace cermet::bench {

struct OperandSpec {
  ElementType type = ElementType::float16;
  Shape shape;
  Layout layout = {};
  bool constant = false;
  std::vector<double> values = {};  // all of them
  // Random numbers in [first, second), where the usual ones, around 0 and integers 0, are too
  // plain.
  std::optional<std::pair<double, double>> range = {};

  bool has_numbers() const { return constant || range || !values.empty(); }
};

struct OperatorCase {
  std::string name;
  std::string tactic;  // whose configurations are timed
  ProblemKind kind = ProblemKind::reference;
  std::string op;
  std::vector<std::optional<OperandSpec>> inputs;
  std::vector<std::pair<std::string, Attribute>> attributes = {};
  Layout result = {};  // of all results
  size_t outputs = 1;
  std::string domain = {};
  std::string expression = {};  // of a pointwise step
};

OperandSpec data(ElementType type, Shape shape);
OperandSpec image(ElementType type, Shape shape);  // channels-last
OperandSpec weights(ElementType type, Shape shape);
OperandSpec random_integers(ElementType type, Shape shape, double end);          // in [0, end)
OperandSpec numbers(ElementType type, Shape shape, std::vector<double> values);  // constant

// Every tactic of the GPU's list has a case, and takes it. `quick`: with sizes that the emulator of
// tests/fake_cuda computes at once.
std::vector<OperatorCase> operator_cases(bool quick);

struct OperatorPlan {
  Plan plan;
  TypicalShapes shapes;
};
// Types of the results are those of the operator's inference. Throws internal where their sizes
// depend on data.
OperatorPlan plan_of(const OperatorCase& what);

// Row-major.
Tensor numbers_of(const OperandSpec& operand, unsigned seed);

}  // namespace cermet::bench
