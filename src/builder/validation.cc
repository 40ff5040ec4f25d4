#include "builder/validation.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/hash.h"
#include "builder/random_operand.h"
#include "builder/rounding.h"
#include "ops/operator.ref.h"
#include "tactics/lone_step.h"
#include "tactics/timing_cache.h"
#include "tactics/typical_shapes.h"

namespace cermet {
namespace {

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
// Of what rounding alone allows: a kernel that is nearer is right.
constexpr double clearly_right = 0.5;
// Of a sum of which nothing is known but that it is one of a large layer.
constexpr int64_t unknown_summands = 4608;

int64_t elements(const TypicalShapes& shapes) {
  int64_t count = 0;
  for (const auto* operands : {&shapes.inputs, &shapes.outputs})
    for (const auto& shape : *operands) count += shape ? element_count(*shape) : 0;
  return count;
}

int64_t reference_work(const Step& step, const TypicalShapes& shapes) {
  int64_t work = elements(shapes);
  if (step.problem.kind == ProblemKind::matmul)
    work += element_count(*shapes.outputs[0]) * shapes.inputs[0]->back();
  if (step.problem.kind == ProblemKind::convolution)
    work += element_count(*shapes.outputs[0]) * element_count(*shapes.inputs[1]) /
            std::max<int64_t>(1, shapes.inputs[1]->front());
  if (step.problem.kind == ProblemKind::attention)
    work += 2 * element_count(*shapes.outputs[0]) * *(shapes.inputs[1]->end() - 2);
  return work;
}

// The shapes for which kernels are measured. Where few images or sentences make enough elements a
// batch of unknown size is a small one: more of them would show nothing new.
std::optional<TypicalShapes> trial_shapes(const Plan& plan, const Step& step) {
  constexpr std::array<int64_t, 1> small_sizes{2};
  constexpr int64_t enough_elements = int64_t{1} << 17;
  auto small = typical_shapes(plan, step, profile_symbols(plan), small_sizes);
  if (small && elements(*small) >= enough_elements) return small;
  return typical_shapes(plan, step);
}

// Larger ones, for a step that can't do with those: a Pad may have to reflect more than they hold.
std::optional<TypicalShapes> larger_shapes(const Plan& plan, const Step& step) {
  constexpr std::array<int64_t, 1> large_sizes{512};
  constexpr int64_t most_elements = int64_t{1} << 22;
  auto large = typical_shapes(plan, step, profile_symbols(plan), large_sizes);
  if (large && elements(*large) > most_elements) return std::nullopt;
  return large;
}

// Where the operands of a Concat begin and end, so that none goes without a point.
void add_seams(const Step& step, const TypicalShapes& shapes, Grid& grid) {
  if (!step.problem.domain.empty() || step.problem.op != "Concat") return;
  const int64_t axis = step.problem.attributes.integer("axis");
  std::vector<int64_t>& along =
      grid[static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(grid.size()) : axis)];
  std::set<int64_t> seams(along.begin(), along.end());
  int64_t begin = 0;
  for (const auto& shape : shapes.inputs) {
    const int64_t size = shape.value()[static_cast<size_t>(&along - grid.data())];
    if (size > 0) seams.insert({begin, begin + size - 1});
    begin += size;
  }
  along.assign(seams.begin(), seams.end());
}

// Sizes that the step or the model computes with and that occur in no operand's shape.
void complete_symbols(const Plan& plan, SymbolValues& symbols) {
  for (BufferId input : plan.root.inputs) {
    const ValueType& type = plan.buffer(input).type;
    if (!type.has_rank()) continue;
    std::set<std::string> needed;
    for (const Dim& dim : *type.dims) dim.collect_symbols(needed);
    for (const std::string& symbol : needed) symbols.emplace(symbol, usual_sizes[0]);
  }
}

// Result `output` of a step that shows parts of `whole`, which is in the graph's order.
Tensor part_of(const Plan& plan, const Step& step, size_t output, const Tensor& whole,
               const Shape& shape, const SymbolValues& symbols) {
  const Buffer& part = plan.buffer(step.outputs[output]);
  require(plan.buffer(step.inputs[0]).layout.is_row_major(), ErrorCode::unsupported,
          "the model has no value '{}', a part of a tensor that is not row-major", part.name);
  const auto* from =
      static_cast<const std::byte*>(whole.data()) + part.alias_offset.evaluate(symbols);
  if (part.layout.pitch != 0) return gathered_rows(from, part.type.element, shape, part.layout);
  Tensor result(part.type.element, shape);
  std::copy_n(from, result.bytes(), static_cast<std::byte*>(result.view().data));
  return result;
}

}  // namespace

// A step's operands and what is expected of any kernel, or why nothing is.
struct Validator::Trial {
  // What is expected of one result.
  struct Result {
    ValueId value = no_value;  // the model's
    Shape shape;
    Grid grid;
    KernelRounding rounding;
    Expectation expectation;
    bool shaken = false;  // whether the expectation knows what shaking moves
  };

  std::string reason;  // why nothing is compared
  std::string remark;
  TypicalShapes shapes;
  std::unique_ptr<OriginalValues> values;
  std::vector<std::optional<Tensor>> inputs;
  std::vector<std::optional<Result>> results;  // nothing where an output is absent
};

Validator::Validator(Graph imported, const Target& target, int threads, ElementType narrow,
                     bool tf32)
    : original_(std::move(imported)),
      target_(target),
      threads_(threads),
      narrow_(narrow),
      tf32_(tf32) {}
Validator::~Validator() = default;

// What a step reads: numbers by chance for the model's values, sizes, and what passes put between
// values of the model.
Tensor Validator::operand(const Plan& plan, BufferId id, const Shape& shape, OriginalValues& values,
                          int depth) const {
  const Buffer& buffer = plan.buffer(id);
  if (buffer.storage == Storage::constant) return plan.constants[buffer.constant].tensor;
  const PlanNames::Producer* producer = names_.producer(id);
  if (producer != nullptr && producer->step->problem.kind == ProblemKind::dims)
    return sizes_of(*producer->step, buffer.type, values.symbols());
  if (const ValueId value = names_.original_of(plan, id); value != no_value) {
    give_value(value, shape, values, nodes_before_);
    return in_type(
        values.is_known(value) ? values.given(value) : values.at(value, whole_grid(shape)),
        buffer.type.element);
  }
  require(producer != nullptr && depth > 0, ErrorCode::unsupported,
          "the model has no value '{}', which the step reads", buffer.name);
  Tensor result = by_reference(plan, *producer->step, producer->output, shape, values, depth - 1);
  require(result.shape() == shape, ErrorCode::unsupported,
          "the model has no value '{}', whose shape depends on data", buffer.name);
  return result;
}

// Numbers by chance, for the value or for what so many of the model's nodes make it of.
void Validator::give_value(ValueId value, const Shape& shape, OriginalValues& values,
                           int nodes) const {
  if (values.is_known(value)) return;
  const Graph& graph = original_.graph();
  const Node* producer = nodes > 0 ? graph.producer(value) : nullptr;
  if (producer == nullptr || !producer->subgraphs.empty())
    return values.give(value, random_operand(original_, value, shape, values,
                                             hash_bytes(graph.value(value).name), narrow_));
  for (const ValueId input : producer->inputs)
    if (input != no_value && !values.is_known(input))
      give_value(input, values.shape(input), values, nodes - 1);
}

// A step's result by its own reference kernel: of a step whose ends are not the model's, which is
// checked against the model together with those that read it.
Tensor Validator::by_reference(const Plan& plan, const Step& step, size_t output,
                               const Shape& shape, OriginalValues& values, int depth) const {
  const auto shapes = typical_shapes(plan, step, values.symbols(), usual_sizes);
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
  Plan lone = lone_step(plan, step, target_.tactics().back(), "", threads_);
  lone.root.steps[0].place = Place::host;
  for (Buffer& buffer : lone.buffers) buffer.layout = {};
  Problem& problem = lone.root.steps[0].problem;
  for (auto* operands : {&problem.inputs, &problem.outputs})
    for (auto& each : *operands)
      if (each) each->layout = {};
  return target_.run_step(lone, inputs, *shapes).at(output).value();
}

// The result at the points of its grid, which is chosen here: its shape may be known only now.
Tensor Validator::expected(const Plan& plan, const Step& step, size_t output,
                           OriginalValues& values, Trial& trial) const {
  Trial::Result& result = *trial.results[output];
  const std::string& name = plan.buffer(step.outputs[output]).name;
  const Shape& typical = *trial.shapes.outputs[output];
  const auto choose_grid = [&](const Shape& shape) {
    require(element_count(shape) > 0, ErrorCode::unsupported, "'{}' has no elements", name);
    result.shape = shape;
    result.grid = step.problem.kind == ProblemKind::attention
                      ? row_grid(shape, validation_points, hash_bytes(name))
                      : sample_grid(shape, validation_points, hash_bytes(name));
    if (shape == typical) add_seams(step, trial.shapes, result.grid);
  };
  result.value = names_.original_of(plan, step.outputs[output]);
  if (result.value == no_value) {
    trial.remark = fmt::format(
        "with its own reference kernel, for the model has no value '{}'; what reads that is "
        "compared with the model",
        name);
    const Tensor whole = by_reference(plan, step, output, typical, values, longest_chain);
    choose_grid(whole.shape());
    return at_grid(whole.view(), result.grid);
  }
  const Shape original = values.shape(result.value);
  require(original == typical || names_.defines_sizes(step), ErrorCode::unsupported,
          "'{}' is of shape {} in the model, {} in the plan", name, to_string(original),
          to_string(typical));
  choose_grid(original);
  return values.at(result.value, result.grid);
}

std::unique_ptr<Validator::Trial> Validator::first_trial(const Plan& plan, const Step& step) {
  require(step.problem.kind != ProblemKind::custom, ErrorCode::unsupported,
          "the operator is a plugin's");
  auto shapes = trial_shapes(plan, step);
  require(shapes.has_value(), ErrorCode::unsupported, "the step's sizes are unknown");
  const SymbolValues tried = shapes->symbols;
  try {
    return make_trial(plan, step, std::move(*shapes));
  } catch (const Error&) {
    auto larger = larger_shapes(plan, step);
    if (!larger || larger->symbols == tried) throw;
    return make_trial(plan, step, std::move(*larger));
  }
}

std::unique_ptr<Validator::Trial> Validator::make_trial(const Plan& plan, const Step& step,
                                                        TypicalShapes shapes) {
  auto trial = std::make_unique<Trial>();
  complete_symbols(plan, shapes.symbols);
  trial->shapes = std::move(shapes);
  trial->values = std::make_unique<OriginalValues>(original_, trial->shapes.symbols, narrow_);
  give_operands(plan, step, *trial->values, {}, *trial);
  expect_results(plan, step, *trial->values, *trial);
  if (trial->values->unread().empty()) return trial;
  // The model gets at the results without some of the operands: an operand follows from others.
  // Numbers of its own would contradict theirs.
  const std::set<ValueId> derived = trial->values->unread();
  trial->values = std::make_unique<OriginalValues>(original_, trial->shapes.symbols, narrow_);
  give_operands(plan, step, *trial->values, derived, *trial);
  expect_results(plan, step, *trial->values, *trial);
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
    if (derived.contains(names_.original_of(plan, step.inputs[i])))
      late.push_back(i);
    else
      give(i);
  }
  for (const size_t i : late) {
    try {
      const ValueId value = names_.original_of(plan, step.inputs[i]);
      trial.inputs[i] = in_type(values.at(value, whole_grid(*trial.shapes.inputs[i])),
                                plan.buffer(step.inputs[i]).type.element);
    } catch (const Error&) {
      give(i);  // it doesn't follow from them: any number will do
    }
  }
}

void Validator::expect_results(const Plan& plan, const Step& step, OriginalValues& values,
                               Trial& trial) const {
  trial.results.clear();
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    trial.results.emplace_back();
    if (step.outputs[i] == no_buffer) continue;
    trial.results[i].emplace();
    Tensor exact = expected(plan, step, i, values, trial);
    Trial::Result& result = *trial.results[i];
    const bool own = result.value == no_value;
    result.rounding = {rounded_to(plan, step, exact.type()),
                       own ? unknown_summands : values.summands(),
                       tf32_ && step.place == Place::device};
    result.expectation = expectation(std::move(exact), {}, result.rounding);
    result.shaken = own;
  }
}

// The type whose digits the kernel's results of `type` have.
ElementType Validator::rounded_to(const Plan& plan, const Step& step, ElementType type) const {
  if (type != ElementType::float32) return type;
  if (rounds_to_narrow(plan, step)) return narrow_;
  // Tensor cores add products of float8 with few digits more than float16 has.
  const auto is_float8 = [](const std::optional<Operand>& operand) {
    return operand && is_floating(operand->type.element) && bit_width(operand->type.element) == 8;
  };
  const Problem& problem = step.problem;
  const bool product =
      problem.kind == ProblemKind::matmul || problem.kind == ProblemKind::convolution;
  return product && is_float8(problem.inputs[0]) ? ElementType::float16 : type;
}

// Whether an operand or a result is in 16 bits where the model has float32.
bool Validator::rounds_to_narrow(const Plan& plan, const Step& step) const {
  const auto is_narrow = [&](BufferId id) {
    return id != no_buffer && plan.buffer(id).type.element == narrow_;
  };
  return narrow_ != ElementType::undefined && (std::ranges::any_of(step.inputs, is_narrow) ||
                                               std::ranges::any_of(step.outputs, is_narrow));
}

// Adds to what is allowed a multiple of what shaking the model's own rounding moves.
void Validator::allow_shaking(Trial& trial, size_t output) {
  Trial::Result& result = *trial.results[output];
  OriginalValues& values = *trial.values;
  std::vector<Tensor> shaken{values.at(result.value, result.grid, 1)};
  if (values.discontinuous()) shaken.push_back(values.at(result.value, result.grid, -1));
  result.rounding.summands = values.summands();
  result.expectation = expectation(result.expectation.exact, shaken, result.rounding);
  result.shaken = true;
}

// Most kernels are so near to the model that it need not be asked how far off they may be.
Comparison Validator::compare_with(Trial& trial, size_t output, const Tensor& got) {
  Trial::Result& result = *trial.results[output];
  const Comparison found = compare(result.expectation, got);
  if (found.part <= clearly_right || result.shaken) return found;
  allow_shaking(trial, output);
  return compare(result.expectation, got);
}

Validation Validator::validate(const Plan& plan, const Step& step, const Tactic& tactic,
                               const std::string& configuration) {
  if (plan_ != &plan) {
    plan_ = &plan;
    names_ = PlanNames(original_, plan);
  }
  Validation result;
  if (step_ != &step) {
    step_ = &step;
    try {
      trial_ = first_trial(plan, step);
    } catch (const Error& error) {
      trial_ = std::make_unique<Trial>();
      trial_->reason = error.message();
    }
  }
  if (trial_->reason.empty()) {
    const Plan lone = lone_step(plan, step, tactic, configuration, threads_);
    try_kernel(lone, result);
    if (!result.passed) try_deeper(plan, step, lone, result);
  }
  if (!trial_->reason.empty()) return {true, 0, 0, trial_->reason};
  if (result.passed && result.text.empty())
    result.text = result.points > 0 ? trial_->remark
                                    : "the model gives no finite numbers for random operands";
  return result;
}

// A pass may rest on what the model makes the operands of: what a Relu gives is not negative, and
// two values may follow from a third. Numbers by chance that no run of the model has prove nothing,
// so that the kernel is tried on operands which the model's nodes compute.
void Validator::try_deeper(const Plan& plan, const Step& step, const Plan& lone, Validation& into) {
  std::unique_ptr<Trial> first = std::move(trial_);
  for (const int nodes : {1, 2, 4, 8}) {
    Validation found;
    nodes_before_ = nodes;
    try {
      trial_ = make_trial(plan, step, first->shapes);
      try_kernel(lone, found);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::device) throw;
      continue;  // no more can be told
    }
    if (trial_->reason.empty() && found.passed && found.points > 0) {
      nodes_before_ = 0;
      into = std::move(found);
      return;
    }
  }
  nodes_before_ = 0;
  trial_ = std::move(first);
}

// Runs a plan of one step. Writes the trial's reason where the model can't tell how far the results
// may be off.
void Validator::try_kernel(const Plan& lone, Validation& into) {
  std::vector<std::optional<Tensor>> got;
  try {
    got = target_.run_step(lone, trial_->inputs, trial_->shapes);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::device) throw;
    into.text = "it could not be run: " + error.message();
    return;
  }
  try {
    for (size_t i = 0; i < got.size() && into.passed; ++i)
      if (trial_->results[i])
        judge(i, *got[i], lone.buffer(lone.root.steps[0].outputs[i]).layout, into);
  } catch (const Error& error) {
    trial_->reason = error.message();
  }
}

void Validator::judge(size_t output, const Tensor& got, const Layout& layout, Validation& into) {
  const Trial::Result& result = *trial_->results[output];
  if (got.shape() != result.shape) {
    into.passed = false;
    into.text = fmt::format("{}its shape: result {} is of shape {}, expected {}", error_prefix,
                            output, to_string(got.shape()), to_string(result.shape));
    return;
  }
  const Comparison found = compare_with(*trial_, output, at_grid(got.view(), layout, result.grid));
  into.points += found.points;
  into.error = std::max(into.error, found.part);
  if (found.part <= 1) return;
  into.passed = false;
  into.text = fmt::format(
      "{}{:.3g} where {:.3g} is allowed: result {} at {}: expected {}, got {}; {} of {} points are "
      "wrong",
      error_prefix, found.error, found.allowed, output, place(result.grid, found.worst),
      found.expected, found.got, found.wrong, found.points);
}

}  // namespace cermet
