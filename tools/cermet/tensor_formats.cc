#include "tensor_formats.h"

#include <algorithm>
#include <map>
#include <set>

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

// By the tensor's name; the empty one is for all that have no entry of their own.
template <class T>
using Entries = std::map<std::string, T>;

template <class T>
T entry_of(const Entries<T>& entries, const std::string& name, T otherwise) {
  if (const auto own = entries.find(name); own != entries.end()) return own->second;
  const auto all = entries.find("");
  return all == entries.end() ? otherwise : all->second;
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
  const std::string types_flag = "--" + side + "-types", layouts_flag = "--" + side + "-layouts";
  Entries<ElementType> types;
  Entries<TensorLayout> layouts;
  std::set<std::string> names;
  for_each_entry(types_flag, flags.types, [&](const std::string& name, const std::string& word) {
    types[name] = known_type(types_flag, word);
    names.insert(name);
  });
  for_each_entry(layouts_flag, flags.layouts,
                 [&](const std::string& name, const std::string& word) {
                   layouts[name] = layout_named(layouts_flag, word);
                   names.insert(name);
                 });
  std::vector<TensorFormat> formats;
  for (const std::string& name : names)
    formats.push_back({name, entry_of(types, name, ElementType::undefined),
                       entry_of(layouts, name, TensorLayout::row_major)});
  return formats;
}

}  // namespace cermet::tools
