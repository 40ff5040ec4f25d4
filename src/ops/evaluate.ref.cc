#include "ops/evaluate.ref.h"

#include <algorithm>
#include <cstring>

namespace cermet {
namespace {

ValueType type_of(const Value& value);

// The type of what a container holds, as far as its elements tell: the shape only when all agree.
ValueType inner_type(const Value& value) {
  if (value.elements.empty()) return ValueType::tensor(value.element_type, std::nullopt);
  ValueType type = type_of(value.elements.front());
  if (type.is_tensor() && value.elements.size() > 1) type.dims.reset();
  return type;
}

ValueType type_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::tensor:
      return ValueType::tensor(value.tensor.type(), to_dims(value.tensor.shape()));
    case Value::Kind::sequence:
      return ValueType::sequence(inner_type(value));
    case Value::Kind::optional:
      return ValueType::optional(inner_type(value));
  }
  fail(ErrorCode::internal, "a value of unknown kind {}", static_cast<int>(value.kind));
}

InferContext::Input to_infer_input(const EvalContext::Input& input) {
  if (const auto* view = std::get_if<ConstTensorView>(&input))
    return {ValueType::tensor(view->type, to_dims(view->shape)), *view, std::nullopt};
  return {type_of(*std::get<const Value*>(input)), std::nullopt, std::nullopt};
}

void copy_bits(const ConstTensorView& from, int64_t from_index, const TensorView& to,
               int64_t to_index, int64_t count, int bits) {
  const int64_t per_byte = 8 / bits;
  const unsigned mask = (1u << bits) - 1;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t source = from_index + i;
    const int64_t target = to_index + i;
    const int source_shift = static_cast<int>(source % per_byte) * bits;
    const int target_shift = static_cast<int>(target % per_byte) * bits;
    const unsigned code = from.as<uint8_t>()[source / per_byte] >> source_shift & mask;
    uint8_t& byte = to.as<uint8_t>()[target / per_byte];
    byte = static_cast<uint8_t>((byte & ~(mask << target_shift)) | code << target_shift);
  }
}

void copy_packed(const ConstTensorView& from, int64_t from_index, const TensorView& to,
                 int64_t to_index, int64_t count, int bits) {
  const int64_t per_byte = 8 / bits;
  int64_t whole = 0;
  if (from_index % per_byte == 0 && to_index % per_byte == 0) {
    whole = count / per_byte * per_byte;
    std::memcpy(to.as<uint8_t>() + to_index / per_byte, from.as<uint8_t>() + from_index / per_byte,
                whole / per_byte);
  }
  copy_bits(from, from_index + whole, to, to_index + whole, count - whole, bits);
}

}  // namespace

EvalContext::EvalContext(std::string_view op, const Attributes& attributes,
                         std::vector<std::optional<Input>> inputs, size_t output_count,
                         void (*infer)(InferContext&))
    : op_(op),
      attributes_(&attributes),
      inputs_(std::move(inputs)),
      output_count_(output_count),
      infer_(infer) {
  for (auto& input : inputs_) {
    if (!input || !std::holds_alternative<const Value*>(*input)) continue;
    const Value& value = *std::get<const Value*>(*input);
    if (value.kind == Value::Kind::tensor) input = value.tensor.view();
  }
}

const ConstTensorView& EvalContext::input(size_t i) const {
  require(has_input(i), "input {} is missing", i);
  if (const auto* view = std::get_if<ConstTensorView>(&*inputs_[i])) return *view;
  fail(ErrorCode::runtime, "{}: input {}: expected a tensor, got {}", op_, i,
       type_of(*std::get<const Value*>(*inputs_[i])).to_string());
}

const Value& EvalContext::value(size_t i) const {
  require(has_input(i), "input {} is missing", i);
  require(!is_tensor(i), "input {}: expected a sequence or optional, got a tensor", i);
  return *std::get<const Value*>(*inputs_[i]);
}

bool EvalContext::is_tensor(size_t i) const {
  return has_input(i) && std::holds_alternative<ConstTensorView>(*inputs_[i]);
}

TensorView EvalContext::output(size_t i) {
  const ValueType& type = inferred(i);
  if (!type.is_static() || type.element == ElementType::undefined)
    fail(ErrorCode::internal,
         "{}: output {}: inference states {} for these inputs; the kernel has to say which size "
         "the output takes",
         op_, i, type.to_string());
  return allocate(i, type.element, constants(*type.dims));
}

const ValueType& EvalContext::inferred(size_t i) {
  if (!inferred_) run_inference();
  if (i >= inferred_->size())
    fail(ErrorCode::internal, "{}: there is no output {}, only {}", op_, i, inferred_->size());
  return (*inferred_)[i].type;
}

void EvalContext::run_inference() {
  std::vector<std::optional<InferContext::Input>> inputs(inputs_.size());
  for (size_t i = 0; i < inputs_.size(); ++i)
    if (inputs_[i]) inputs[i] = to_infer_input(*inputs_[i]);
  int symbols = 0;
  InferContext context(op_, *attributes_, std::move(inputs), output_count_,
                       [&symbols](std::string_view hint) {
                         return Dim::symbol(fmt::format("{}.{}", hint, symbols++));
                       });
  infer_(context);
  inferred_ = context.outputs();
}

std::vector<int64_t> EvalContext::integers(size_t i) const {
  return load_integers(input(i), fmt::format("{}: input {}", op_, i));
}

int EvalContext::axis(int64_t value, size_t rank, std::string_view what) const {
  const auto signed_rank = static_cast<int64_t>(rank);
  require(value >= -signed_rank && value < signed_rank,
          "{}: expected a dimension in [{}, {}), got {}", what, -signed_rank, signed_rank, value);
  return static_cast<int>(value < 0 ? value + signed_rank : value);
}

std::vector<int64_t> row_major_strides(const Shape& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t d = shape.size(); d-- > 0; stride *= shape[d]) strides[d] = stride;
  return strides;
}

std::vector<int64_t> broadcast_strides(const Shape& shape, const Shape& result) {
  if (shape.size() > result.size())
    fail(ErrorCode::internal, "the shape {} has more dimensions than {}, which it broadcasts to",
         to_string(shape), to_string(result));
  std::vector<int64_t> strides = row_major_strides(shape);
  const size_t skipped = result.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1 && shape[d] != result[skipped + d])
      fail(ErrorCode::runtime, "the shape {} does not broadcast to {}", to_string(shape),
           to_string(result));
    if (shape[d] == 1) strides[d] = 0;
  }
  strides.insert(strides.begin(), skipped, 0);
  return strides;
}

void copy_elements(const ConstTensorView& from, int64_t from_index, const TensorView& to,
                   int64_t to_index, int64_t count) {
  if (from.type != to.type)
    fail(ErrorCode::internal, "copying elements of type {} to type {}", name(from.type),
         name(to.type));
  if (count <= 0) return;
  if (from.type == ElementType::string) {
    std::copy_n(from.as<std::string>() + from_index, count, to.as<std::string>() + to_index);
    return;
  }
  const int bits = bit_width(from.type);
  if (bits < 8) return copy_packed(from, from_index, to, to_index, count, bits);
  const int64_t width = bits / 8;
  std::memcpy(to.as<uint8_t>() + to_index * width, from.as<uint8_t>() + from_index * width,
              static_cast<size_t>(count * width));
}

}  // namespace cermet
