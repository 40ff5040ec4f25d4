#include "ops/text/strings.ref.h"

#include <algorithm>

#include "ops/math/elementwise.ref.h"
#include "ops/text/regex.ref.h"

namespace cermet {
namespace {

constexpr std::string_view blanks = " \t\n\r\v\f";

// Between runs of blanks, as Python's str.split does; after `most` splits the rest stays whole.
std::vector<std::string> split_at_blanks(std::string_view text, int64_t most) {
  std::vector<std::string> parts;
  size_t at = text.find_first_not_of(blanks);
  while (at != std::string_view::npos) {
    const bool last = most >= 0 && static_cast<int64_t>(parts.size()) == most;
    const size_t end = last ? std::string_view::npos : text.find_first_of(blanks, at);
    parts.emplace_back(text.substr(at, end == std::string_view::npos ? end : end - at));
    at = end == std::string_view::npos ? end : text.find_first_not_of(blanks, end);
  }
  return parts;
}

std::vector<std::string> split_at(std::string_view text, std::string_view delimiter, int64_t most) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (most < 0 || static_cast<int64_t>(parts.size()) < most) {
    const size_t end = text.find(delimiter, at);
    if (end == std::string_view::npos) break;
    parts.emplace_back(text.substr(at, end - at));
    at = end + delimiter.size();
  }
  parts.emplace_back(text.substr(at));
  return parts;
}

}  // namespace

void require_strings(const InferContext& context, size_t input) {
  const ValueType& type = context.input(input);
  context.require(type.is_tensor() && type.element == ElementType::string,
                  "input {}: expected a tensor of strings, got {}", input, type.to_string());
}

void infer_string_concat(InferContext& context) {
  require_strings(context, 0);
  require_strings(context, 1);
  infer_broadcast(context);
}

void evaluate_string_concat(EvalContext& context) {
  const TensorView output = context.output(0);
  const ConstTensorView& a = context.input(0);
  const ConstTensorView& b = context.input(1);
  const auto a_offsets = broadcast_offsets(a.shape, output.shape);
  const auto b_offsets = broadcast_offsets(b.shape, output.shape);
  for (size_t i = 0; i < a_offsets.size(); ++i)
    output.as<std::string>()[i] =
        a.as<std::string>()[a_offsets[i]] + b.as<std::string>()[b_offsets[i]];
}

void infer_regex_full_match(InferContext& context) {
  require_strings(context, 0);
  parse_regex(context.attributes().text("pattern"));
  context.set_output(0, ValueType::tensor(ElementType::boolean, context.input(0).dims));
}

void evaluate_regex_full_match(EvalContext& context) {
  const Regex regex(context.attributes().text("pattern"));
  const TensorView output = context.output(0);
  const auto* texts = context.input(0).as<std::string>();
  for (int64_t i = 0; i < output.elements(); ++i)
    output.as<uint8_t>()[i] = regex.matches_whole(texts[i]) ? 1 : 0;
}

void infer_string_split(InferContext& context) {
  require_strings(context, 0);
  const auto& dims = context.input(0).dims;
  if (dims) {
    Dims parts = *dims;
    parts.push_back(context.new_dim("parts"));
    context.set_output(0, ElementType::string, std::move(parts));
  } else {
    context.set_output_rank_unknown(0, ElementType::string);
  }
  context.set_output(1, ValueType::tensor(ElementType::int64, dims));
}

void evaluate_string_split(EvalContext& context) {
  const ConstTensorView& input = context.input(0);
  const std::string delimiter = context.attributes().text("delimiter", "");
  const int64_t most = context.attributes().integer("maxsplit", -1);
  std::vector<std::vector<std::string>> parts;
  size_t longest = 0;
  for (int64_t i = 0; i < input.elements(); ++i) {
    const std::string& text = input.as<std::string>()[i];
    parts.push_back(delimiter.empty() ? split_at_blanks(text, most)
                                      : split_at(text, delimiter, most));
    longest = std::max(longest, parts.back().size());
  }
  Shape shape = input.shape;
  shape.push_back(static_cast<int64_t>(longest));
  if (context.wants_output(0)) {
    auto* texts = context.output(0, ElementType::string, shape).as<std::string>();
    for (size_t i = 0; i < parts.size(); ++i) {
      auto* end = std::copy(parts[i].begin(), parts[i].end(), texts + i * longest);
      std::fill(end, texts + (i + 1) * longest, std::string());
    }
  }
  if (context.output_count() < 2 || !context.wants_output(1)) return;
  auto* counts = context.output(1, ElementType::int64, input.shape).as<int64_t>();
  for (size_t i = 0; i < parts.size(); ++i) counts[i] = static_cast<int64_t>(parts[i].size());
}

}  // namespace cermet
