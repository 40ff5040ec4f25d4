// Weights as an engine holds them packed.
#pragma once

#include <string_view>

#include "base/error.h"
#include "cermet/tensor.h"

namespace cermet::cpu {

// What an engine holds packed in the form that `text` names, in the form `wanted`: they may differ
// in columns, which are another machine's then. Throws invalid_engine for anything else.
template <class Form>
Tensor read_packed(const Tensor& given, std::string_view text, const Form& wanted) {
  const Form packed = Form::parse(text);
  Form there = wanted;
  there.columns = packed.columns;
  require(packed == there && given.type() == ElementType::float32 &&
              given.elements() == packed.elements(),
          ErrorCode::invalid_engine,
          "packed weights: {} elements of the form '{}', expected the form '{}'. Build the engine "
          "again",
          given.elements(), text, wanted.to_string());
  return packed == wanted ? given : change_columns(given, packed, wanted);
}

}  // namespace cermet::cpu
