// GatherBlockQuantized: Gather from a table of codes with a scale for each block of block_size
// elements along one axis, then dequantise what was gathered.
#include "ops/quantization/quantized_products.h"
#include "ops/raw_input.h"

namespace cermet {
namespace {

constexpr const char* op = "GatherBlockQuantized";

struct Form {
  int64_t gather_axis;
  int64_t quantize_axis;
  int64_t block;
  int64_t bits;
};

int64_t checked_axis(const Attributes& attributes, const char* attribute, int64_t otherwise,
                     int64_t rank) {
  const int64_t axis = attributes.integer(attribute, otherwise);
  require(axis >= -rank && axis < rank, ErrorCode::invalid_model,
          "{}: {}: expected {} to {}, got {}", op, attribute, -rank, rank - 1, axis);
  return axis < 0 ? axis + rank : axis;
}

Form form_of(const Attributes& attributes, int64_t rank) {
  const Form form{checked_axis(attributes, "gather_axis", 0, rank),
                  checked_axis(attributes, "quantize_axis", 1, rank),
                  attributes.integer("block_size", 128), attributes.integer("bits", 4)};
  require(form.block >= 16 && form.block < int64_t{1} << 31 && (form.block & (form.block - 1)) == 0,
          ErrorCode::invalid_model, "{}: block_size: expected a power of 2 from 16, got {}", op,
          form.block);
  require(form.bits == 4 || form.bits == 8, ErrorCode::unsupported,
          "{}: bits: expected 4 or 8, got {}", op, form.bits);
  return form;
}

// Bytes of two codes along the last axis, low ones first, as `columns` codes a row: what is left of
// a row's last byte is not read.
Tensor halves(const Tensor& bytes, int64_t columns) {
  Shape shape = bytes.shape();
  const int64_t row_bytes = shape.back();
  shape.back() = columns;
  Tensor result(ElementType::uint4, shape);
  auto* to = result.view().as<uint8_t>();
  const auto* from = bytes.as<uint8_t>();
  const int64_t rows = row_bytes == 0 ? 0 : static_cast<int64_t>(bytes.bytes()) / row_bytes;
  for (int64_t i = 0; i < rows * columns; ++i) {
    const int64_t column = i % columns;
    const unsigned code = from[i / columns * row_bytes + column / 2] >> (4 * (column % 2)) & 15u;
    to[i / 2] |= static_cast<uint8_t>(code << (4 * (i % 2)));
  }
  return result;
}

ValueId unpacked(GraphBuilder& builder, ValueId value, int64_t columns, std::string_view what) {
  const Tensor* bytes = builder.known_constant(value);
  require(bytes != nullptr, ErrorCode::unsupported,
          "{}: {} of two codes a byte: expected a constant, got a computed value", op, what);
  const GraphValue& source = builder.graph().value(value);
  require(!bytes->shape().empty() && bytes->shape().back() == (columns + 1) / 2,
          ErrorCode::invalid_model,
          "{}: {}: expected {} bytes for {} codes along the last axis, got {}", op, what,
          (columns + 1) / 2, columns, to_string(bytes->shape()));
  Recipe recipe = source.constant->recipe;
  recipe.operations.emplace_back("unpack 4 bits");
  return builder.graph().add_constant(source.name + ".unpacked", halves(*bytes, columns),
                                      std::move(recipe));
}

int64_t known_size(GraphBuilder& builder, ValueId value, int64_t axis, std::string_view what) {
  const ValueType& type = builder.type(value);
  require(type.has_rank() && type.rank() > axis && (*type.dims)[axis].is_constant(),
          ErrorCode::unsupported, "{}: {}: expected known sizes", op, what);
  return (*type.dims)[axis].constant();
}

ValueId middle_zero_points(GraphBuilder& builder, ValueId data, ValueId scales, int64_t bits) {
  Shape shape;
  for (int64_t axis = 0; axis < builder.type(scales).rank(); ++axis)
    shape.push_back(known_size(builder, scales, axis, "scales"));
  Tensor zeros(builder.element(data), shape);
  store_all(zeros.view(),
            std::vector<int64_t>(static_cast<size_t>(zeros.elements()), int64_t{1} << (bits - 1)));
  return builder.constant(std::move(zeros));
}

}  // namespace

ImportResult import_gather_block_quantized(RawNode& node, GraphBuilder& builder) {
  ValueId data = required_input(node, 0), zeros = node.input(3);
  const ValueId indices = required_input(node, 1), scales = required_input(node, 2);
  require(builder.type(data).has_rank() && builder.type(data).rank() > 0 &&
              builder.type(indices).has_rank(),
          ErrorCode::unsupported, "{}: expected data and indices of known rank", op);
  const int64_t rank = builder.type(data).rank();
  const Form form = form_of(node.attributes, rank);
  const bool bytes = builder.element(data) == ElementType::uint8;
  require(!bytes || (form.gather_axis == 0 && form.quantize_axis == rank - 1),
          ErrorCode::invalid_model,
          "{}: codes in bytes: expected gather_axis 0 and quantize_axis {}, got {} and {}", op,
          rank - 1, form.gather_axis, form.quantize_axis);
  if (bytes && form.bits == 4) {
    data = unpacked(builder, data, 2 * known_size(builder, data, rank - 1, "data"), "data");
    const int64_t blocks = known_size(builder, scales, rank - 1, "scales");
    if (zeros != no_value) zeros = unpacked(builder, zeros, blocks, "zero points");
  }
  const auto gathered = [&](ValueId value) {
    Attributes axis;
    axis.set("axis", form.gather_axis);
    return builder.add("Gather", {value, indices}, std::move(axis));
  };
  const ValueId codes = gathered(data), factors = gathered(scales);
  Attributes attributes;
  const int64_t added = builder.type(indices).rank() - 1;
  attributes.set("axis", form.quantize_axis + (form.quantize_axis > form.gather_axis ? added : 0));
  attributes.set("block_size", form.block);
  std::vector<ValueId> operands{codes, factors};
  // Codes in bytes lie round the middle of their range, others round 0.
  if (zeros == no_value && bytes) zeros = middle_zero_points(builder, data, scales, form.bits);
  if (zeros != no_value) operands.push_back(gathered(zeros));
  return std::vector{builder.add("DequantizeLinear", std::move(operands), std::move(attributes))};
}

}  // namespace cermet
