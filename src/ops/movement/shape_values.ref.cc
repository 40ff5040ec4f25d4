#include "ops/movement/shape_values.ref.h"

#include <limits>

namespace cermet {
namespace {

std::optional<Range> bounds_of_sizes(const Dim& dim) {
  std::set<std::string> symbols;
  dim.collect_symbols(symbols);
  std::map<std::string, Range, std::less<>> ranges;
  for (const std::string& symbol : symbols)
    ranges[symbol] = {0, std::numeric_limits<int32_t>::max()};
  try {
    return bounds(dim, ranges);
  } catch (const Error&) {  // overflow: too large to tell
    return std::nullopt;
  }
}

}  // namespace

std::optional<Dims> shape_values(const InferContext& context, size_t i) {
  if (!context.has_input(i)) return std::nullopt;
  const ValueType& type = context.input(i);
  if (type.is_static() && (type.rank() > 1 || !product(*type.dims).is_constant() ||
                           product(*type.dims).constant() > longest_shape))
    return std::nullopt;
  return context.contents(i);
}

void set_shape_values(InferContext& context, size_t i, Dims elements) {
  if (static_cast<int64_t>(elements.size()) <= longest_shape)
    context.set_contents(i, std::move(elements));
}

std::optional<int> known_length(const InferContext& context, size_t i) {
  if (!context.has_rank(i)) return std::nullopt;
  const Dims& dims = context.dims(i);
  context.require(dims.size() <= 1, "input {}: expected at most one dimension, got {}", i,
                  to_string(dims));
  if (dims.empty()) return 1;
  if (!dims[0].is_constant()) return std::nullopt;
  context.require(dims[0].constant() <= longest_shape,
                  "input {}: expected at most {} elements, got {}", i, longest_shape,
                  dims[0].constant());
  return static_cast<int>(dims[0].constant());
}

bool never_negative(const Dim& dim) {
  if (dim.is_constant()) return dim.constant() >= 0;
  const auto range = bounds_of_sizes(dim);
  return range && range->low >= 0;
}

bool always_negative(const Dim& dim) {
  if (dim.is_constant()) return dim.constant() < 0;
  const auto range = bounds_of_sizes(dim);
  return range && range->high < 0;
}

Dim merge_sizes(const InferContext& context, const Dim& a, const Dim& b) {
  context.require(!a.is_constant() || !b.is_constant() || a.constant() == b.constant(),
                  "expected equal sizes, got {} and {}", a.to_string(), b.to_string());
  return a.is_constant() ? a : b.is_constant() ? b : a;
}

}  // namespace cermet
