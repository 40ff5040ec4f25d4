#include "builder/validation.h"

#include <algorithm>

#include "backends/cpu/build/run_step.h"
#include "backends/cpu/build/tactics.h"
#include "base/error.h"
#include "base/hash.h"
#include "builder/random_operand.h"
#include "ops/operator.ref.h"
#include "tactics/lone_step.h"
#include "tactics/timing_cache.h"
#include "tactics/typical_shapes.h"

namespace cermet {
namespace {

// Steps that hand their operand on under another layout or to memory of its own.
bool only_copies(const Step& step) {
  return step.problem.domain.empty() && step.problem.op == "Identity" && step.inputs.size() == 1 &&
         !step.problem.has_epilogue();
}

std::string place(const Grid& grid, int64_t point) {
  Shape index(grid.size());
  for (size_t d = grid.size(); d-- > 0;) {
    const auto size = static_cast<int64_t>(grid[d].size());
    index[d] = grid[d][point % size];
    point /= size;
  }
  return to_string(index);
}

Tensor sizes_of(const Step& step, const ValueType& type, const SymbolValues& symbols) {
  Shape shape;
  if (type.rank() == 1) shape.push_back(static_cast<int64_t>(step.problem.dims.size()));
  Tensor tensor(type.element, shape);
  store_all(tensor.view(), evaluate(step.problem.dims, symbols));
  return tensor;
}

// Steps between a step and the model's values that are looked through.
constexpr int longest_chain = 4;
constexpr int64_t most_reference_work = int64_t{1} << 26;  // multiplications, or elements
// Of a sum of which nothing is known but that it is one of a large layer.
constexpr int64_t unknown_summands = 4608;

int64_t reference_work(const Step& step, const TypicalShapes& shapes) {
  int64_t work = 0;
  for (const auto* operands : {&shapes.inputs, &shapes.outputs})
    for (const auto& shape : *operands) work += shape ? element_count(*shape) : 0;
  if (step.problem.kind == ProblemKind::matmul)
    work += element_count(*shapes.outputs[0]) * shapes.inputs[0]->back();
  if (step.problem.kind == ProblemKind::convolution)
    work += element_count(*shapes.outputs[0]) * element_count(*shapes.inputs[1]) /
            std::max<int64_t>(1, shapes.inputs[1]->front());
  if (step.problem.kind == ProblemKind::attention)
    work += 2 * element_count(*shapes.outputs[0]) * *(shapes.inputs[1]->end() - 2);
  return work;
}

// Result `output` of a step that shows parts of `whole`, which is in the graph's order.
Tensor part_of(const Plan& plan, const Step& step, size_t output, const Tensor& whole,
               const Shape& shape, const SymbolValues& symbols) {
  const Buffer& part = plan.buffer(step.outputs[output]);
  require(plan.buffer(step.inputs[0]).layout.is_row_major(), ErrorCode::unsupported,
          "the model has no value '{}', a part of a tensor that is not row-major", part.name);
  Tensor result(part.type.element, shape);
  const auto* from = static_cast<const std::byte*>(whole.data());
  std::copy_n(from + part.alias_offset.evaluate(symbols), result.bytes(),
              static_cast<std::byte*>(result.view().data));
  return result;
}

}  // namespace

// A step's operands and what is expected of any kernel, or why nothing is.
struct Validator::Trial {
  std::string reason;  // why nothing is compared
  std::string remark;
  TypicalShapes shapes;
  std::vector<std::optional<Tensor>> inputs;
  std::vector<std::optional<Grid>> grids;  // nothing where an output is absent
  std::vector<Expectation> expected;       // by output
};

Validator::Validator(Graph imported, int threads)
    : original_(std::move(imported)), threads_(threads) {}
Validator::~Validator() = default;

void Validator::collect_names(const Plan& plan) {
  plan_ = &plan;
  copied_from_.clear();
  copied_to_.clear();
  producers_.clear();
  for (const Step& step : plan.root.steps) {
    for (size_t i = 0; i < step.outputs.size(); ++i)
      if (step.outputs[i] != no_buffer) producers_[step.outputs[i]] = {&step, i};
    if (!only_copies(step)) continue;
    copied_from_.emplace(step.outputs[0], step.inputs[0]);
    copied_to_.emplace(step.inputs[0], step.outputs[0]);
  }
}

// The value of the model that the buffer holds, itself or by a copy.
ValueId Validator::original_of(const Plan& plan, BufferId id) const {
  const auto by_name = [&](BufferId buffer) {
    return original_.find(plan.buffer(buffer).name, plan.buffer(buffer).type);
  };
  for (const auto* copies : {&copied_from_, &copied_to_})
    for (BufferId at = id;;) {
      if (const ValueId value = by_name(at); value != no_value) return value;
      const auto next = copies->find(at);
      if (next == copies->end()) break;
      at = next->second;
    }
  return no_value;
}

// What a step reads: numbers by chance for the model's values, sizes, and what passes put between
// values of the model.
Tensor Validator::operand(const Plan& plan, BufferId id, const Shape& shape, OriginalValues& values,
                          int depth) const {
  const Buffer& buffer = plan.buffer(id);
  if (buffer.storage == Storage::constant) return plan.constants[buffer.constant].tensor;
  const auto producer = producers_.find(id);
  const bool made = producer != producers_.end();
  if (made && producer->second.first->problem.kind == ProblemKind::dims)
    return sizes_of(*producer->second.first, buffer.type, values.symbols());
  if (const ValueId value = original_of(plan, id); value != no_value) {
    if (!values.is_known(value))
      values.give(value, random_operand(original_, value, shape, values, hash_bytes(buffer.name)));
    return values.given(value);
  }
  require(made && depth > 0, ErrorCode::unsupported,
          "the model has no value '{}', which the step reads", buffer.name);
  return by_reference(plan, *producer->second.first, producer->second.second, shape, values,
                      depth - 1);
}

// A step's result by its own reference kernel: of a step whose ends are not the model's, which is
// checked against the model together with those that read it.
Tensor Validator::by_reference(const Plan& plan, const Step& step, size_t output,
                               const Shape& shape, OriginalValues& values, int depth) const {
  const auto shapes = typical_shapes(plan, step);
  const std::string& name = plan.buffer(step.outputs[output]).name;
  require(shapes && shapes->outputs[output] == shape && step.regions.empty(),
          ErrorCode::unsupported, "the model has no value '{}'", name);
  require(reference_work(step, *shapes) <= most_reference_work, ErrorCode::unsupported,
          "the model has no value '{}', and its reference kernel would take too long", name);
  std::vector<std::optional<Tensor>> inputs(step.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (step.inputs[i] != no_buffer)
      inputs[i] = operand(plan, step.inputs[i], *shapes->inputs[i], values, depth);
  const bool view = step.problem.kind == ProblemKind::view;
  if (view && view_form(step.problem) == ViewForm::parts)
    return part_of(plan, step, output, *inputs[0], shape, values.symbols());
  if (view && view_form(step.problem) == ViewForm::reshape && step.problem.op != "Transpose")
    return inputs[0]->reshaped(shape);
  Plan lone = lone_step(plan, step, cpu::tactics().back(), "", threads_);
  for (Buffer& buffer : lone.buffers) buffer.layout = {};
  Problem& problem = lone.root.steps[0].problem;
  for (auto* operands : {&problem.inputs, &problem.outputs})
    for (auto& each : *operands)
      if (each) each->layout = {};
  return cpu::run_step(lone, inputs, *shapes, threads_).at(output).value();
}

Expectation Validator::expected(const Plan& plan, const Step& step, size_t output,
                                const Shape& shape, OriginalValues& values, Trial& trial) const {
  const Grid& grid = *trial.grids[output];
  const std::string& name = plan.buffer(step.outputs[output]).name;
  const ValueId value = original_of(plan, step.outputs[output]);
  if (value == no_value) {
    trial.remark = fmt::format(
        "with its own reference kernel, for the model has no value '{}'; what reads that is "
        "compared with the model",
        name);
    const Tensor whole = by_reference(plan, step, output, shape, values, longest_chain);
    return expectation(at_grid(whole.view(), grid), {}, unknown_summands);
  }
  const Shape original = values.shape(value);
  require(original == shape, ErrorCode::unsupported,
          "'{}' is of shape {} in the model, {} in the plan", name, to_string(original),
          to_string(shape));
  Tensor exact = values.at(value, grid);
  std::vector<Tensor> shaken{values.at(value, grid, 1)};
  if (values.discontinuous()) shaken.push_back(values.at(value, grid, -1));
  return expectation(std::move(exact), shaken, values.summands());
}

std::unique_ptr<Validator::Trial> Validator::make_trial(const Plan& plan, const Step& step) {
  auto trial = std::make_unique<Trial>();
  const std::vector<Step>& steps = plan.root.steps;
  require(&step >= steps.data() && &step < steps.data() + steps.size(), ErrorCode::unsupported,
          "the step is part of a branch or a loop's body");
  require(step.problem.kind != ProblemKind::custom, ErrorCode::unsupported,
          "the operator is a plugin's");
  auto shapes = typical_shapes(plan, step);
  require(shapes.has_value(), ErrorCode::unsupported, "the step's sizes are unknown");
  trial->shapes = std::move(*shapes);
  OriginalValues values(original_, trial->shapes.symbols);
  give_operands(plan, step, values, {}, *trial);
  expect_results(plan, step, values, *trial);
  if (values.unread().empty()) return trial;
  // The model gets at the results without some of the operands: equal nodes became one, and an
  // operand follows from others. Numbers of its own would contradict theirs.
  OriginalValues again(original_, trial->shapes.symbols);
  give_operands(plan, step, again, values.unread(), *trial);
  expect_results(plan, step, again, *trial);
  return trial;
}

// Fills the trial's inputs, those of `derived` from the other ones where the model tells how.
void Validator::give_operands(const Plan& plan, const Step& step, OriginalValues& values,
                              const std::set<ValueId>& derived, Trial& trial) const {
  trial.inputs.assign(step.inputs.size(), std::nullopt);
  std::vector<size_t> late;
  const auto give = [&](size_t i) {
    trial.inputs[i] = operand(plan, step.inputs[i], *trial.shapes.inputs[i], values, longest_chain);
  };
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    if (step.inputs[i] == no_buffer || plan.buffer(step.inputs[i]).storage == Storage::constant)
      continue;
    if (derived.contains(original_of(plan, step.inputs[i])))
      late.push_back(i);
    else
      give(i);
  }
  for (const size_t i : late) {
    try {
      trial.inputs[i] =
          values.at(original_of(plan, step.inputs[i]), whole_grid(*trial.shapes.inputs[i]));
    } catch (const Error&) {
      give(i);  // it doesn't follow from them: any number will do
    }
  }
}

void Validator::expect_results(const Plan& plan, const Step& step, OriginalValues& values,
                               Trial& trial) const {
  trial.grids.clear();
  trial.expected.clear();
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    trial.grids.emplace_back();
    trial.expected.emplace_back();
    if (step.outputs[i] == no_buffer) continue;
    const Shape& shape = *trial.shapes.outputs[i];
    require(element_count(shape) > 0, ErrorCode::unsupported, "'{}' has no elements",
            plan.buffer(step.outputs[i]).name);
    trial.grids[i] =
        sample_grid(shape, validation_points, hash_bytes(plan.buffer(step.outputs[i]).name));
    trial.expected[i] = expected(plan, step, i, shape, values, trial);
  }
}

Validation Validator::validate(const Plan& plan, const Step& step, const Tactic& tactic,
                               const std::string& configuration) {
  if (plan_ != &plan) collect_names(plan);
  Validation result;
  if (step_ != &step) {
    step_ = &step;
    try {
      trial_ = make_trial(plan, step);
    } catch (const Error& error) {
      trial_ = std::make_unique<Trial>();
      trial_->reason = error.message();
    }
  }
  result.text = trial_->reason;
  if (!result.text.empty()) return result;
  std::vector<std::optional<Tensor>> got;
  const Plan lone = lone_step(plan, step, tactic, configuration, threads_);
  try {
    got = cpu::run_step(lone, trial_->inputs, trial_->shapes, threads_);
  } catch (const Error& error) {
    result.text = "it could not be run: " + error.message();
    return result;
  }
  for (size_t i = 0; i < got.size(); ++i) {
    if (!trial_->grids[i]) continue;
    const Grid& grid = *trial_->grids[i];
    if (got[i]->shape() != *trial_->shapes.outputs[i]) {
      result.passed = false;
      result.text =
          fmt::format("{}its shape: result {} is of shape {}, expected {}", error_prefix, i,
                      to_string(got[i]->shape()), to_string(*trial_->shapes.outputs[i]));
      break;
    }
    const Comparison found =
        compare(trial_->expected[i],
                at_grid(got[i]->view(), lone.buffer(lone.root.steps[0].outputs[i]).layout, grid));
    result.points += found.points;
    result.error = std::max(result.error, found.part);
    if (found.part <= 1) continue;
    result.passed = false;
    result.text = fmt::format(
        "{}{:.3g} where {:.3g} is allowed: result {} at {}: expected {}, got {}; {} of {} points "
        "are wrong",
        error_prefix, found.error, found.allowed, i, place(grid, found.worst), found.expected,
        found.got, found.wrong, found.points);
    break;
  }
  if (result.passed) result.text = trial_->remark;
  if (result.passed && result.points == 0)
    result.text = "the model gives no finite numbers for random operands";
  return result;
}

}  // namespace cermet
