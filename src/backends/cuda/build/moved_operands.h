// What kernels that move elements share: operands of any type of whole bytes, their sizes and
// strides, and the text of loops over them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/cuda/build/kernel_writer.h"
#include "backends/cuda/build/operand_memory.h"

namespace cermet::cuda {

// The type of an element that is only moved: "uint8" to "uint64", "wide_t" for 16 bytes.
std::string_view moved_type(int bytes);
// Declares "wide_t".
void declare_moved_types(KernelWriter& writer);
// A single element as a text of the type that moves it.
std::string element_text(const Tensor& value);
int element_bytes(const Operand& operand);

// Why elements of the problem can't be moved (no tensors, unknown ranks, parts of bytes, blocked
// layouts, an epilogue, absent operands), in words.
std::optional<std::string> rejects_moved(const Problem& problem);
// Why an operand is not row-major, in words.
std::optional<std::string> rejects_layouts(const Problem& problem);

// Sizes of operands, equal ones by the same symbol: a size that the model gives as an expression
// of others is that expression of operands' sizes.
class OperandSizes {
 public:
  explicit OperandSizes(const Problem& problem);

  const Dims& input(size_t i) const { return inputs_.at(i); }
  const Dims& output(size_t i) const { return outputs_.at(i); }
  // In elements, one a dimension.
  Dims input_strides(size_t i) const;
  Dims output_strides(size_t i) const;

 private:
  Dim named(const Dim& dim, const Dim& symbol);

  const Problem& problem_;
  std::map<std::string, Dim, std::less<>> symbols_;  // of the model, as operands' sizes
  std::vector<std::pair<Dim, Dim>> expressions_;     // whose symbols are no operand's size
  std::vector<Dims> inputs_, outputs_;
};

// Whether `by` divides the size whatever its symbols are.
bool divides(int64_t by, const Dim& size);

// The integers of a constant input; nothing where it is absent or no constant.
std::optional<std::vector<int64_t>> constant_integers(const TacticQuery& query, size_t i);

// "int" where all of these counts are known to be so small that steps of a loop can't overflow.
std::string_view loop_index_type(const std::vector<Dims>& shapes);
// "static_cast<index_t>(V)", or V where that is a literal.
std::string index_value(KernelWriter& writer, const Dim& dim);
// The sum of terms * strides and an offset, as text.
std::string linear(KernelWriter& writer, const Dim& offset, const std::vector<std::string>& terms,
                   const Dims& strides);
// The statements that begin a loop of all threads over the points of `sizes`, whose innermost
// coordinate steps by `pack`, which divides it: they name the coordinates c0, c1, ... A last "}"
// is the caller's.
std::string begin_loop(KernelWriter& writer, const Dims& sizes, int pack);
inline constexpr int loop_threads = 256;
Grid loop_grid(const Dims& sizes, int pack);
// The coordinates' names.
std::vector<std::string> loop_coordinates(size_t rank);
// The most elements of so many bytes, 16 bytes at most, that divide all of these sizes.
int widest_pack(int bytes, const Dims& sizes);
// Adds a kernel that runs `body` for each pack of the points, with the types index_t, element_t
// (result 0's, only moved) and pack_t; `before` stands before the loop.
void finish_pack_loop(KernelWriter& writer, const Dims& points, int pack, std::string_view before,
                      std::string_view body, DeviceSource& into);

}  // namespace cermet::cuda
