#include "tests/support/kernel_case.h"

#include <cmath>
#include <cstring>
#include <random>

#include "backends/cpu/run/kernels.h"
#include "backends/cpu/run/strided.h"
#include "base/scalar.h"

namespace cermet::testing {
namespace {

// Hands operands to the reference kernel and keeps what it makes.
class CollectingCall : public DynamicCall {
 public:
  CollectingCall(const KernelCase& what, std::vector<Tensor>& results)
      : what_(what), results_(results) {}

  std::vector<std::optional<Input>> inputs() const override {
    std::vector<std::optional<Input>> list;
    for (const auto& input : what_.inputs)
      list.push_back(input ? std::optional<Input>(input->view()) : std::nullopt);
    return list;
  }
  bool wants_output(size_t i) const override { return i < results_.size(); }
  TensorView allocate(size_t i, ElementType type, const Shape& shape) override {
    results_[i] = Tensor(type, shape);
    return results_[i].view();
  }
  void set_output(size_t, Value) override { throw Error(ErrorCode::internal, "not a tensor"); }
  ThreadTeam& team() override { return team_; }

 private:
  const KernelCase& what_;
  std::vector<Tensor>& results_;
  ThreadTeam team_{1};
};

struct StepPlan {
  Plan plan;
  Step step;
};

StepPlan plan_of(const KernelCase& what) {
  StepPlan made;
  made.step.problem = what.problem;
  made.step.choice.configuration = what.configuration;
  const auto add = [&](const std::optional<Operand>& operand, const Tensor* constant) {
    if (!operand) return no_buffer;
    Buffer buffer;
    buffer.type = operand->type;
    buffer.layout = operand->layout;
    if (constant != nullptr) {
      buffer.storage = Storage::constant;
      buffer.constant = static_cast<int32_t>(made.plan.constants.size());
      made.plan.constants.push_back({*constant, {}, {}});
    }
    made.plan.buffers.push_back(buffer);
    return static_cast<BufferId>(made.plan.buffers.size() - 1);
  };
  for (size_t i = 0; i < what.inputs.size(); ++i)
    made.step.inputs.push_back(
        add(what.problem.inputs[i], i < what.constant.size() && what.constant[i] && what.inputs[i]
                                        ? &*what.inputs[i]
                                        : nullptr));
  for (const auto& output : what.problem.outputs) made.step.outputs.push_back(add(output, nullptr));
  return made;
}

Layout layout_at(const std::vector<Layout>& layouts, size_t i) {
  return i < layouts.size() ? layouts[i] : Layout{};
}

// Copies between row-major and a layout.
void copy_layout(const Tensor& shape_of, const Layout& layout, const void* from, void* to,
                 bool into_layout) {
  const Shape& shape = shape_of.shape();
  const std::vector<int64_t> row_major = strides(shape, Layout{});
  const std::vector<int64_t> other = strides(shape, layout);
  const size_t bytes = static_cast<size_t>(bit_width(shape_of.type())) / 8;
  for (int64_t i = 0, n = shape_of.elements(); i < n; ++i) {
    int64_t place = 0;
    for (size_t d = 0; d < shape.size(); ++d) place += i / row_major[d] % shape[d] * other[d];
    const int64_t source = into_layout ? i : place, target = into_layout ? place : i;
    std::memcpy(static_cast<std::byte*>(to) + target * bytes,
                static_cast<const std::byte*>(from) + source * bytes, bytes);
  }
}

using Memory = std::vector<std::byte>;

std::byte* aligned(Memory& memory, size_t bytes, size_t misalignment) {
  memory.assign(bytes + 64 + misalignment + 64, std::byte{0x7b});
  const size_t rest = reinterpret_cast<uintptr_t>(memory.data()) % 64;
  return memory.data() + (64 - rest) + misalignment;
}

}  // namespace

KernelCase kernel_case(ProblemKind kind, std::string op, std::vector<std::optional<Tensor>> inputs,
                       Attributes attributes) {
  KernelCase what;
  what.problem.kind = kind;
  what.problem.op = std::move(op);
  what.problem.attributes = std::move(attributes);
  what.inputs = std::move(inputs);
  return what;
}

KernelCase pointwise_case(std::string_view expression, std::vector<std::optional<Tensor>> inputs) {
  KernelCase what = kernel_case(ProblemKind::pointwise, "Pointwise", std::move(inputs));
  what.problem.domain = "cermet";
  what.problem.expression = ScalarExpr::parse(expression);
  what.output_count = what.problem.expression.results().size();
  return what;
}

void add_epilogue(KernelCase& what, std::string_view expression) {
  what.problem.expression = ScalarExpr::parse(expression);
  what.problem.epilogue_first = what.inputs.size();
}

std::vector<Tensor> run_reference(KernelCase& what) {
  Problem& problem = what.problem;
  problem.inputs.clear();
  for (const auto& input : what.inputs)
    problem.inputs.push_back(
        input ? std::optional<Operand>(
                    {ValueType::tensor(input->type(), to_dims(input->shape())), {}, false})
              : std::nullopt);
  problem.outputs.assign(what.output_count, Operand{});
  const StepPlan made = plan_of(what);
  const KernelContext context{&made.plan, &made.step};
  std::vector<Tensor> results(what.output_count);
  CollectingCall call(what, results);
  cpu::make_reference_kernel(context)->run_dynamic(call);
  for (size_t i = 0; i < what.inputs.size(); ++i) {
    if (!problem.inputs[i]) continue;
    problem.inputs[i]->layout = layout_at(what.layouts, i);
    problem.inputs[i]->constant = i < what.constant.size() && what.constant[i];
  }
  for (size_t i = 0; i < results.size(); ++i)
    problem.outputs[i] = Operand{ValueType::tensor(results[i].type(), to_dims(results[i].shape())),
                                 layout_at(what.output_layouts, i), false};
  return results;
}

std::vector<Tensor> run_kernel(const KernelCase& what, const KernelRun& how) {
  const StepPlan made = plan_of(what);
  const KernelContext context{&made.plan, &made.step};
  const auto kernel = how.make(context, how.set);
  std::vector<std::optional<Shape>> input_shapes, output_shapes;
  std::vector<Memory> memory(what.inputs.size() + what.problem.outputs.size() + 1);
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  for (size_t i = 0; i < what.inputs.size(); ++i) {
    inputs.push_back(nullptr);
    input_shapes.emplace_back();
    if (!what.inputs[i]) continue;
    const Tensor& tensor = *what.inputs[i];
    input_shapes.back() = tensor.shape();
    if (context.constant(i) != nullptr) {
      inputs.back() = tensor.data();
      continue;
    }
    const Layout layout = layout_at(what.layouts, i);
    std::byte* place =
        aligned(memory[i], byte_size(tensor.type(), tensor.shape(), layout), how.misalignment);
    copy_layout(tensor, layout, tensor.data(), place, true);
    inputs.back() = place;
  }
  std::vector<Tensor> results;
  for (const auto& output : what.problem.outputs) {
    results.emplace_back(output->type.element, constants(*output->type.dims));
    output_shapes.emplace_back(results.back().shape());
    outputs.push_back(how.in_place && outputs.empty()
                          ? const_cast<void*>(inputs[0])
                          : aligned(memory[inputs.size() + outputs.size()], results.back().bytes(),
                                    how.misalignment));
  }
  ThreadTeam team(how.threads);
  const auto bound = kernel->bind({input_shapes, output_shapes, how.threads});
  std::byte* workspace = aligned(memory.back(), bound->workspace_bytes(), 0);
  for (int repetition = 0; repetition < (how.in_place ? 1 : 2); ++repetition)
    bound->run({inputs, outputs, workspace, &team});
  for (size_t i = 0; i < results.size(); ++i)
    copy_layout(results[i], layout_at(what.output_layouts, i), outputs[i], results[i].view().data,
                false);
  return results;
}

std::vector<InstructionSet> available_sets() {
  std::vector<InstructionSet> sets{InstructionSet::portable};
  if (cpu_features().avx2) sets.push_back(InstructionSet::avx2);
  if (cpu_features().avx512) sets.push_back(InstructionSet::avx512);
  return sets;
}

void expect_close(const Tensor& expected, const Tensor& got, Tolerance tolerance,
                  const std::string& what) {
  ASSERT_EQ(expected.type(), got.type()) << what;
  ASSERT_EQ(expected.shape(), got.shape()) << what;
  const bool real = is_floating(expected.type());
  for (int64_t i = 0; i < expected.elements(); ++i) {
    if (!real) {
      ASSERT_EQ(load_element<int64_t>(expected.view(), i), load_element<int64_t>(got.view(), i))
          << what << ", element " << i;
      continue;
    }
    const double a = load_element<double>(expected.view(), i);
    const double b = load_element<double>(got.view(), i);
    if (std::isnan(a) || std::isinf(a)) {
      ASSERT_TRUE(std::isnan(a) ? std::isnan(b) : a == b)
          << what << ", element " << i << ": expected " << a << ", got " << b;
      continue;
    }
    ASSERT_LE(std::fabs(a - b), tolerance.absolute + tolerance.relative * std::fabs(a))
        << what << ", element " << i << ": expected " << a << ", got " << b;
  }
}

void expect_same_as_reference(KernelCase what, cpu::OwnKernelFactory make, Tolerance tolerance) {
  const std::vector<Tensor> expected = run_reference(what);
  for (InstructionSet set : available_sets())
    for (int threads : {1, 2, 3}) {
      const KernelRun how{make, set, threads, false, threads == 2 ? size_t{8} : 0};
      const std::vector<Tensor> got = run_kernel(what, how);
      for (size_t i = 0; i < expected.size(); ++i)
        expect_close(expected[i], got[i], tolerance,
                     fmt::format("{} on {} with {} threads, output {}", what.problem.to_string(),
                                 name(set), threads, i));
      if (::testing::Test::HasFatalFailure()) return;
    }
}

Tensor random_tensor(ElementType type, Shape shape, double low, double high, uint32_t seed) {
  Tensor tensor(type, std::move(shape));
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> real(low, high);
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    if (is_floating(type))
      store_element<double>(tensor.view(), i, real(random));
    else
      store_element<int64_t>(tensor.view(), i, static_cast<int64_t>(std::floor(real(random))));
  }
  return tensor;
}

}  // namespace cermet::testing
