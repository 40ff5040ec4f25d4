// Types and layouts of an engine's inputs and outputs on the command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cermet/builder.h"

namespace cermet::tools {

// The type that "fp16", "float16" or "half" and the like name.
std::optional<ElementType> type_named(std::string_view word);
// "fp32, fp16, ..." for messages.
std::string type_words();

// What "x:fp16,y:int8" and "x:nhwc" say together. An entry without a name is about all tensors that
// have none of their own. Throws invalid_argument naming the flag and the entry that is wrong.
struct FormatFlags {
  std::string types, layouts;
};
std::vector<TensorFormat> parse_formats(const std::string& side, const FormatFlags& flags);

}  // namespace cermet::tools
