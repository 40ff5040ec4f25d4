#include "engine/check_plan.h"

#include <algorithm>

#include "engine/decode_values.h"
#include "expr/same_bytes.h"

namespace cermet {
namespace {

// Kernels read as many bytes as the buffer's type says, however the constant was packed.
void check_constant(const Plan& plan, const Buffer& buffer) {
  const ValueType& type = buffer.type;
  expect_engine(type.is_tensor(), "type: expected a tensor since it is constant, got {}",
                type.to_string());
  expect_engine(buffer.alias == no_buffer, "alias: expected none since it is constant, got {}",
                buffer.alias);
  const Tensor& tensor = plan.constants[buffer.constant].tensor;
  expect_engine((type.element == ElementType::string) == (tensor.type() == ElementType::string),
                "constant: expected elements of type {}, got {}", name(type.element),
                name(tensor.type()));
  if (!type.is_static()) return;
  const size_t needed = byte_size(type.element, constants(*type.dims), buffer.layout);
  expect_engine(tensor.bytes() >= needed, "constant: expected at least {} bytes for {}, got {}",
                needed, type.to_string(), tensor.bytes());
}

void check_buffers(const Plan& plan) {
  const auto constant_count = static_cast<int64_t>(plan.constants.size());
  for (size_t i = 0; i < plan.buffers.size(); ++i) {
    const Buffer& buffer = plan.buffers[i];
    in_field([&] { return fmt::format("buffer {} '{}'", i, buffer.name); },
             [&] {
               const bool is_constant = buffer.storage == Storage::constant;
               expect_engine(is_constant ? buffer.constant >= 0 && buffer.constant < constant_count
                                         : buffer.constant == -1,
                             "constant: expected {}, got {}",
                             is_constant ? fmt::format("an index below {}", constant_count)
                                         : "-1 since it is not constant",
                             buffer.constant);
               if (is_constant) check_constant(plan, buffer);
             });
  }
}

// A view reads the memory of its alias, and so does a step that writes a part of it. Sizes that
// are not known yet are looked at when they are.
void check_alias(const Plan& plan, const Buffer& view) {
  const Buffer& whole = plan.buffers[view.alias];
  expect_engine(view.type.is_tensor() && view.type.element == whole.type.element &&
                    view.type.kind == whole.type.kind && bit_width(view.type.element) > 0,
                "alias: expected numbers as in '{}', which is {}, got {}", whole.name,
                whole.type.to_string(), view.type.to_string());
  if (!view.type.is_static() || !whole.type.is_static()) return;
  const size_t needed = byte_size(view.type.element, constants(*view.type.dims), view.layout);
  const size_t there = byte_size(whole.type.element, constants(*whole.type.dims), whole.layout);
  expect_engine(needed <= there, "alias: expected at most the {} bytes of '{}', got {}", there,
                whole.name, needed);
  if (!view.alias_offset.is_constant()) return;
  const int64_t offset = view.alias_offset.constant();
  expect_engine(offset >= 0 && (needed == 0 || static_cast<size_t>(offset) <= there - needed),
                "alias_offset: expected 0 to {}, got {}", there - needed, offset);
}

void check_aliases(const Plan& plan) {
  for (size_t i = 0; i < plan.buffers.size(); ++i) {
    const Buffer& view = plan.buffers[i];
    if (view.alias == no_buffer)
      expect_engine(view.alias_offset.is_constant(0),
                    "buffer {} '{}': alias_offset: expected none without an alias, got {}", i,
                    view.name, view.alias_offset.to_string());
    else
      in_field([&] { return fmt::format("buffer {} '{}'", i, view.name); },
               [&] { check_alias(plan, view); });
  }
}

bool same_layout(const Operand& operand, const Buffer& buffer) {
  return operand.layout == buffer.layout ||
         (buffer.type.has_rank() && same_bytes(*buffer.type.dims, operand.layout, buffer.layout));
}

// An operand of a problem is absent where the step has no buffer.
void check_operands(const Plan& plan, const std::vector<std::optional<Operand>>& operands,
                    const std::vector<BufferId>& buffers, std::string_view field) {
  expect_engine(operands.size() == buffers.size(), "{}s: the problem has {}, the step {}", field,
                operands.size(), buffers.size());
  for (size_t i = 0; i < operands.size(); ++i) {
    expect_engine(operands[i].has_value() == (buffers[i] != no_buffer),
                  "{} {}: the problem and the step do not agree on whether it is absent", field, i);
    if (!operands[i]) continue;
    const Buffer& buffer = plan.buffer(buffers[i]);
    expect_engine(operands[i]->type.kind == buffer.type.kind &&
                      operands[i]->type.element == buffer.type.element &&
                      operands[i]->type.has_rank() == buffer.type.has_rank() &&
                      same_layout(*operands[i], buffer),
                  "{} {}: the problem has {}, the step {}", field, i, operands[i]->to_string(),
                  buffer.type.to_string());
    expect_engine(!buffer.type.has_rank() || operands[i]->type.rank() == buffer.type.rank(),
                  "{} {}: the problem has rank {}, the step {}", field, i, operands[i]->type.rank(),
                  buffer.type.rank());
  }
}

void check_expression(const Problem& problem) {
  expect_engine(problem.epilogue_first <= problem.inputs.size(),
                "epilogue_first: expected at most {}, got {}", problem.inputs.size(),
                problem.epilogue_first);
  const bool pointwise = problem.kind == ProblemKind::pointwise;
  expect_engine(!pointwise || !problem.expression.empty(), "expression: expected one, got none");
  if (problem.expression.empty()) return;
  const size_t most =
      pointwise ? problem.inputs.size() : 1 + problem.inputs.size() - problem.epilogue_first;
  const int used = problem.expression.operand_count();
  expect_engine(used >= 0 && static_cast<size_t>(used) <= most,
                "expression: expected at most {} operands, got {}", most, used);
  expect_engine(!pointwise || problem.expression.results().size() == problem.outputs.size(),
                "expression: expected {} results, got {}", problem.outputs.size(),
                problem.expression.results().size());
}

void check_in_place(const Step& step) {
  for (const auto& [output, input] : step.in_place)
    expect_engine(output >= 0 && static_cast<size_t>(output) < step.outputs.size() &&
                      step.outputs[output] != no_buffer && input >= 0 &&
                      static_cast<size_t>(input) < step.inputs.size() &&
                      step.inputs[input] != no_buffer,
                  "in_place: expected one of {} outputs and one of {} inputs, got {} and {}",
                  step.outputs.size(), step.inputs.size(), output, input);
}

// The values that a body needs at least, and those that it gives. `taken` of the step's inputs are
// read by the step itself; `first` inputs and results of the body come before the carried values.
void check_loop_body(const Step& step, const Region& body, size_t taken, size_t inputs_first,
                     size_t outputs_first, size_t sliced) {
  const int64_t captured = step.problem.attributes.integer("captured", 0);
  const size_t given = step.inputs.size();
  expect_engine(captured >= 0 && taken + sliced <= given &&
                    static_cast<uint64_t>(captured) <= given - taken - sliced,
                "captured: expected at most the {} inputs of the step, got {}", given, captured);
  const size_t carried = given - taken - sliced - static_cast<size_t>(captured);
  expect_engine(carried <= step.outputs.size(), "outputs: expected at least {}, got {}", carried,
                step.outputs.size());
  expect_engine(body.inputs.size() >= inputs_first + carried + sliced,
                "body's inputs: expected at least {}, got {}", inputs_first + carried + sliced,
                body.inputs.size());
  const auto own_end = body.inputs.begin() + inputs_first + carried + sliced;
  expect_engine(std::find(body.inputs.begin(), own_end, no_buffer) == own_end,
                "body's inputs: expected the first {} to be present",
                inputs_first + carried + sliced);
  expect_engine(body.outputs.size() == outputs_first + step.outputs.size(),
                "body's outputs: expected {}, got {}", outputs_first + step.outputs.size(),
                body.outputs.size());
}

void check_scan(const Step& step) {
  const int64_t sliced = step.problem.attributes.integer("num_scan_inputs");
  expect_engine(sliced >= 0 && static_cast<uint64_t>(sliced) <= step.inputs.size(),
                "num_scan_inputs: expected at most the {} inputs of the step, got {}",
                step.inputs.size(), sliced);
  check_loop_body(step, step.regions[0], 0, 0, 0, static_cast<size_t>(sliced));
}

void check_branch(const Step& step) {
  expect_engine(!step.inputs.empty() && step.inputs[0] != no_buffer,
                "inputs: expected a condition, got none");
  for (const Region& region : step.regions)
    expect_engine(region.outputs.size() == step.outputs.size(),
                  "region's outputs: expected {}, got {}", step.outputs.size(),
                  region.outputs.size());
}

void check_regions(const Step& step) {
  const ProblemKind kind = step.problem.kind;
  const bool repeats = kind == ProblemKind::loop || kind == ProblemKind::scan;
  const size_t expected = kind == ProblemKind::branch ? 2 : repeats ? 1 : 0;
  expect_engine(step.regions.size() == expected,
                "regions: expected {} in a step of kind {}, got {}", expected, name(kind),
                step.regions.size());
  if (kind == ProblemKind::branch) check_branch(step);
  if (kind == ProblemKind::loop) check_loop_body(step, step.regions[0], 2, 2, 1, 0);
  if (kind == ProblemKind::scan) check_scan(step);
}

void check_argument(const Step& step, const LaunchArgument& argument, std::string_view of) {
  if (argument.kind != LaunchArgument::Kind::input && argument.kind != LaunchArgument::Kind::output)
    return;
  const auto& operands = argument.kind == LaunchArgument::Kind::input ? step.inputs : step.outputs;
  expect_engine(argument.index >= 0 && static_cast<size_t>(argument.index) < operands.size(),
                "{}: argument: expected one of {} operands, got {}", of, operands.size(),
                argument.index);
}

// A program has the modules and operands that it names, and either launches or a call.
void check_program(const Plan& plan, const Step& step) {
  if (step.program.call)
    expect_engine(step.program.launches.empty(), "call: expected no launches beside it, got {}",
                  step.program.launches.size());
  for (const Launch& launch : step.program.launches) {
    expect_engine(launch.module >= 0 && static_cast<size_t>(launch.module) < plan.modules.size(),
                  "launch: module: expected an index below {}, got {}", plan.modules.size(),
                  launch.module);
    for (const LaunchArgument& argument : launch.arguments)
      check_argument(step, argument, "launch");
  }
  if (!step.program.call) return;
  expect_engine(step.place == Place::device, "call: expected a step on the device");
  for (const LaunchArgument& argument : step.program.call->arguments)
    check_argument(step, argument, "call");
}

void check_step(const Plan& plan, const Step& step) {
  check_operands(plan, step.problem.inputs, step.inputs, "input");
  check_operands(plan, step.problem.outputs, step.outputs, "output");
  check_expression(step.problem);
  check_in_place(step);
  check_program(plan, step);
  check_regions(step);
}

void check_profile_input(const Plan& plan, const ProfileInput& range) {
  const auto& names = plan.input_names;
  const auto found = std::find(names.begin(), names.end(), range.name);
  expect_engine(found != names.end(), "name: expected an input of the engine");
  const ValueType& type = plan.buffer(plan.root.inputs[found - names.begin()]).type;
  const size_t rank = type.has_rank() ? type.dims->size() : range.opt.size();
  expect_engine(range.min.size() == rank && range.opt.size() == rank && range.max.size() == rank,
                "min, opt, max: expected {} dimensions, got {}, {} and {}", rank, range.min.size(),
                range.opt.size(), range.max.size());
  for (size_t d = 0; d < rank; ++d)
    expect_engine(0 <= range.min[d] && range.min[d] <= range.opt[d] && range.opt[d] <= range.max[d],
                  "dimension {}: expected 0 <= min <= opt <= max, got {}, {} and {}", d,
                  range.min[d], range.opt[d], range.max[d]);
}

void check_profiles(const Plan& plan) {
  for (size_t i = 0; i < plan.profiles.size(); ++i)
    for (const ProfileInput& range : plan.profiles[i].inputs)
      in_field([&] { return fmt::format("profile {}: input '{}'", i, range.name); },
               [&] { check_profile_input(plan, range); });
}

}  // namespace

void check_plan(const Plan& plan) {
  check_buffers(plan);
  verify(plan);
  check_aliases(plan);
  for (const BufferId id : plan.root.inputs)
    expect_engine(id != no_buffer, "root's inputs: expected none to be absent");
  for_each_step(plan.root.steps, [&plan](const Step& step) {
    in_field([&] { return fmt::format("step '{}'", step.name); }, [&] { check_step(plan, step); });
  });
  check_profiles(plan);
}

}  // namespace cermet
