#include "bench/cuda/operator_case.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "base/error.h"
#include "base/scalar.h"
#include "ops/operator.ref.h"

namespace cermet::bench {
namespace {

// Random numbers repeat behind these.
constexpr int64_t distinct_numbers = 1 << 18;

class PlanOfCase {
 public:
  explicit PlanOfCase(const OperatorCase& what) : what_(what) {
    step_.name = what.name;
    step_.place = Place::device;
    step_.problem.kind = what.kind;
    step_.problem.domain = what.domain;
    step_.problem.op = what.op;
    for (const auto& [name, value] : what.attributes) step_.problem.attributes.set(name, value);
    if (!what.expression.empty()) step_.problem.expression = ScalarExpr::parse(what.expression);
  }

  OperatorPlan build() {
    for (const auto& input : what_.inputs) add_input(input);
    for (const ValueType& type : result_types()) add_output(type);
    made_.plan.root.steps.push_back(std::move(step_));
    return std::move(made_);
  }

 private:
  void add_input(const std::optional<OperandSpec>& spec) {
    if (!spec) {
      step_.problem.inputs.emplace_back();
      step_.inputs.push_back(no_buffer);
      made_.shapes.inputs.emplace_back();
      return;
    }
    const Operand operand{ValueType::tensor(spec->type, to_dims(spec->shape)), spec->layout,
                          spec->constant};
    step_.problem.inputs.emplace_back(operand);
    step_.inputs.push_back(add_buffer(operand));
    made_.shapes.inputs.emplace_back(spec->shape);
    if (!spec->constant) return;
    Buffer& buffer = made_.plan.buffers.back();
    buffer.storage = Storage::constant;
    buffer.constant = static_cast<int32_t>(made_.plan.constants.size());
    made_.plan.constants.push_back(
        {numbers_of(*spec, static_cast<unsigned>(step_.inputs.size())), {}, {}});
  }

  void add_output(const ValueType& type) {
    require(type.has_rank(), ErrorCode::internal, "{}: a result of unknown rank", what_.name);
    for (const Dim& dim : *type.dims)
      require(dim.is_constant(), ErrorCode::internal, "{}: the size of a result depends on data",
              what_.name);
    const Operand operand{type, what_.result, false};
    step_.problem.outputs.emplace_back(operand);
    step_.outputs.push_back(add_buffer(operand));
    made_.shapes.outputs.emplace_back(constants(*type.dims));
  }

  BufferId add_buffer(const Operand& operand) {
    Buffer buffer;
    buffer.type = operand.type;
    buffer.layout = operand.layout;
    buffer.place = Place::device;
    made_.plan.buffers.push_back(std::move(buffer));
    return static_cast<BufferId>(made_.plan.buffers.size() - 1);
  }

  std::vector<ValueType> result_types() const {
    if (what_.kind == ProblemKind::pointwise) return pointwise_types();
    const Operator* op = find_operator(what_.domain, what_.op);
    require(op != nullptr, ErrorCode::internal, "{}: there is no operator {}", what_.name,
            what_.op);
    std::vector<std::optional<InferContext::Input>> inputs;
    for (size_t i = 0; i < step_.inputs.size(); ++i) inputs.push_back(inference_input(i));
    int symbols = 0;
    InferContext infer(what_.op, step_.problem.attributes, std::move(inputs), what_.outputs,
                       [&symbols](std::string_view hint) {
                         return Dim::symbol(fmt::format("{}.{}", hint, symbols++));
                       });
    op->infer(infer);
    std::vector<ValueType> types;
    for (const auto& output : infer.outputs()) types.push_back(output.type);
    return types;
  }

  std::optional<InferContext::Input> inference_input(size_t i) const {
    if (!step_.problem.inputs[i]) return std::nullopt;
    InferContext::Input input{step_.problem.inputs[i]->type, {}, {}};
    const Buffer& buffer = made_.plan.buffer(step_.inputs[i]);
    if (buffer.constant >= 0) input.constant = made_.plan.constants[buffer.constant].tensor.view();
    return input;
  }

  std::vector<ValueType> pointwise_types() const {
    Dims dims;
    for (const auto& input : step_.problem.inputs) dims = broadcast_dims(dims, *input->type.dims);
    std::vector<ValueType> types;
    for (size_t i = 0; i < step_.problem.expression.results().size(); ++i)
      types.push_back(ValueType::tensor(step_.problem.expression.result_type(i), dims));
    return types;
  }

  const OperatorCase& what_;
  OperatorPlan made_;
  Step step_;
};

OperandSpec spec(ElementType type, Shape shape) {
  OperandSpec made;
  made.type = type;
  made.shape = std::move(shape);
  if (type == ElementType::int8) made.range = {-128, 128};  // zeros would spare the card work
  return made;
}

}  // namespace

OperandSpec data(ElementType type, Shape shape) { return spec(type, std::move(shape)); }

OperandSpec image(ElementType type, Shape shape) {
  OperandSpec made = spec(type, std::move(shape));
  made.layout = Layout::channels_last(static_cast<int>(made.shape.size()));
  return made;
}

OperandSpec weights(ElementType type, Shape shape) {
  OperandSpec made = spec(type, std::move(shape));
  made.constant = true;
  made.range = {-1, 1};
  return made;
}

OperandSpec random_integers(ElementType type, Shape shape, double end) {
  OperandSpec made = spec(type, std::move(shape));
  made.range = {0, end};
  return made;
}

OperandSpec numbers(ElementType type, Shape shape, std::vector<double> values) {
  OperandSpec made = spec(type, std::move(shape));
  made.constant = true;
  made.values = std::move(values);
  return made;
}

Tensor numbers_of(const OperandSpec& operand, unsigned seed) {
  Tensor tensor(operand.type, operand.shape);
  std::mt19937 generator(seed);
  const auto [low, high] = operand.range.value_or(std::pair<double, double>{0, 1});
  std::uniform_real_distribution<double> random(low, high);
  const bool is_real = is_floating(operand.type);
  const TensorView view = tensor.view();
  const int64_t count = tensor.elements(), distinct = std::min(count, distinct_numbers);
  for (int64_t i = 0; i < distinct; ++i) {
    const double value =
        operand.values.empty() ? random(generator) : operand.values.at(static_cast<size_t>(i));
    if (is_real)
      store_element<double>(view, i, value);
    else
      store_element<int64_t>(view, i, static_cast<int64_t>(std::floor(value)));
  }
  const size_t block = byte_size(operand.type, distinct);
  auto* const bytes = static_cast<std::byte*>(view.data);
  for (size_t done = block; done < tensor.bytes(); done += block)
    std::memcpy(bytes + done, bytes, std::min(block, tensor.bytes() - done));
  return tensor;
}

OperatorPlan plan_of(const OperatorCase& what) { return PlanOfCase(what).build(); }

}  // namespace cermet::bench
