// A loop over a result's elements in the order of its memory, with operands that broadcast to it:
// dimensions that all operands walk alike are merged, and elements side by side are taken as packs.
#pragma once

#include <string>
#include <vector>

#include "backends/cuda/build/kernel_writer.h"

namespace cermet::cuda {

class LoopNest {
 public:
  // Over output 0 of the writer's problem.
  explicit LoopNest(KernelWriter& writer);

  // An operand that broadcasts to the result: its sizes as the writer gives them, its layout.
  void add(const Dims& dims, const Layout& layout);
  // Ends the list of operands and chooses the size of a pack, at most `widest` elements.
  void close(int widest);

  int pack() const { return pack_; }
  Dim packs() const;  // how many the result has, the last of which may not be full
  std::string_view index_type() const { return index_type_; }

  // Statements that name the coordinates of pack `i`.
  std::string coordinates(std::string_view i);
  // A declaration of `name` with the operand's elements of the pack, and element j of it.
  std::string load(size_t operand, const std::string& pointer, const std::string& name,
                   std::string_view type);
  std::string element(size_t operand, const std::string& name) const;
  // Where the pack begins in the result's memory, in elements.
  std::string place();
  // Statements that write the pack `name` to the result.
  std::string store(const std::string& pointer, const std::string& name, std::string_view type);

 private:
  struct Access {
    Dims sizes;    // by dimension of the result, outermost in memory first; 1 where it repeats
    Dims strides;  // in elements
  };
  bool repeats(size_t operand, size_t d) const {
    return operands_[operand].sizes[d].is_constant(1);
  }
  bool walks_alike(size_t outer, size_t inner) const;
  void merge_dimensions();
  // The operand's elements of a pack lie side by side.
  bool is_packed(size_t operand) const;
  std::string offset(size_t operand);

  KernelWriter& writer_;
  std::vector<size_t> order_;  // the result's dimensions, outermost in memory first
  Dims model_sizes_;           // of the result as the model names them, for comparisons
  Dims sizes_;                 // of the result
  std::vector<Access> operands_;
  std::vector<Dims> shapes_;
  std::string_view index_type_ = "int64";
  int pack_ = 1;
  bool has_tail_ = false;
};

}  // namespace cermet::cuda
