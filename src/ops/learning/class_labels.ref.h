// The labels of a classifier: integers or strings.
#pragma once

#include <string>
#include <vector>

#include "ops/operator.ref.h"

namespace cermet {

struct ClassLabels {
  std::vector<int64_t> integers;
  std::vector<std::string> texts;

  // Reads the attributes; `integers_name` is classlabels_ints or classlabels_int64s. Throws
  // invalid_model when neither form is there.
  static ClassLabels of(const Attributes& attributes, std::string_view integers_name);

  size_t size() const { return texts.empty() ? integers.size() : texts.size(); }
  ElementType type() const { return texts.empty() ? ElementType::int64 : ElementType::string; }
  // Writes the label of each index.
  void store(const TensorView& view, const std::vector<int64_t>& indices) const;
};

// Rows and columns of features; a vector is one row.
template <class Shapes>
auto feature_rows(const Shapes& shape) {
  using Size = typename Shapes::value_type;
  return shape.size() == 2 ? std::pair<Size, Size>{shape[0], shape[1]}
                           : std::pair<Size, Size>{Size(1), shape.empty() ? Size(1) : shape[0]};
}

}  // namespace cermet
