// Factors of products that DequantizeLinear makes of bytes.
#pragma once

#include <optional>
#include <vector>

#include "passes/pass.h"

namespace cermet {

// int8 and uint8 are multiplied with each other, and so are the formats of float8 that tensor cores
// know: float8e4m3fn and float8e5m2.
enum class ByteKind : uint8_t { integer, float8 };

// What DequantizeLinear reads, and what moves its result's elements on the way to the product.
struct DequantizedBytes {
  ByteKind kind = ByteKind::integer;
  NodeId node = no_node;  // that dequantises
  ValueId values = no_value, scale = no_value;
  ValueId zero = no_value;        // of integers
  std::optional<int64_t> axis;    // of the factor that the scales follow; nothing: one scale
  std::vector<NodeId> movements;  // Transpose, Reshape and the like, the last first
  bool constant = false;

  // The factor in bytes: copies of the movements.
  ValueId moved(const Graph& graph, Patch& patch) const;
};

// Nothing where the value comes from something else, or where its zero points or scales are such as
// no kernel takes: of blocks, zero points of float8,
// computed ones of constants.
std::optional<DequantizedBytes> dequantized_bytes(const Graph& graph, ValueId factor);

}  // namespace cermet
