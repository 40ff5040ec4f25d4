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

// How slices lie in the tensor that they are cut from or put together to, along one axis of it: a
// slice is `outer` pieces of `inner` elements, and `count` of them alternate.
struct Slicing {
  Slicing(const Shape& slice, int64_t along, int64_t slices)
      : count(slices),
        outer(element_count(Shape(slice.begin(), slice.begin() + along))),
        inner(element_count(Shape(slice.begin() + along, slice.end()))) {}
  // Where piece o of slice i begins, in elements.
  int64_t at(int64_t i, int64_t o) const { return (o * count + i) * inner; }

  int64_t count, outer, inner;
};

// The shape that a stacked output has when no iteration ran: what is known of a slice.
Shape empty_slice(const ValueType& slice, const SymbolValues& symbols) {
  Shape shape;
  if (!slice.has_rank()) return shape;
  for (const Dim& dim : *slice.dims) shape.push_back(dim.try_evaluate(symbols).value_or(0));
  return shape;
}

}  // namespace

// Elements from tensor to tensor, both in that place.
void Executor::copy_piece(Place place, const ConstTensorView& from, int64_t from_at,
                          const TensorView& to, int64_t to_at, int64_t elements) {
  if (place == Place::host) return copy_elements(from, from_at, to, to_at, elements);
  queue_->copy(static_cast<std::byte*>(to.data) + byte_size(to.type, to_at),
               static_cast<const std::byte*>(from.data) + byte_size(from.type, from_at),
               byte_size(to.type, elements));
}

// What the iterations gave for a result of the body, put together along a new axis.
Value Executor::stacked(BufferId from, const std::vector<Value>& slices, int64_t axis,
                        bool backward) {
  const ValueType& type = engine_.plan().buffer(from).type;
  const Shape slice = slices.empty() ? empty_slice(type, symbols_) : slices[0].tensor.shape();
  if (axis < 0) axis += static_cast<int64_t>(slice.size()) + 1;
  const Slicing slicing(slice, axis, static_cast<int64_t>(slices.size()));
  Shape shape = slice;
  shape.insert(shape.begin() + axis, slicing.count);
  Tensor result = tensor_in(place(from), type.element, shape);
  for (int64_t i = 0; i < slicing.count; ++i) {
    const int64_t iteration = backward ? slicing.count - 1 - i : i;
    const Tensor& piece = slices[iteration].tensor;
    require(piece.shape() == slice, ErrorCode::runtime,
            "iteration {} gives a slice of shape {}, the first gave {}", iteration,
            to_string(piece.shape()), to_string(slice));
    for (int64_t o = 0; o < slicing.outer; ++o)
      copy_piece(place(from), piece.view(), o * slicing.inner, result.view(), slicing.at(i, o),
                 slicing.inner);
  }
  return Value(std::move(result));
}

Value Executor::slice_of(BufferId from, int64_t axis, int64_t at) {
  const ConstTensorView whole = tensor(from);
  Shape shape = whole.shape;
  const int64_t count = shape[axis];
  shape.erase(shape.begin() + axis);
  const Slicing slicing(shape, axis, count);
  Tensor result = tensor_in(place(from), whole.type, shape);
  for (int64_t o = 0; o < slicing.outer; ++o)
    copy_piece(place(from), whole, slicing.at(at, o), result.view(), o * slicing.inner,
               slicing.inner);
  return Value(std::move(result));
}

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
    if (step.outputs[states + i] != no_buffer)
      assign(step.outputs[states + i],
             stacked(body.outputs[1 + states + i], collected[i], 0, false));
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
      assign(body.inputs[states + i], slice_of(step.inputs[states + i], axes[i], at));
    }
    run_body(runtime.regions[0]);
    for (size_t i = 0; i < states; ++i) carried[i] = keep(body.outputs[i]);
    for (size_t i = 0; i < scans; ++i) collected[i].push_back(keep(body.outputs[states + i]));
  }
  for (size_t i = 0; i < states; ++i)
    if (step.outputs[i] != no_buffer) assign(step.outputs[i], carried[i]);
  for (size_t i = 0; i < scans; ++i) {
    if (step.outputs[states + i] != no_buffer)
      assign(step.outputs[states + i], stacked(body.outputs[states + i], collected[i],
                                               output_axes.at(i), output_backward.at(i) != 0));
  }
}

}  // namespace cermet
