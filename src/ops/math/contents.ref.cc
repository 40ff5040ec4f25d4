#include "ops/math/contents.ref.h"

#include <algorithm>
#include <limits>

#include "base/scalar.h"

namespace cermet {
namespace {

// Longer vectors are data, not shapes.
constexpr int64_t longest = 64;
// What no size of a tensor exceeds.
constexpr int64_t largest_size = int64_t{1} << 40;

bool holds_contents(ElementType type) {
  return type == ElementType::int64 || type == ElementType::int32 || type == ElementType::boolean;
}

bool fits(const Dim& value, ElementType type) {
  if (!value.is_constant()) return true;
  const int64_t number = value.constant();
  if (type == ElementType::boolean) return number == 0 || number == 1;
  if (type == ElementType::int64) return true;
  return number >= std::numeric_limits<int32_t>::min() &&
         number <= std::numeric_limits<int32_t>::max();
}

std::optional<Range> range_of(const Dim& value) {
  std::set<std::string> symbols;
  value.collect_symbols(symbols);
  std::map<std::string, Range, std::less<>> ranges;
  for (const std::string& symbol : symbols) ranges[symbol] = {0, largest_size};
  return bounds(value, ranges);
}

// Element i of contents that repeat when there is only one.
const Dim& element(const Dims& contents, size_t i) {
  return contents.size() == 1 ? contents[0] : contents[i];
}

std::optional<Dims> combine(const std::vector<Dims>& inputs, ElementType type, ContentsRule rule) {
  size_t count = 1;
  for (const Dims& input : inputs)
    if (input.size() != 1) count = input.size();
  Dims result;
  for (size_t i = 0; i < count; ++i) {
    Dims operands;
    for (const Dims& input : inputs) operands.push_back(element(input, i));
    const auto value = rule(operands);
    if (!value || !fits(*value, type)) return std::nullopt;
    result.push_back(*value);
  }
  return result;
}

}  // namespace

std::optional<Dims> operand_contents(const InferContext& context, size_t i) {
  if (!context.has_input(i) || !context.has_rank(i) || context.rank(i) > 1 ||
      !holds_contents(context.element(i)))
    return std::nullopt;
  const Dims& dims = context.dims(i);
  if (!dims.empty() && (!dims[0].is_constant() || dims[0].constant() > longest))
    return std::nullopt;
  if (const auto contents = context.contents(i)) return contents;
  const auto constant = context.constant(i);
  if (!constant) return std::nullopt;
  return to_dims(load_all<int64_t>(*constant));
}

void set_elementwise_contents(InferContext& context, ElementType element, ContentsRule rule) {
  if (!holds_contents(element)) return;
  std::vector<Dims> inputs;
  for (size_t i = 0; i < context.input_count(); ++i) {
    auto contents = operand_contents(context, i);
    if (!contents) return;
    inputs.push_back(std::move(*contents));
  }
  try {
    if (auto result = combine(inputs, element, rule)) context.set_contents(0, std::move(*result));
  } catch (const Error& error) {
    // The element wraps around, which no expression says.
    if (error.code() != ErrorCode::out_of_range) throw;
  }
}

std::optional<bool> known_equal(const Dim& a, const Dim& b) {
  if (a == b) return true;
  const auto range = range_of(a - b);
  if (range && (range->low > 0 || range->high < 0)) return false;
  return std::nullopt;
}

std::optional<bool> known_less(const Dim& a, const Dim& b) {
  const auto range = range_of(b - a);
  if (range && range->low > 0) return true;
  if (range && range->high <= 0) return false;
  return std::nullopt;
}

std::optional<Dim> truncated_div(const Dim& a, const Dim& b) {
  if (!b.is_constant()) return exact_div(a, b);
  const int64_t divisor = b.constant();
  if (divisor == 0) return std::nullopt;
  if (a.is_constant())
    return a.constant() == std::numeric_limits<int64_t>::min()
               ? std::nullopt
               : std::optional(Dim(a.constant() / divisor));
  if (const auto exact = exact_div(a, b)) return exact;
  if (divisor < 0) return std::nullopt;
  const auto range = range_of(a);
  if (range && range->low >= 0) return floor_div(a, b);
  return floor_div(max(a, Dim(0)), b) - floor_div(max(Dim(0) - a, Dim(0)), b);
}

}  // namespace cermet
