#include "tensor_formats.h"

#include <algorithm>

#include "common/errors.h"

namespace cermet::tools {
namespace {

struct TypeWord {
  const char* words[3];
  ElementType type;
};
constexpr TypeWord types[] = {
    {{"fp32", "float32", "float"}, ElementType::float32},
    {{"fp16", "float16", "half"}, ElementType::float16},
    {{"bf16", "bfloat16", ""}, ElementType::bfloat16},
    {{"fp64", "float64", "double"}, ElementType::float64},
    {{"fp8", "float8e4m3fn", ""}, ElementType::float8e4m3fn},
    {{"int8", "", ""}, ElementType::int8},
    {{"uint8", "", ""}, ElementType::uint8},
    {{"int16", "", ""}, ElementType::int16},
    {{"uint16", "", ""}, ElementType::uint16},
    {{"int32", "", ""}, ElementType::int32},
    {{"uint32", "", ""}, ElementType::uint32},
    {{"int64", "", ""}, ElementType::int64},
    {{"uint64", "", ""}, ElementType::uint64},
    {{"bool", "boolean", ""}, ElementType::boolean},
};

struct LayoutWord {
  const char* word;
  TensorLayout layout;
};
constexpr LayoutWord layouts[] = {
    {"nchw", TensorLayout::row_major},
    {"row-major", TensorLayout::row_major},
    {"nhwc", TensorLayout::channels_last},
    {"channels-last", TensorLayout::channels_last},
};

TensorLayout layout_named(const std::string& flag, const std::string& word) {
  for (const LayoutWord& known : layouts)
    if (word == known.word) return known.layout;
  fail(ErrorCode::invalid_argument, "{}: '{}' is no layout; expected nchw (as the model) or nhwc",
       flag, word);
}

ElementType known_type(const std::string& flag, const std::string& word) {
  const auto type = type_named(word);
  require(type.has_value(), ErrorCode::invalid_argument, "{}: '{}' is no type; expected one of {}",
          flag, word, type_words());
  return *type;
}

TensorFormat& format_of(std::vector<TensorFormat>& formats, const std::string& name) {
  const auto found = std::find_if(formats.begin(), formats.end(),
                                  [&](const TensorFormat& format) { return format.name == name; });
  if (found != formats.end()) return *found;
  formats.push_back({name, ElementType::undefined, TensorLayout::row_major});
  return formats.back();
}

// Calls `take` with the name and the word of each entry. Names may hold colons: an entry splits at
// its last one.
template <class Take>
void for_each_entry(const std::string& flag, const std::string& text, Take&& take) {
  std::vector<std::string> seen;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string entry = text.substr(begin, end - begin);
    begin = end + 1;
    if (entry.empty()) continue;
    const size_t split = entry.find_last_of(":=");
    const std::string name = split == std::string::npos ? "" : entry.substr(0, split);
    require(std::find(seen.begin(), seen.end(), name) == seen.end(), ErrorCode::invalid_argument,
            "{}: '{}' is given twice", flag, name.empty() ? entry : name);
    seen.push_back(name);
    take(name, split == std::string::npos ? entry : entry.substr(split + 1));
  }
}

}  // namespace

std::optional<ElementType> type_named(std::string_view word) {
  for (const TypeWord& type : types)
    if (!word.empty() &&
        std::find(std::begin(type.words), std::end(type.words), word) != std::end(type.words))
      return type.type;
  return std::nullopt;
}

std::string type_words() {
  std::string text;
  for (const TypeWord& type : types)
    text += (text.empty() ? "" : ", ") + std::string(type.words[0]);
  return text;
}

std::vector<TensorFormat> parse_formats(const std::string& side, const FormatFlags& flags) {
  std::vector<TensorFormat> formats;
  const std::string types_flag = "--" + side + "-types", layouts_flag = "--" + side + "-layouts";
  for_each_entry(types_flag, flags.types, [&](const std::string& name, const std::string& word) {
    format_of(formats, name).type = known_type(types_flag, word);
  });
  for_each_entry(layouts_flag, flags.layouts,
                 [&](const std::string& name, const std::string& word) {
                   format_of(formats, name).layout = layout_named(layouts_flag, word);
                 });
  return formats;
}

}  // namespace cermet::tools
