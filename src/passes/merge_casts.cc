// A Cast of a Cast reads the first one's input where the type between them holds every value of it,
// so that nothing is lost on the way.
#include <algorithm>
#include <array>

#include "passes/passes.h"

namespace cermet {
namespace {

// What values a type has: integers of so many bits, or floats of so many significant bits whose
// exponents have so many.
struct Range {
  ElementType type;
  int bits;
  int exponent_bits;
};
constexpr std::array ranges{Range{ElementType::boolean, 1, 0},  Range{ElementType::int8, 7, 0},
                            Range{ElementType::int16, 15, 0},   Range{ElementType::int32, 31, 0},
                            Range{ElementType::int64, 63, 0},   Range{ElementType::uint8, 8, 0},
                            Range{ElementType::uint16, 16, 0},  Range{ElementType::uint32, 32, 0},
                            Range{ElementType::uint64, 64, 0},  Range{ElementType::bfloat16, 8, 8},
                            Range{ElementType::float16, 11, 5}, Range{ElementType::float32, 24, 8},
                            Range{ElementType::float64, 53, 11}};

const Range* range_of(ElementType type) {
  const auto at = std::ranges::find(ranges, type, &Range::type);
  return at == ranges.end() ? nullptr : &*at;
}

bool holds_all(ElementType wide, ElementType narrow) {
  const Range *to = range_of(wide), *from = range_of(narrow);
  if (to == nullptr || from == nullptr) return false;
  if (from->exponent_bits > to->exponent_bits) return false;
  if (is_signed_integer(narrow) && is_unsigned_integer(wide)) return false;
  // A truth value holds but itself: 2 becomes true.
  return from->bits <= to->bits && (wide != ElementType::boolean || narrow == wide);
}

// Integers wrap where floats stop at the end of a range.
bool wraps_instead(ElementType first, ElementType between, ElementType last) {
  return is_integer(first) && is_floating(between) && is_integer(last) && !holds_all(last, first);
}

const Node* cast_before(const Graph& graph, const Node& node) {
  const Node* first = node.is("Cast") ? graph.producer(node.inputs[0]) : nullptr;
  return first != nullptr && first->is("Cast") ? first : nullptr;
}

bool merges(const Graph& graph, const Node& node, const Node& first) {
  const ElementType from = graph.type(first.inputs[0]).element,
                    between = graph.type(node.inputs[0]).element,
                    to = graph.type(node.outputs[0]).element;
  return holds_all(between, from) && range_of(to) != nullptr && !wraps_instead(from, between, to);
}

}  // namespace

std::vector<Patch> merge_casts(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const Node* first = cast_before(graph, node);
    if (first == nullptr || !merges(graph, node, *first)) continue;
    Patch patch(graph);
    patch.consume(id);
    Node merged = Patch::copy_of(node);
    merged.inputs[0] = first->inputs[0];
    merged.origin.merge(first->origin);
    const bool back = graph.type(first->inputs[0]).element == graph.type(node.outputs[0]).element;
    patch.replace(node.outputs[0], back ? first->inputs[0] : patch.add(std::move(merged)));
    patches.push_back(std::move(patch));
  }
  return patches;
}

}  // namespace cermet
