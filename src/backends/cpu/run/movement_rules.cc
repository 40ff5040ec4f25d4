#include <algorithm>
#include <array>
#include <numeric>

#include "backends/cpu/run/movement.h"
#include "base/error.h"
#include "base/scalar.h"

namespace cermet::cpu {
namespace {

using Copies = std::vector<MovementCopy>;
using Strides = std::vector<int64_t>;

Copies transpose_copies(const MovementContext& c) {
  const Shape& to = c.output(0);
  const Strides from = c.input_strides(0);
  std::vector<int64_t> perm = c.problem.attributes.integers("perm", {});
  if (perm.empty())
    for (size_t d = to.size(); d-- > 0;) perm.push_back(static_cast<int64_t>(d));
  Strides strides;
  for (int64_t d : perm) strides.push_back(from[d]);
  return {c.copy(0, strides, 0, 0, to, c.output_strides(0), 0)};
}

Copies expand_copies(const MovementContext& c) {
  const Strides from = broadcast_strides(c.input(0), c.problem.inputs[0]->layout, c.output(0));
  return {c.copy(0, from, 0, 0, c.output(0), c.output_strides(0), 0)};
}

Copies identity_copies(const MovementContext& c) {
  return {c.copy(0, c.input_strides(0), 0, 0, c.output(0), c.output_strides(0), 0)};
}

// Another shape of the same row-major bytes.
Copies reshape_copies(const MovementContext& c) {
  const int64_t elements = element_count(c.output(0));
  require(elements == element_count(c.input(0)), ErrorCode::runtime,
          "{}: shape {} does not fit the elements of {}", c.problem.op, to_string(c.output(0)),
          to_string(c.input(0)));
  return {c.copy(0, {1}, 0, 0, {elements}, {1}, 0)};
}

Copies concat_copies(const MovementContext& c) {
  const Strides to = c.output_strides(0);
  const int axis = c.axis(c.problem.attributes.integer("axis"), to.size());
  Copies copies;
  int64_t start = 0;
  for (size_t i = 0; i < c.problem.inputs.size(); ++i) {
    copies.push_back(c.copy(i, c.input_strides(i), 0, 0, c.input(i), to, start * to[axis]));
    start += c.input(i)[axis];
  }
  return copies;
}

Copies split_copies(const MovementContext& c) {
  const Strides from = c.input_strides(0);
  const int axis = c.axis(c.problem.attributes.integer("axis", 0), from.size());
  Copies copies;
  int64_t start = 0;
  for (size_t i = 0; i < c.problem.outputs.size(); ++i) {
    copies.push_back(c.copy(0, from, start * from[axis], i, c.output(i), c.output_strides(i), 0));
    start += c.output(i)[axis];
  }
  return copies;
}

// Where the elements of a sliced dimension begin.
int64_t first_index(int64_t start, int64_t size, int64_t step) {
  if (start < 0) start = start < -size ? 0 : start + size;
  return std::clamp<int64_t>(start, 0, std::max<int64_t>(step < 0 ? size - 1 : size, 0));
}

Copies slice_copies(const MovementContext& c) {
  Strides from = c.input_strides(0);
  const std::vector<int64_t> starts = c.integers(1).value();
  const auto axes = c.integers(3), steps = c.integers(4);
  int64_t offset = 0;
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = axes ? c.axis((*axes)[i], from.size()) : i;
    const int64_t step = steps ? (*steps)[i] : 1;
    if (c.output(0)[axis] == 0) return {};
    offset += first_index(starts[i], c.input(0)[axis], step) * from[axis];
    if (c.output(0)[axis] > 1) from[axis] *= step;
  }
  return {c.copy(0, from, offset, 0, c.output(0), c.output_strides(0), 0)};
}

// Each dimension is [repeats, size].
Copies tile_copies(const MovementContext& c) {
  const Strides from = c.input_strides(0), to = c.output_strides(0);
  Strides read, write;
  Shape sizes;
  for (size_t d = 0; d < from.size(); ++d) {
    const int64_t size = c.input(0)[d];
    if (size == 0) return {};
    sizes.insert(sizes.end(), {c.output(0)[d] / size, size});
    read.insert(read.end(), {0, from[d]});
    write.insert(write.end(), {to[d] * size, to[d]});
  }
  return {c.copy(0, read, 0, 0, sizes, write, 0)};
}

// The channel that holds element (i, j) of a block of channel c: strides of c, i and j.
std::array<int64_t, 3> channel_strides(const MovementContext& c, int64_t block, int64_t channels) {
  if (c.problem.attributes.text("mode", "DCR") == "CRD") return {block * block, block, 1};
  return {1, block * channels, channels};
}

// deep[n, channel(c, i, j), h, w] and wide[n, c, h * block + i, w * block + j] are the same.
Copies block_copies(const MovementContext& c, bool to_wide) {
  const int64_t block = c.problem.attributes.integer("blocksize");
  const Shape& deep_shape = to_wide ? c.input(0) : c.output(0);
  const int64_t channels = deep_shape[1] / (block * block);
  const Strides deep = to_wide ? c.input_strides(0) : c.output_strides(0);
  const Strides wide = to_wide ? c.output_strides(0) : c.input_strides(0);
  const auto channel = channel_strides(c, block, channels);
  const Shape sizes{deep_shape[0], channels, deep_shape[2], block, deep_shape[3], block};
  const Strides d{deep[0], channel[0] * deep[1], deep[2], channel[1] * deep[1],
                  deep[3], channel[2] * deep[1]};
  const Strides w{wide[0], wide[1], block * wide[2], wide[2], block * wide[3], wide[3]};
  return {to_wide ? c.copy(0, d, 0, 0, sizes, w, 0) : c.copy(0, w, 0, 0, sizes, d, 0)};
}

Copies depth_to_space_copies(const MovementContext& c) { return block_copies(c, true); }
Copies space_to_depth_copies(const MovementContext& c) { return block_copies(c, false); }

constexpr std::array rules{
    MovementRule{"Transpose", transpose_copies},
    MovementRule{"Expand", expand_copies},
    MovementRule{"Identity", identity_copies},
    MovementRule{"Reshape", reshape_copies, 0, true},
    MovementRule{"Flatten", reshape_copies, 0, true},
    MovementRule{"Squeeze", reshape_copies, 0, true},
    MovementRule{"Unsqueeze", reshape_copies, 0, true},
    MovementRule{"Concat", concat_copies},
    MovementRule{"Split", split_copies},
    MovementRule{"Slice", slice_copies, 1},
    MovementRule{"Tile", tile_copies},
    MovementRule{"Pad", pad_copies, 1},
    MovementRule{"DepthToSpace", depth_to_space_copies},
    MovementRule{"SpaceToDepth", space_to_depth_copies},
};

std::optional<std::string> check_operand(const std::optional<Operand>& operand) {
  if (!operand) return std::nullopt;
  if (!operand->type.has_rank()) return "the rank of an operand is unknown";
  if (!operand->layout.is_dense())
    return "an operand has the layout " + operand->layout.to_string();
  return std::nullopt;
}

// Offsets of the first and the last element, which the tensor has to hold.
void check_bounds(const Shape& sizes, const Strides& strides, int64_t offset, const Shape& tensor) {
  int64_t first = offset, last = offset;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] <= 0) return;
    (strides[d] < 0 ? first : last) += (sizes[d] - 1) * strides[d];
  }
  require(first >= 0 && last < element_count(tensor), ErrorCode::runtime,
          "elements {} to {} of a tensor of shape {} were to be moved", first, last,
          to_string(tensor));
}

}  // namespace

const MovementRule* find_movement_rule(const Problem& problem) {
  if (problem.kind != ProblemKind::movement || !problem.domain.empty()) return nullptr;
  const auto* rule = std::find_if(rules.begin(), rules.end(),
                                  [&](const MovementRule& r) { return r.op == problem.op; });
  return rule == rules.end() ? nullptr : rule;
}

std::optional<std::string> movement_rejects(const Problem& problem,
                                            const std::vector<bool>& constant) {
  if (problem.kind != ProblemKind::movement) return "only moves elements";
  const bool gathers = problem.op == "Gather" && problem.domain.empty();
  const MovementRule* rule = find_movement_rule(problem);
  if (rule == nullptr && !gathers) return "has no rule for " + problem.op;
  if (problem.has_epilogue()) return "takes no epilogue";
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands) {
      if (auto reason = check_operand(operand)) return reason;
      if (operand && (gathers || rule->row_major_only) && !operand->layout.is_row_major())
        return "operands have to be row-major";
    }
  for (const auto& output : problem.outputs)
    if (!output) return "an output is absent";
  if (problem.outputs.empty()) return "there is no output";
  if (problem.inputs.empty() || !problem.inputs[0]) return "input 0 is absent";
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands)
      if (operand && !operand->type.is_tensor()) return "an operand is no tensor";
  const int bits = bit_width(problem.inputs[0]->type.element);
  if (bits < 8) return "elements of whole bytes only";
  for (size_t i = 1; rule != nullptr && rule->constants_from > 0 && i < problem.inputs.size(); ++i)
    if (problem.inputs[i] && !constant[i] && !(problem.op == "Pad" && i == 2) &&
        !(problem.op == "Slice" && i == 2))
      return fmt::format("input {} is no constant", i);
  return std::nullopt;
}

Strides MovementContext::input_strides(size_t i) const {
  return strides(input(i), problem.inputs[i]->layout);
}

Strides MovementContext::output_strides(size_t i) const {
  return strides(output(i), problem.outputs[i]->layout);
}

size_t MovementContext::element_bytes() const {
  return static_cast<size_t>(bit_width(problem.inputs[0]->type.element)) / 8;
}

std::optional<std::vector<int64_t>> MovementContext::integers(size_t i) const {
  const Tensor* tensor = kernel.constant(i);
  if (tensor == nullptr) return std::nullopt;
  return load_integers(tensor->view(), fmt::format("input {}", i));
}

int MovementContext::axis(int64_t value, size_t rank) const {
  return static_cast<int>(value < 0 ? value + static_cast<int64_t>(rank) : value);
}

MovementCopy MovementContext::copy(size_t from, Strides from_strides, int64_t from_offset,
                                   size_t to, const Shape& sizes, Strides to_strides,
                                   int64_t to_offset) const {
  require(from_strides.size() == sizes.size() && to_strides.size() == sizes.size(),
          ErrorCode::runtime, "{}: operands of other ranks", problem.op);
  if (from < bind.inputs.size() && bind.inputs[from])
    check_bounds(sizes, from_strides, from_offset, input(from));
  check_bounds(sizes, to_strides, to_offset, output(to));
  std::vector<int> order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return to_strides[a] > to_strides[b]; });
  StridedLoop loop;
  loop.sizes = permuted(sizes, order);
  loop.strides = {permuted(from_strides, order), permuted(to_strides, order)};
  return {from, to, StridedCopy(std::move(loop), from_offset, to_offset, element_bytes(), set)};
}

}  // namespace cermet::cpu
