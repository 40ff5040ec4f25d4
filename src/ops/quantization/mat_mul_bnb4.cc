// MatMulBnb4: y = a * w', where w[n, k] is packed as bitsandbytes does: two codes a byte, the high
// one first, row after row, each block of block_size codes with the largest magnitude in it.
#include <array>

#include "ops/quantization/quantized_products.h"
#include "ops/raw_input.h"

namespace cermet {
namespace {

constexpr const char* op = "MatMulBnb4";

using Table = std::array<double, 16>;
// Dettmers and others, "QLoRA: Efficient Finetuning of Quantized LLMs", appendix E: the values of
// NF4. Those of FP4 are sign, two bits of exponent and one of mantissa, in units of the largest.
constexpr Table fp4{0.0, 5.208333333e-03,  2.0 / 3,  1.0,  1.0 / 3,  0.5,  1.0 / 6,  0.25,
                    0.0, -5.208333333e-03, -2.0 / 3, -1.0, -1.0 / 3, -0.5, -1.0 / 6, -0.25};
constexpr Table nf4{-1.0,
                    -0.6961928009986877,
                    -0.5250730514526367,
                    -0.39491748809814453,
                    -0.28444138169288635,
                    -0.18477343022823334,
                    -0.09105003625154495,
                    0.0,
                    0.07958029955625534,
                    0.16093020141124725,
                    0.24611230194568634,
                    0.33791524171829224,
                    0.44070982933044434,
                    0.5626170039176941,
                    0.7229568362236023,
                    1.0};

struct Form {
  int64_t rows;     // N
  int64_t columns;  // K
  int64_t block;

  int64_t elements() const { return rows * columns; }
  int64_t blocks() const { return (elements() + block - 1) / block; }
};

Form form_of(const Attributes& attributes) {
  const Form form{attributes.integer("N"), attributes.integer("K"),
                  attributes.integer("block_size")};
  constexpr int64_t limit = int64_t{1} << 31;
  require(form.rows > 0 && form.rows < limit && form.columns > 0 && form.columns < limit &&
              form.block >= 16 && form.block < limit,
          ErrorCode::invalid_model,
          "{}: expected positive N and K and a block_size of 16 or more, got {}, {} and {}", op,
          form.rows, form.columns, form.block);
  const int64_t transposed = attributes.integer("transB", 1);
  require(transposed == 1, ErrorCode::unsupported, "{}: transB: expected 1, got {}", op,
          transposed);
  return form;
}

const Table& table_of(const Attributes& attributes) {
  const int64_t type = attributes.integer("quant_type");
  require(type == 0 || type == 1, ErrorCode::invalid_model,
          "{}: quant_type: expected 0 (FP4) or 1 (NF4), got {}", op, type);
  return type == 0 ? fp4 : nf4;
}

// What each code stands for before it is scaled, as float32[K, N].
Tensor values_of(const Tensor& codes, const Form& form, const Table& table) {
  require(codes.type() == ElementType::uint8 &&
              static_cast<int64_t>(codes.bytes()) == (form.elements() + 1) / 2,
          ErrorCode::invalid_model, "{}: weights: expected {} bytes for {} codes, got {}{}", op,
          (form.elements() + 1) / 2, form.elements(), name(codes.type()), to_string(codes.shape()));
  Tensor result(ElementType::float32, {form.columns, form.rows});
  auto* to = result.view().as<float>();
  const auto* from = codes.as<uint8_t>();
  for (int64_t i = 0; i < form.elements(); ++i) {
    const unsigned code = i % 2 == 0 ? from[i / 2] >> 4 : from[i / 2] & 15u;
    to[i % form.columns * form.rows + i / form.columns] = static_cast<float>(table[code]);
  }
  return result;
}

// int64[K, N]: the block that each weight belongs to.
Tensor blocks_of(const Form& form) {
  std::vector<int64_t> blocks(static_cast<size_t>(form.elements()));
  for (int64_t i = 0; i < form.elements(); ++i)
    blocks[i % form.columns * form.rows + i / form.columns] = i / form.block;
  Tensor result(ElementType::int64, {form.columns, form.rows});
  store_all(result.view(), blocks);
  return result;
}

}  // namespace

ImportResult import_mat_mul_bnb4(RawNode& node, GraphBuilder& builder) {
  const Form form = form_of(node.attributes);
  const ValueId a = required_input(node, 0), packed = required_input(node, 1);
  const Tensor* codes = builder.known_constant(packed);
  require(codes != nullptr, ErrorCode::unsupported,
          "{}: weights: expected a constant, got a computed value", op);
  const GraphValue& source = builder.graph().value(packed);
  Recipe recipe = source.constant->recipe;
  recipe.operations.emplace_back("look up 4 bits, transpose");
  const ValueId values = builder.graph().add_constant(
      source.name + ".unpacked", values_of(*codes, form, table_of(node.attributes)),
      std::move(recipe));
  Attributes axis;
  axis.set("axis", int64_t{0});
  const ValueId largest = builder.add(
      "Gather", {required_input(node, 2), builder.constant(blocks_of(form))}, std::move(axis));
  const ValueId weights =
      builder.add("Mul", {builder.cast(values, builder.element(largest)), largest});
  return std::vector{builder.add("MatMul", {a, builder.cast(weights, builder.element(a))})};
}

}  // namespace cermet
