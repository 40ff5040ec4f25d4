// What becomes of a product's sums: factor, addend, epilogue, and the way to memory.
#pragma once

#include <string>

#include "backends/cuda/build/kernel_writer.h"
#include "backends/cuda/build/product.h"

namespace cermet::cuda {

class ProductResult {
 public:
  // `pack` is at most `widest`, a power of two.
  ProductResult(KernelWriter& writer, const Product& product, int widest);

  // How many columns side by side are finished at once; no pack crosses the end of a row.
  int pack() const { return pack_; }
  // Statements that finish a pack: `float values[pack()]` at Index `batch`, `row` and `column`,
  // which are inside the result. Each element of the result is written once, by whoever has its
  // sum.
  std::string finish();

 private:
  // An operand that is read at the result's coordinates.
  struct Operand {
    size_t input;
    Dims dims;  // aligned with the result's, as broadcasting does
    Layout layout;
    std::string name;
  };
  enum class Access : uint8_t { packed, once, single };

  Operand operand(size_t input, std::string name) const;
  Access access(const Operand& operand) const;
  bool fits(int pack) const;
  std::string coordinates();
  std::string loads(const Operand& operand, bool in_loop);
  std::string element(const Operand& operand) const;
  std::string value();

  KernelWriter& writer_;
  const Product& product_;
  std::vector<Operand> operands_;
  std::vector<std::string> names_;  // of the result's coordinates
  int pack_ = 1;
};

}  // namespace cermet::cuda
