#include "tests/backends/step_case.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "backends/cpu/build/tactics.h"
#include "backends/cpu/run/kernel_library.h"
#include "backends/cpu/run/kernels.h"
#include "base/error.h"
#include "ops/operator.ref.h"
#include "tactics/pack_constants.h"

namespace cermet::test {
namespace {

Tensor random_tensor(const Shape& shape, std::mt19937& generator) {
  std::uniform_real_distribution<float> values(-1, 1);
  Tensor tensor(ElementType::float32, shape);
  float* data = tensor.view().as<float>();
  for (int64_t i = 0; i < tensor.elements(); ++i) data[i] = values(generator);
  return tensor;
}

// Row-major elements in the places of a layout, or back.
Tensor relaid(const Tensor& from, const Layout& layout, bool back) {
  Tensor to(ElementType::float32, from.shape());
  const std::vector<int64_t> steps = strides(from.shape(), layout);
  for_each_index(from.shape(), [&](const std::vector<int64_t>& index, int64_t i) {
    int64_t place = 0;
    for (size_t d = 0; d < index.size(); ++d) place += index[d] * steps[d];
    to.view().as<float>()[back ? i : place] = from.as<float>()[back ? place : i];
  });
  return to;
}

Tensor expected_result(const StepCase& c, const std::vector<Tensor>& inputs) {
  const size_t own = c.epilogue.empty() ? inputs.size() : c.epilogue_first;
  const std::vector<std::optional<Value>> arguments(inputs.begin(), inputs.begin() + own);
  Tensor result = c.kind == ProblemKind::reorder
                      ? inputs[0]
                      : evaluate(*find_operator("", c.op), c.attributes, arguments, 1)[0].tensor;
  if (c.epilogue.empty()) return result;
  std::vector<ConstTensorView> operands{result.view()};
  for (size_t i = own; i < inputs.size(); ++i) operands.push_back(inputs[i].view());
  Tensor finished(ElementType::float32, result.shape());
  const TensorView view = finished.view();
  evaluate_reference(c.epilogue, operands, std::span(&view, 1));
  return finished;
}

// The step in a plan of its own.
struct Built {
  Plan plan;
  std::vector<Tensor> inputs;  // row-major
  Tensor expected;
  std::vector<std::optional<Shape>> shapes;
};

BufferId add_buffer(Plan& plan, const Shape& shape, const Layout& layout, Storage storage) {
  Buffer buffer;
  buffer.name = fmt::format("b{}", plan.buffers.size());
  buffer.type = ValueType::tensor(ElementType::float32, to_dims(shape));
  buffer.layout = layout;
  buffer.storage = storage;
  plan.buffers.push_back(std::move(buffer));
  return static_cast<BufferId>(plan.buffers.size() - 1);
}

Operand operand_of(const Buffer& buffer) {
  return {buffer.type, buffer.layout, buffer.storage == Storage::constant};
}

Built build(const StepCase& c) {
  Built built;
  std::mt19937 generator(7);
  Step step;
  step.name = c.op;
  step.problem.kind = c.kind;
  step.problem.op = c.op;
  step.problem.attributes = c.attributes;
  step.problem.expression = c.epilogue;
  step.problem.epilogue_first = c.epilogue.empty() ? 0 : c.epilogue_first;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const StepInput& input = c.inputs[i];
    built.inputs.push_back(random_tensor(input.shape, generator));
    built.shapes.emplace_back(input.shape);
    const BufferId id = add_buffer(built.plan, input.shape, input.layout,
                                   input.constant ? Storage::constant : Storage::activation);
    if (input.constant) {
      built.plan.buffers[id].constant = static_cast<int32_t>(built.plan.constants.size());
      built.plan.constants.push_back({built.inputs.back(), {}, {}});
      if (i == 1 && !c.form.empty())
        built.plan.constants.back() = {
            relaid(built.inputs.back(), c.form_layout, false), {}, {}, c.form};
    }
    step.inputs.push_back(id);
    step.problem.inputs.emplace_back(operand_of(built.plan.buffers[id]));
  }
  built.expected = expected_result(c, built.inputs);
  step.outputs = {
      add_buffer(built.plan, built.expected.shape(), c.output_layout, Storage::activation)};
  step.problem.outputs = {operand_of(built.plan.buffers[step.outputs[0]])};
  built.plan.root.steps.push_back(std::move(step));
  return built;
}

const Tactic& find_tactic(std::string_view name) {
  for (const Tactic& tactic : cpu::tactics())
    if (tactic.name == name) return tactic;
  fail(ErrorCode::internal, "no tactic {}", name);
}

std::unique_ptr<Kernel> make_kernel(std::string_view tactic, const Plan& plan) {
  const auto entries =
      tactic.starts_with(cpu::onednn_prefix) ? cpu::onednn_library().kernels : cpu::kernels();
  for (const KernelEntry& entry : entries)
    if (entry.tactic == tactic) return entry.make({&plan, plan.root.steps.data()});
  fail(ErrorCode::internal, "no kernel {}", tactic);
}

double compare(const Tensor& expected, const Tensor& got) {
  double worst = 0;
  for (int64_t i = 0; i < expected.elements(); ++i) {
    const double want = expected.as<float>()[i], have = got.as<float>()[i];
    if (want == have || (std::isnan(want) && std::isnan(have))) continue;
    const double error = std::fabs(want - have) / std::max(1.0, std::fabs(want));
    worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
  }
  return worst;
}

Tensor run(const StepCase& c, Built& built, BoundKernel& kernel) {
  const Step& step = built.plan.root.steps[0];
  std::vector<Tensor> relaid_inputs;
  std::vector<const void*> inputs;
  for (size_t i = 0; i < built.inputs.size(); ++i) {
    relaid_inputs.push_back(relaid(built.inputs[i], c.inputs[i].layout, false));
    const int32_t constant = built.plan.buffer(step.inputs[i]).constant;
    inputs.push_back(constant < 0 ? relaid_inputs[i].data()
                                  : built.plan.constants[constant].tensor.data());
  }
  Tensor output(ElementType::float32, built.expected.shape());
  std::fill_n(output.view().as<float>(), output.elements(), std::nanf(""));
  if (c.in_place) {
    require(!step.in_place.empty(), ErrorCode::internal, "the tactic allows nothing in place");
    output = relaid_inputs[step.in_place[0].second];
  }
  void* result = output.view().data;
  Tensor workspace(ElementType::uint8, {static_cast<int64_t>(kernel.workspace_bytes()) + 1});
  ThreadTeam team(2);
  kernel.run({inputs, std::span(&result, 1), workspace.view().data, &team});
  return relaid(output, c.output_layout, true);
}

}  // namespace

std::string rejection(const StepCase& step_case, std::string_view tactic) {
  const Built built = build(step_case);
  return find_tactic(tactic).rejects({&built.plan, built.plan.root.steps.data(), 2}).value_or("");
}

double worst_error(const StepCase& step_case, std::string_view tactic, std::string* description) {
  Built built = build(step_case);
  Step& step = built.plan.root.steps[0];
  const auto reason = find_tactic(tactic).rejects({&built.plan, &step, 2});
  require(!reason, ErrorCode::unsupported, "{} rejects: {}", tactic, reason.value_or(""));
  step.choice.tactic = tactic;
  if (step_case.in_place) find_tactic(tactic).prepare(built.plan, step);
  if (step_case.packed) pack_constants(built.plan, cpu::tactics(), {{}, 2});
  const auto kernel = make_kernel(tactic, built.plan);
  const std::vector<std::optional<Shape>> outputs{built.expected.shape()};
  const auto bound = kernel->bind({built.shapes, outputs, 2});
  if (description) *description = bound->description();
  const Tensor first = run(step_case, built, *bound);
  // A second run must not depend on what the first one left.
  return std::max(compare(built.expected, first),
                  compare(built.expected, run(step_case, built, *bound)));
}

}  // namespace cermet::test
