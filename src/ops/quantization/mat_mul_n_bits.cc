// MatMulNBits: y = a * w' + bias, where w[n, k] is packed in 2, 4 or 8 bits with one scale for each
// block of block_size elements along k.
#include "ops/quantization/quantized_products.h"
#include "ops/raw_input.h"

namespace cermet {
namespace {

struct Form {
  int64_t rows;     // N
  int64_t columns;  // K
  int64_t block;
  int64_t bits;

  int64_t blocks() const { return (columns + block - 1) / block; }
  ElementType type() const {
    return bits == 8 ? ElementType::uint8 : bits == 4 ? ElementType::uint4 : ElementType::uint2;
  }
};

Form form_of(const Attributes& attributes) {
  const Form form{attributes.integer("N"), attributes.integer("K"),
                  attributes.integer("block_size"), attributes.integer("bits", 4)};
  require(form.bits == 2 || form.bits == 4 || form.bits == 8, ErrorCode::unsupported,
          "MatMulNBits: bits: expected 2, 4 or 8, got {}", form.bits);
  constexpr int64_t limit = int64_t{1} << 31;
  require(form.rows > 0 && form.rows < limit && form.columns > 0 && form.columns < limit &&
              form.block >= 8 && form.block < limit && form.block % 8 == 0,
          ErrorCode::invalid_model,
          "MatMulNBits: expected positive N and K and a block_size that is a multiple of 8, got "
          "{}, {} and {}",
          form.rows, form.columns, form.block);
  return form;
}

// Codes of `bits` bits, low bits first, each row beginning with a byte of its own, as a tensor
// [columns, rows].
Tensor unpack(const Tensor& packed, const Form& form, int64_t columns, std::string_view what) {
  const auto total = static_cast<int64_t>(packed.bytes());
  const int64_t row_bytes = total / form.rows;
  require(packed.type() == ElementType::uint8 && total % form.rows == 0 &&
              row_bytes >= (columns * form.bits + 7) / 8,
          ErrorCode::invalid_model,
          "MatMulNBits: {}: expected {} rows of {} codes of {} bits, got {}{}", what, form.rows,
          columns, form.bits, name(packed.type()), to_string(packed.shape()));
  Tensor result(form.type(), {columns, form.rows});
  auto* bytes = result.view().as<uint8_t>();
  const unsigned mask = (1u << form.bits) - 1;
  for (int64_t n = 0; n < form.rows; ++n) {
    const uint8_t* row = packed.as<uint8_t>() + n * row_bytes;
    for (int64_t k = 0; k < columns; ++k) {
      const unsigned code = row[k * form.bits >> 3] >> (k * form.bits & 7) & mask;
      const int64_t position = (k * form.rows + n) * form.bits;
      bytes[position >> 3] |= static_cast<uint8_t>(code << (position & 7));
    }
  }
  return result;
}

ValueId unpacked(GraphBuilder& builder, ValueId value, const Form& form, int64_t columns,
                 std::string_view what) {
  const Tensor* packed = builder.known_constant(value);
  require(packed != nullptr, ErrorCode::unsupported,
          "MatMulNBits: {}: expected a constant, got a computed value", what);
  const GraphValue& source = builder.graph().value(value);
  Recipe recipe = source.constant->recipe;
  recipe.operations.push_back("unpack " + std::to_string(form.bits) + " bits, transpose");
  return builder.graph().add_constant(source.name + ".unpacked",
                                      unpack(*packed, form, columns, what), std::move(recipe));
}

// A list [N, blocks] as [blocks, N].
ValueId by_columns(GraphBuilder& builder, ValueId value, const Form& form) {
  const ValueId matrix =
      builder.add("Reshape", {value, builder.integers({form.rows, form.blocks()})});
  Attributes order;
  order.set("perm", std::vector<int64_t>{1, 0});
  return builder.add("Transpose", {matrix}, std::move(order));
}

ValueId middle_zero_points(GraphBuilder& builder, const Form& form) {
  Tensor zeros(form.type(), {form.blocks(), form.rows});
  store_all(zeros.view(), std::vector<int64_t>(static_cast<size_t>(form.blocks() * form.rows),
                                               int64_t{1} << (form.bits - 1)));
  return builder.constant(std::move(zeros));
}

// int64[K]: the block that each row of the weights belongs to.
ValueId block_of_rows(const RawNode& node, GraphBuilder& builder, const Form& form) {
  if (const ValueId given = node.input(4); given != no_value) {
    const ValueId all = builder.cast(given, ElementType::int64);
    return builder.add("Slice", {all, builder.integers({0}), builder.integers({form.columns})});
  }
  std::vector<int64_t> rows(static_cast<size_t>(form.columns));
  for (int64_t k = 0; k < form.columns; ++k) rows[k] = k / form.block;
  return builder.integers(rows);
}

// The weights [K, N] as floats, each block by its own scale and zero point, with rows gathered.
ValueId gathered_weights(const RawNode& node, GraphBuilder& builder, const Form& form,
                         ValueId codes, ValueId scales, ValueId zero_points) {
  const ElementType type = builder.element(scales);
  const ValueId blocks = block_of_rows(node, builder, form);
  const auto repeated = [&](ValueId value) {
    Attributes axis;
    axis.set("axis", int64_t{0});
    return builder.add("Gather", {value, blocks}, std::move(axis));
  };
  const ValueId centred =
      builder.add("Sub", {builder.cast(codes, type), repeated(builder.cast(zero_points, type))});
  return builder.add("Mul", {centred, repeated(scales)});
}

// The weights [K, N] as floats.
ValueId weights(const RawNode& node, GraphBuilder& builder, const Form& form) {
  const ValueId codes = unpacked(builder, required_input(node, 1), form, form.columns, "weights");
  const ValueId scales = by_columns(builder, required_input(node, 2), form);
  const ValueId zeros = node.input(3);
  const bool floating = zeros != no_value && is_floating(builder.element(zeros));
  const ValueId zero_points = zeros == no_value ? middle_zero_points(builder, form)
                              : floating
                                  ? by_columns(builder, zeros, form)
                                  : unpacked(builder, zeros, form, form.blocks(), "zero points");
  if (floating || node.input(4) != no_value)
    return gathered_weights(node, builder, form, codes, scales, zero_points);
  Attributes attributes;
  attributes.set("axis", int64_t{0});
  attributes.set("block_size", form.block);
  return builder.add("DequantizeLinear", {codes, scales, zero_points}, std::move(attributes));
}

}  // namespace

ImportResult import_mat_mul_n_bits(RawNode& node, GraphBuilder& builder) {
  require(node.attributes.integer("weight_prepacked", 0) == 0, ErrorCode::unsupported,
          "MatMulNBits: expected weights that are not packed for one library");
  const Form form = form_of(node.attributes);
  const ValueId a = required_input(node, 0);
  ValueId result = builder.add("MatMul", {a, weights(node, builder, form)});
  if (node.input(5) != no_value) result = builder.add("Add", {result, node.input(5)});
  return std::vector{result};
}

}  // namespace cermet
