#include "builder/random_operand.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/error.h"
#include "builder/rounding.h"

namespace cermet {
namespace {

// After so many elements they repeat: a prime number, so that rows of no usual size look alike.
constexpr int64_t period = 65537;

struct Numbers {
  double low = -2, high = 2;
  bool either_sign = false;  // the magnitude is in the range
};

struct Reader {
  std::string_view op;
  size_t input;
  Numbers numbers;
};

// The first that reads a value decides.
constexpr std::array<Reader, 14> readers{{
    {"Sqrt", 0, {0.1, 3}},
    {"Log", 0, {0.1, 3}},
    {"Pow", 0, {0.1, 2}},
    {"Acosh", 0, {1.1, 3}},
    {"Acos", 0, {-0.9, 0.9}},
    {"Asin", 0, {-0.9, 0.9}},
    {"Atanh", 0, {-0.9, 0.9}},
    {"Reciprocal", 0, {0.5, 2, true}},
    {"Div", 1, {0.5, 2, true}},
    {"Mod", 1, {1, 5}},
    {"QuantizeLinear", 1, {0.02, 0.05}},
    {"DequantizeLinear", 1, {0.02, 0.05}},
    {"BatchNormalization", 4, {0.5, 2}},
    {"Tan", 0, {-1.2, 1.2}},
}};

// Operators that hand their first input's numbers on.
bool hands_on(const Node& node) {
  static constexpr std::array<std::string_view, 6> names{"Reshape",   "Transpose", "Identity",
                                                         "Unsqueeze", "Squeeze",   "Flatten"};
  return node.domain.empty() && std::find(names.begin(), names.end(), node.op) != names.end();
}

class Chooser {
 public:
  Chooser(const OriginalGraph& original, OriginalValues& values)
      : original_(original), values_(values) {}

  Numbers numbers(ValueId value, int depth = 3) const {
    for (NodeId id : original_.readers(value)) {
      const Node& node = original_.graph().node(id);
      if (hands_on(node) && depth > 0) {
        const Numbers found = numbers(node.outputs[0], depth - 1);
        if (found.low != Numbers().low || found.high != Numbers().high) return found;
      }
      for (const Reader& reader : readers)
        if (node.is(reader.op) && node.input(reader.input) == value) return reader.numbers;
    }
    return {};
  }

  // One more than the largest index that every reader takes.
  int64_t indices(ValueId value) {
    int64_t bound = std::numeric_limits<int64_t>::max();
    for (NodeId id : original_.readers(value)) {
      const Node& node = original_.graph().node(id);
      if (node.input(1) != value) continue;
      const bool along_axis =
          node.is("Gather") || node.is("GatherElements") || node.is("ScatterElements");
      if (!along_axis && !node.is("GatherND") && !node.is("ScatterND")) continue;
      const Shape data = values_.shape(node.inputs[0]);
      int64_t axis = node.attributes.integer("axis", 0);
      if (axis < 0) axis += static_cast<int64_t>(data.size());
      bound = std::min(bound, along_axis ? data.at(static_cast<size_t>(axis))
                                         : *std::min_element(data.begin(), data.end()));
    }
    return bound == std::numeric_limits<int64_t>::max() ? 0 : bound;
  }

 private:
  const OriginalGraph& original_;
  OriginalValues& values_;
};

// Codes of 8 bits take all their values, larger integers small ones.
std::pair<int64_t, int64_t> integer_range(ElementType type) {
  switch (type) {
    case ElementType::boolean:
      return {0, 2};
    case ElementType::int8:
      return {-128, 128};
    case ElementType::uint8:
      return {0, 256};
    case ElementType::int4:
      return {-8, 8};
    case ElementType::uint4:
      return {0, 16};
    case ElementType::int2:
      return {-2, 2};
    case ElementType::uint2:
      return {0, 4};
    default:
      return is_signed_integer(type) ? std::pair<int64_t, int64_t>{-5, 6}
                                     : std::pair<int64_t, int64_t>{0, 11};
  }
}

}  // namespace

Tensor random_operand(const OriginalGraph& original, ValueId value, const Shape& shape,
                      OriginalValues& values, uint64_t seed, ElementType narrow) {
  const ElementType type = original.graph().type(value).element;
  require(is_floating(type) || is_integer(type) || type == ElementType::boolean,
          ErrorCode::unsupported, "'{}' holds elements of type {}",
          original.graph().value(value).name, name(type));
  Chooser chooser(original, values);
  SeededNumbers random(seed);
  Tensor tensor(type, shape);
  if (!is_floating(type)) {
    auto [low, high] = integer_range(type);
    if (const int64_t bound = chooser.indices(value); bound > 0) low = 0, high = bound;
    std::vector<int64_t> numbers(static_cast<size_t>(tensor.elements()));
    for (int64_t& number : numbers) number = random.integer(low, high);
    store_all(tensor.view(), numbers);
    return tensor;
  }
  const Numbers range = chooser.numbers(value);
  const auto draw = [&] {
    const double number = random.real(range.low, range.high);
    return range.either_sign && (random.next() & 1) != 0 ? -number : number;
  };
  if (type == ElementType::float32) {
    auto* numbers = tensor.view().as<float>();
    const int64_t count = tensor.elements();
    Tensor first(type, {std::min(count, period)});
    for (int64_t i = 0; i < first.elements(); ++i)
      first.view().as<float>()[i] = static_cast<float>(draw());
    first = rounded(std::move(first), narrow);
    std::copy_n(first.as<float>(), first.elements(), numbers);
    for (int64_t done = period; done < count; done += period)
      std::copy_n(numbers, std::min(period, count - done), numbers + done);
    return tensor;
  }
  std::vector<double> numbers(static_cast<size_t>(tensor.elements()));
  for (double& number : numbers) number = draw();
  store_all(tensor.view(), numbers);
  return tensor;
}

}  // namespace cermet
