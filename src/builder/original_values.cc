#include "builder/original_values.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "builder/convolution_points.h"
#include "builder/moved_points.h"
#include "builder/reshaped_points.h"
#include "builder/restriction.h"
#include "builder/rounding.h"
#include "ops/graph_builder.h"
#include "ops/operator.ref.h"

namespace cermet {
namespace {

// Operands whose elements may say a shape.
constexpr size_t small_operand = 4096;
constexpr int64_t least_weights = 16;
// Products that take as long as one element otherwise does.
constexpr int64_t products_an_element = 16;
// Of elements that are computed for one step: beyond it the check would take longer than it should.
constexpr int64_t most_work = int64_t{1} << 25;

std::vector<std::optional<Shape>> input_shapes(const Node& node, OriginalValues& values) {
  std::vector<std::optional<Shape>> shapes;
  for (ValueId input : node.inputs)
    shapes.push_back(input == no_value ? std::nullopt : std::optional(values.shape(input)));
  return shapes;
}

}  // namespace

void OriginalValues::give(ValueId value, Tensor tensor) {
  if (const auto& dims = graph_.type(value).dims)
    for (const Dim& dim : *dims) dim.collect_symbols(settled_);
  given_[value] = std::move(tensor);
  unread_.insert(value);
}

bool OriginalValues::is_open(const Dim& dim) const {
  std::set<std::string> symbols;
  dim.collect_data_symbols(symbols);
  return !std::includes(settled_.begin(), settled_.end(), symbols.begin(), symbols.end());
}

const Tensor* OriginalValues::known(ValueId value) {
  const auto found = given_.find(value);
  if (found != given_.end()) return &found->second;
  const GraphValue& described = graph_.value(value);
  if (described.constant) return &described.constant->tensor;
  if (!described.contents || !described.type.has_rank() || described.type.rank() > 1)
    return nullptr;
  std::vector<int64_t> numbers;
  for (const Dim& dim : *described.contents) {
    const auto number = dim.try_evaluate(symbols_);
    if (!number) return nullptr;
    numbers.push_back(*number);
  }
  Shape shape;
  if (described.type.rank() == 1) shape.push_back(static_cast<int64_t>(numbers.size()));
  Tensor tensor(described.type.element, shape);
  store_all(tensor.view(), numbers);
  return &(given_[value] = std::move(tensor));
}

Shape OriginalValues::shape(ValueId value) {
  if (const Tensor* tensor = known(value)) return tensor->shape();
  const ValueType& type = graph_.type(value);
  require(type.is_tensor() && bit_width(type.element) > 0, ErrorCode::unsupported,
          "'{}' is of type {}", graph_.value(value).name, type.to_string());
  Shape shape;
  for (size_t d = 0; type.has_rank() && d < type.dims->size(); ++d)
    if (const auto size = (*type.dims)[d].try_evaluate(symbols_); size && !is_open((*type.dims)[d]))
      shape.push_back(*size);
  if (type.has_rank() && static_cast<int>(shape.size()) == type.rank()) return shape;
  const Node* node = graph_.producer(value);
  require(node != nullptr, ErrorCode::unsupported, "the shape of '{}' is unknown",
          graph_.value(value).name);
  if (auto inferred = inferred_shape(*node, value)) return *inferred;
  return compute_whole(*node, value, 0).shape();
}

// By the operator's own inference, which knows more now than it did of symbols: nothing where the
// shape depends on data all the same.
std::optional<Shape> OriginalValues::inferred_shape(const Node& node, ValueId value) {
  if (const auto found = inferred_.find(value); found != inferred_.end()) return found->second;
  if (!node.subgraphs.empty()) return std::nullopt;
  Graph alone;
  Node copy = node;
  for (ValueId& input : copy.inputs) {
    if (input == no_value) continue;
    const Tensor* tensor = known(input);
    input = tensor != nullptr && tensor->bytes() <= small_operand
                ? alone.add_constant("", *tensor)
                : alone.add_input(
                      "", ValueType::tensor(graph_.type(input).element, to_dims(shape(input))));
  }
  const size_t which = static_cast<size_t>(
      std::find(node.outputs.begin(), node.outputs.end(), value) - node.outputs.begin());
  const ValueType type = infer_node(alone, copy).at(which).type;
  if (!type.has_rank()) return std::nullopt;
  Shape result;
  for (const Dim& dim : *type.dims) {
    if (!dim.is_constant()) return std::nullopt;
    result.push_back(dim.constant());
  }
  return inferred_[value] = result;
}

// The type to which a kernel rounds what the model has in `type`.
ElementType OriginalValues::rounded_type(ElementType type) const {
  return type == ElementType::float32 && narrow_ != ElementType::undefined ? narrow_ : type;
}

// Weights that the plan has in another type than the model. Few numbers are sizes and limits.
bool OriginalValues::is_shaken(ValueId value) const {
  const auto& constant = graph_.value(value).constant;
  return constant && rounded_type(constant->tensor.type()) != constant->tensor.type() &&
         constant->tensor.elements() >= least_weights && !given_.contains(value);
}

Tensor OriginalValues::at(ValueId value, const Grid& grid, int shake) {
  if (const Tensor* tensor = known(value)) {
    unread_.erase(value);
    const Tensor part = at_grid(tensor->view(), grid);
    if (shake == 0 || !is_shaken(value)) return part;
    Tensor shaken = Tensor::copy_of(part.view());
    shake_rounding(shaken.view(), narrow_, 0, hash_bytes(graph_.value(value).name), shake);
    return shaken;
  }
  Key key{value, shake, grid};
  if (const auto found = computed_.find(key); found != computed_.end()) return found->second;
  Tensor result = compute(value, grid, shake);
  return computed_.emplace(std::move(key), std::move(result)).first->second;
}

bool OriginalValues::reads_known_values(const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
    return input == no_value || (known(input) != nullptr && !is_shaken(input));
  });
}

Tensor OriginalValues::compute(ValueId value, const Grid& grid, int shake) {
  const Node* node = graph_.producer(value);
  require(node != nullptr, ErrorCode::unsupported,
          "the model computes it from '{}', which the step does not read",
          graph_.value(value).name);
  const Shape whole = shape(value);
  Tensor result;
  // Nothing but the node's own rounding moves what is computed from exact values.
  const int inner = shake != 0 && reads_known_values(*node) ? 0 : shake;
  if (inner != shake)
    result = Tensor::copy_of(at(value, grid, 0).view());
  else if (value == node->outputs[0])
    result = compute_part(*node, whole, grid, inner);
  else
    result = part_of_whole(*node, value, whole, grid, inner);
  if (shake == 0) return result;
  const auto shapes = input_shapes(*node, *this);
  const OperatorTraits* traits = operator_traits(*node);
  if (traits != nullptr && traits->exact) return result;
  const int64_t summands =
      traits != nullptr && traits->summands ? traits->summands({*node, shapes, whole, grid}) : 0;
  shake_rounding(result.view(), rounded_type(result.type()), summands,
                 hash_bytes(graph_.value(value).name), shake);
  return result;
}

Tensor OriginalValues::input_at(const Node& node, size_t i, const Grid& grid, int shake) {
  return at(node.inputs[i], grid, shake);
}

Tensor OriginalValues::compute_part(const Node& node, const Shape& shape, const Grid& grid,
                                    int shake) {
  const auto shapes = input_shapes(node, *this);
  const RestrictionQuery query{node, shapes, shape, grid};
  const OperatorTraits* traits = operator_traits(node);
  const int64_t summands = traits != nullptr && traits->summands ? traits->summands(query) : 0;
  summands_ = std::max(summands_, summands);
  discontinuous_ |= traits != nullptr && traits->discontinuous;
  count_work(element_count(shape_of(grid)) * (1 + summands / products_an_element));
  const InputAt points_of = [&](size_t i, const Grid& points) {
    return input_at(node, i, points, shake);
  };
  if (node.is("Conv")) return convolution_at(node, *shapes[0], *shapes[1], grid, points_of);
  if (node.is("Concat")) {
    // The points need not lie in all operands.
    for (ValueId input : node.inputs) unread_.erase(input);
    return concat_at(node, shapes, grid, points_of);
  }
  if (const auto parts = sliced_parts(node)) return slice_at(*shapes[0], *parts, grid, points_of);
  if (only_reshapes(node) && bit_width(graph_.type(node.inputs[0]).element) > 0)
    return reshape_at(node, shape, grid, shake);
  const auto restriction =
      traits != nullptr && traits->restrict ? traits->restrict(query) : std::nullopt;
  if (!restriction) return part_of_whole(node, node.outputs[0], shape, grid, shake);
  std::vector<std::optional<Value>> inputs(node.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (shapes[i]) inputs[i] = Value(input_at(node, i, restriction->inputs[i], shake));
  const Operator* op = find_operator(node.domain, node.op);
  const Tensor result = evaluate(*op, node.attributes, inputs, 1)[0].tensor;
  return restriction->wanted ? at_grid(result.view(), *restriction->wanted) : result;
}

Tensor OriginalValues::compute_whole(const Node& node, ValueId value, int shake) {
  const Key key{value, shake, {{-1}}};  // no grid has this coordinate
  if (const auto found = computed_.find(key); found != computed_.end()) return found->second;
  const Operator* op = find_operator(node.domain, node.op);
  require(op != nullptr && op->deterministic && node.subgraphs.empty(), ErrorCode::unsupported,
          "{} is no operator that gives the same results again", node.op);
  const OperatorTraits* traits = operator_traits(node);
  discontinuous_ |= traits != nullptr && traits->discontinuous;
  std::vector<std::optional<Value>> inputs(node.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (node.inputs[i] != no_value) {
      const Shape whole = shape(node.inputs[i]);
      if (node.is("Shape") || node.is("Size")) {
        inputs[i] = Value(Tensor(graph_.type(node.inputs[i]).element, whole));
        continue;
      }
      count_work(element_count(whole));
      inputs[i] = Value(input_at(node, i, whole_grid(whole), shake));
    }
  const std::vector<Value> results = evaluate(*op, node.attributes, inputs, node.outputs.size());
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.outputs[i] == no_value) continue;
    require(results[i].kind == Value::Kind::tensor, ErrorCode::unsupported,
            "{} gives a sequence or optional", node.op);
    computed_[{node.outputs[i], shake, {{-1}}}] = results[i].tensor;
  }
  return computed_.at(key);
}

// The shape in which it was asked for is another one where a size depends on data: one that a given
// value has by chance, or one that shaken numbers change.
Tensor OriginalValues::part_of_whole(const Node& node, ValueId value, const Shape& shape,
                                     const Grid& grid, int shake) {
  const Tensor whole = compute_whole(node, value, shake);
  require(whole.shape() == shape, ErrorCode::unsupported,
          "the shape of '{}' depends on data: it is {} or {}", graph_.value(value).name,
          to_string(shape), to_string(whole.shape()));
  return at_grid(whole.view(), grid);
}

// Of a Slice along dimensions that are known.
std::optional<SlicedParts> OriginalValues::sliced_parts(const Node& node) {
  if (!node.is("Slice")) return std::nullopt;
  SlicedParts parts;
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == no_value) continue;
    const Tensor* numbers = known(node.inputs[i]);
    if (numbers == nullptr) return std::nullopt;
    const std::vector<int64_t> values = load_all<int64_t>(numbers->view());
    if (i == 1) parts.starts = values;
    if (i == 3) parts.axes = values;
    if (i == 4) parts.steps = values;
  }
  for (size_t i = 1; i < node.inputs.size(); ++i) unread_.erase(node.input(i));
  return parts;
}

// The elements stay in their order: its second input says no more than the result's shape does.
Tensor OriginalValues::reshape_at(const Node& node, const Shape& shape, const Grid& grid,
                                  int shake) {
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (node.inputs[i] != no_value) unread_.erase(node.inputs[i]);
  const ReshapedPoints points(this->shape(node.inputs[0]), shape, grid);
  return points.of(input_at(node, 0, points.source(), shake), shape_of(grid));
}

void OriginalValues::count_work(int64_t elements) {
  work_ += elements + 1024;
  require(work_ <= most_work, ErrorCode::unsupported,
          "the model's nodes would take too long to compute");
}

}  // namespace cermet
