// Where oneDNN puts the elements of packed weights, in words that hold for any of its releases.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/cpu/onednn/descriptors.h"

namespace cermet::cpu::onednn {

// float32 elements in blocks, the innermost one last. Each dimension is padded up to what its
// blocks make; strides, in elements, are those of whole blocks.
struct PackedForm {
  Shape dims, padded, strides;
  std::vector<std::pair<size_t, int64_t>> blocks;  // dimension and size

  bool operator==(const PackedForm&) const = default;

  // Nothing where oneDNN keeps its arrangement to itself.
  static std::optional<PackedForm> of(const Descriptor& descriptor);
  // Reads to_string's text. Throws invalid_engine.
  static PackedForm parse(std::string_view text);
  std::string to_string() const;

  // Whether no element lies behind the first `elements`.
  bool fits(int64_t elements) const;
  // The place of an element, in elements.
  int64_t offset(const Shape& index) const;
};

// The elements in the places that `plain`, which is without blocks and of the same dimensions,
// gives them. `packed` has to fit.
Tensor unpack(const PackedForm& form, const Tensor& packed, const Descriptor& plain);

}  // namespace cermet::cpu::onednn
