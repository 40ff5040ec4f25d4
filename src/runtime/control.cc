// If, Loop and Scan.
#include <limits>

#include "base/error.h"
#include "ops/evaluate.ref.h"
#include "runtime/executor.h"

namespace cermet {
namespace {

bool read_condition(const ConstTensorView& tensor) {
  require(tensor.elements() == 1, ErrorCode::runtime,
          "a condition has shape {}, expected one element", to_string(tensor.shape));
  return load_element<uint64_t>(tensor, 0) != 0;
}

Tensor scalar(ElementType type, int64_t value) {
  Tensor tensor(type, {});
  store_element<int64_t>(tensor.view(), 0, value);
  return tensor;
}

// The slices of all iterations, put together along a new axis.
Tensor stack(const std::vector<Value>& slices, ElementType type, const Shape& slice, int64_t axis,
             bool backward) {
  const int64_t count = static_cast<int64_t>(slices.size());
  Shape shape = slice;
  if (axis < 0) axis += static_cast<int64_t>(shape.size()) + 1;
  shape.insert(shape.begin() + axis, count);
  Tensor result(type, shape);
  const int64_t inner = element_count(Shape(slice.begin() + axis, slice.end()));
  const int64_t outer = element_count(Shape(slice.begin(), slice.begin() + axis));
  for (int64_t i = 0; i < count; ++i) {
    const Tensor& from = slices[backward ? count - 1 - i : i].tensor;
    require(from.shape() == slice, ErrorCode::runtime,
            "iteration {} gives a slice of shape {}, the first gave {}", i, to_string(from.shape()),
            to_string(slice));
    for (int64_t o = 0; o < outer; ++o)
      copy_elements(from.view(), o * inner, result.view(), (o * count + i) * inner, inner);
  }
  return result;
}

Tensor slice_of(const ConstTensorView& whole, int64_t axis, int64_t at) {
  Shape shape = whole.shape;
  const int64_t count = shape[axis];
  shape.erase(shape.begin() + axis);
  Tensor result(whole.type, shape);
  const int64_t inner = element_count(Shape(shape.begin() + axis, shape.end()));
  const int64_t outer = element_count(Shape(shape.begin(), shape.begin() + axis));
  for (int64_t o = 0; o < outer; ++o)
    copy_elements(whole, (o * count + at) * inner, result.view(), o * inner, inner);
  return result;
}

// The shape that a stacked output has when no iteration ran: what is known of a slice.
Shape empty_slice(const ValueType& slice) {
  Shape shape;
  if (!slice.has_rank()) return shape;
  for (const Dim& dim : *slice.dims) shape.push_back(dim.is_constant() ? dim.constant() : 0);
  return shape;
}

}  // namespace

// Its results are there when it returns.
void Executor::run_body(const RuntimeRegion& body) {
  run_region(body);
  if (queue_ != nullptr && queue_->wait_for_copies()) check_faults();
}

void Executor::run_branch(const RuntimeStep& step) {
  const bool taken = read_condition(tensor(step.step->inputs[0]));
  const RuntimeRegion& branch = step.regions[taken ? 0 : 1];
  run_body(branch);
  for (size_t i = 0; i < step.step->outputs.size(); ++i)
    if (step.step->outputs[i] != no_buffer)
      assign(step.step->outputs[i], keep(branch.region->outputs[i]));
}

void Executor::run_loop(const RuntimeStep& runtime) {
  const Step& step = *runtime.step;
  const Region& body = *runtime.regions[0].region;
  const size_t captured = step.problem.attributes.integer("captured", 0);
  const size_t states = step.inputs.size() - 2 - captured;
  const size_t scans = step.outputs.size() - states;
  int64_t trips = std::numeric_limits<int64_t>::max();
  if (step.inputs[0] != no_buffer) trips = load_element<int64_t>(tensor(step.inputs[0]), 0);
  bool go_on = step.inputs[1] == no_buffer || read_condition(tensor(step.inputs[1]));

  std::vector<Value> carried;
  for (size_t i = 0; i < states; ++i) carried.push_back(keep(step.inputs[2 + i]));
  std::vector<std::vector<Value>> collected(scans);
  for (int64_t iteration = 0; iteration < trips && go_on; ++iteration) {
    assign(body.inputs[0], Value(scalar(ElementType::int64, iteration)));
    assign(body.inputs[1], Value(scalar(ElementType::boolean, go_on)));
    for (size_t i = 0; i < states; ++i) assign(body.inputs[2 + i], carried[i]);
    run_body(runtime.regions[0]);
    go_on = read_condition(tensor(body.outputs[0]));
    for (size_t i = 0; i < states; ++i) carried[i] = keep(body.outputs[1 + i]);
    for (size_t i = 0; i < scans; ++i) collected[i].push_back(keep(body.outputs[1 + states + i]));
  }
  for (size_t i = 0; i < states; ++i)
    if (step.outputs[i] != no_buffer) assign(step.outputs[i], carried[i]);
  for (size_t i = 0; i < scans; ++i) {
    if (step.outputs[states + i] == no_buffer) continue;
    const ValueType& type = engine_.plan().buffer(body.outputs[1 + states + i]).type;
    const Shape slice = collected[i].empty() ? empty_slice(type) : collected[i][0].tensor.shape();
    assign(step.outputs[states + i], Value(stack(collected[i], type.element, slice, 0, false)));
  }
}

void Executor::run_scan(const RuntimeStep& runtime) {
  const Step& step = *runtime.step;
  const Region& body = *runtime.regions[0].region;
  const Attributes& attributes = step.problem.attributes;
  const size_t captured = attributes.integer("captured", 0);
  const size_t scanned = attributes.integer("num_scan_inputs");
  const size_t states = step.inputs.size() - scanned - captured;
  const size_t scans = step.outputs.size() - states;
  const std::vector<int64_t> zeros_in(scanned, 0), zeros_out(scans, 0);
  auto axes = attributes.integers("scan_input_axes", zeros_in);
  const auto backward = attributes.integers("scan_input_directions", zeros_in);
  const auto output_axes = attributes.integers("scan_output_axes", zeros_out);
  const auto output_backward = attributes.integers("scan_output_directions", zeros_out);

  int64_t trips = -1;
  for (size_t i = 0; i < scanned; ++i) {
    const Shape& shape = slots_[step.inputs[states + i]].shape;
    if (axes.at(i) < 0) axes[i] += static_cast<int64_t>(shape.size());
    require(axes[i] >= 0 && axes[i] < static_cast<int64_t>(shape.size()), ErrorCode::runtime,
            "scan input {} of shape {} has no axis {}", i, to_string(shape), axes[i]);
    require(trips < 0 || trips == shape[axes[i]], ErrorCode::runtime,
            "scan input {} has {} slices, the others {}", i, shape[axes[i]], trips);
    trips = shape[axes[i]];
  }
  std::vector<Value> carried;
  for (size_t i = 0; i < states; ++i) carried.push_back(keep(step.inputs[i]));
  std::vector<std::vector<Value>> collected(scans);
  for (int64_t iteration = 0; iteration < trips; ++iteration) {
    for (size_t i = 0; i < states; ++i) assign(body.inputs[i], carried[i]);
    for (size_t i = 0; i < scanned; ++i) {
      const int64_t at = backward.at(i) ? trips - 1 - iteration : iteration;
      assign(body.inputs[states + i],
             Value(slice_of(tensor(step.inputs[states + i]), axes[i], at)));
    }
    run_body(runtime.regions[0]);
    for (size_t i = 0; i < states; ++i) carried[i] = keep(body.outputs[i]);
    for (size_t i = 0; i < scans; ++i) collected[i].push_back(keep(body.outputs[states + i]));
  }
  for (size_t i = 0; i < states; ++i)
    if (step.outputs[i] != no_buffer) assign(step.outputs[i], carried[i]);
  for (size_t i = 0; i < scans; ++i) {
    if (step.outputs[states + i] == no_buffer) continue;
    const ValueType& type = engine_.plan().buffer(body.outputs[states + i]).type;
    const Shape slice = collected[i].empty() ? empty_slice(type) : collected[i][0].tensor.shape();
    assign(step.outputs[states + i], Value(stack(collected[i], type.element, slice,
                                                 output_axes.at(i), output_backward.at(i) != 0)));
  }
}

}  // namespace cermet
