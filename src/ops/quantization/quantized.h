// Integer operators written as what they mean: dequantise, compute, quantise.
#pragma once

#include <optional>

#include "ops/import_rule.h"

namespace cermet {

// A quantised tensor; its zero point may be absent.
struct Quantized {
  ValueId value = no_value;
  ValueId scale = no_value;
  ValueId zero_point = no_value;

  // Inputs first, first + 1 and first + 2 of a node; only the zero point may be left out.
  static Quantized inputs(const RawNode& node, size_t first);
};

// `axis` is that of a scale that is a vector; scalars need none.
ValueId dequantize(GraphBuilder& builder, const Quantized& operand,
                   std::optional<int64_t> axis = {});

// How a result is quantised: `type` is its element type when there is no zero point.
struct QuantizedAs {
  ValueId scale = no_value;
  ValueId zero_point = no_value;
  ElementType type = ElementType::uint8;

  // Scale and zero point are inputs first and first + 1 of a node.
  static QuantizedAs inputs(const RawNode& node, size_t first, ElementType type);
};

ValueId quantize(GraphBuilder& builder, ValueId value, const QuantizedAs& as);

// An operator as it is in an earlier version of ONNX, brought to its newest meaning.
ValueId add_versioned(GraphBuilder& builder, std::string_view op, int version,
                      std::vector<ValueId> inputs, Attributes attributes);

// Moves channels from the last dimension to dimension 1, and back; the rank has to be known.
ValueId channels_first(GraphBuilder& builder, ValueId value);
ValueId channels_last(GraphBuilder& builder, ValueId value);

}  // namespace cermet
