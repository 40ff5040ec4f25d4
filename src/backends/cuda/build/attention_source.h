// What the kernels of attention know of a step: sizes, types, and the text of their operands.
#pragma once

#include <optional>
#include <string>

#include "backends/cuda/build/kernel_writer.h"
#include "backends/cuda/build/operand_memory.h"

namespace cermet::cuda {

// Indices of Attention's inputs and outputs.
enum AttentionInput : size_t {
  attention_query,
  attention_key,
  attention_value,
  attention_mask,
  attention_past_key,
  attention_past_value,
  attention_lengths,
};
enum AttentionOutput : size_t {
  attention_result,
  attention_present_key,
  attention_present_value,
  attention_scores,
};

bool has_output(const Problem& problem, size_t i);

// Why no kernel takes the step, in words: more than Attention, other types than `element`, heads of
// unknown size or of more than 256 elements, operands that lie otherwise than it
// reads them.
std::optional<std::string> rejects_attention(const Problem& problem);

// One of Q, K, V, Y, as [batch, heads, length, size] whatever its rank is.
struct AttentionHeads {
  Dim batch, heads, length;
  int64_t size = 0;
  Dim batch_stride, head_stride, row_stride;  // in elements; a row lies in one piece
};
// `dims`: of an operand that rejects_attention() has let pass.
AttentionHeads attention_heads(const Dims& dims, const Layout& layout, int64_t packed_heads);

struct AttentionSizes {
  AttentionHeads q, k, v, y;
  Dim past, total;    // keys before the step's own; all keys
  Dims mask;          // four sizes; empty: no mask
  int64_t group = 0;  // heads of a key head; 0: not known
  int vector = 1;     // elements that may be copied at once, 16 bytes at most
  ElementType element = ElementType::float32;
};
// Sizes as operands have them where a kernel is made: numbers or symbols of operand_size().
AttentionSizes attention_sizes(const KernelWriter& writer);

// Rows of a block, keys of a tile, warps, and the parts into which all keys are cut.
struct AttentionTiling {
  int rows = 64, keys = 64, warps = 4, splits = 1;

  // "64x64 w4", "16x64 w1 s8".
  std::string to_string() const;
  static AttentionTiling parse(std::string_view text);
};

// The declaration of AttentionConfig, with `further` members.
void declare_attention(KernelWriter& writer, const AttentionSizes& sizes, bool grouped,
                       std::string_view further);
// Statements that fill `AttentionOperands<AttentionConfig> operands`; `partial`: the name of the
// pointer to parts, or empty.
void fill_attention_operands(KernelWriter& writer, const AttentionSizes& sizes,
                             std::string_view partial);
// Launches that write present keys and values, where the step wants them.
void append_attention_past(const Problem& problem, DeviceSource& source);

// Blocks of `rows` rows for all heads.
Dim attention_blocks(const AttentionSizes& sizes, int rows, bool grouped);

}  // namespace cermet::cuda
