#include "ops/learning/class_labels.ref.h"

namespace cermet {

ClassLabels ClassLabels::of(const Attributes& attributes, std::string_view integers_name) {
  ClassLabels labels{attributes.integers(integers_name, {}),
                     attributes.texts("classlabels_strings")};
  require(labels.size() > 0, ErrorCode::invalid_model,
          "expected class labels as {} or classlabels_strings, got none", integers_name);
  return labels;
}

void ClassLabels::store(const TensorView& view, const std::vector<int64_t>& indices) const {
  for (size_t i = 0; i < indices.size(); ++i)
    if (texts.empty())
      store_element(view, static_cast<int64_t>(i), integers.at(indices[i]));
    else
      view.as<std::string>()[i] = texts.at(indices[i]);
}

}  // namespace cermet
