// The sizes of a problem as a struct of the kernel's source, which hand-written kernels take as a
// type: sizes that are known are constants of it, others members that are set when it runs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/cuda/build/kernel_writer.h"

namespace cermet::cuda {

class SizeStruct {
 public:
  // index_t of the struct is the type in which offsets are computed, "int" or "int64".
  explicit SizeStruct(std::string_view index_type) : index_type_(index_type) {}

  void add(std::string_view name, const Dim& value);
  // "using NAME = TYPE;"
  void add_type(std::string_view name, std::string_view type);

  // Declares struct Sizes and makes `sizes`, a value of it, in the kernel.
  void write(KernelWriter& writer) const;

 private:
  std::string index_type_, types_;
  std::vector<std::pair<std::string, Dim>> sizes_;
};

}  // namespace cermet::cuda
