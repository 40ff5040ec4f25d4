#include <algorithm>
#include <array>
#include <cstdlib>

#include "backends/cuda/build/movement.h"
#include "backends/cuda/build/operand_memory.h"

namespace cermet::cuda {
namespace {

using Copies = std::vector<StridedCopy>;

Copies transpose_copies(const MovementContext& c) {
  const Dims& from_sizes = c.sizes.input(0);
  const Dims from = c.sizes.input_strides(0);
  std::vector<int64_t> perm = c.problem.attributes.integers("perm", {});
  if (perm.empty())
    for (size_t d = from.size(); d-- > 0;) perm.push_back(static_cast<int64_t>(d));
  Dims sizes, strides;
  for (int64_t d : perm) {
    sizes.push_back(from_sizes[static_cast<size_t>(d)]);
    strides.push_back(from[static_cast<size_t>(d)]);
  }
  return {c.copy(0, 0, sizes, strides, strides_of(sizes, c.problem.outputs[0]->layout))};
}

// A size that may turn out to be 1 has a stride that then is 0.
Copies expand_copies(const MovementContext& c) {
  const Dims &in = c.sizes.input(0), &out = c.sizes.output(0);
  const Dims strides = c.sizes.input_strides(0);
  const size_t lead = out.size() - in.size();
  Dims from(out.size(), Dim(0));
  for (size_t d = 0; d < in.size(); ++d) {
    if (in[d] == out[lead + d])
      from[lead + d] = strides[d];
    else if (!in[d].is_constant(1))
      from[lead + d] = strides[d] * max(min(in[d] - Dim(1), Dim(1)), Dim(0));
  }
  return {c.copy(0, 0, out, from, c.sizes.output_strides(0))};
}

Copies identity_copies(const MovementContext& c) {
  return {c.copy(0, 0, c.sizes.output(0), c.sizes.input_strides(0), c.sizes.output_strides(0))};
}

// Another shape of the same row-major bytes.
Copies reshape_copies(const MovementContext& c) {
  return {c.copy(0, 0, {product(c.sizes.input(0))}, {1}, {1})};
}

Copies concat_copies(const MovementContext& c) {
  const Dims to = c.sizes.output_strides(0);
  const size_t axis = axis_of(c.problem.attributes.integer("axis"), to.size());
  Copies copies;
  Dim start = 0;
  for (size_t i = 0; i < c.problem.inputs.size(); ++i) {
    copies.push_back(c.copy(i, 0, c.sizes.input(i), c.sizes.input_strides(i), to));
    copies.back().to_offset = start * to[axis];
    start = start + c.sizes.input(i)[axis];
  }
  return copies;
}

std::optional<std::string> concat_rejects(const TacticQuery& query) {
  for (const auto& input : query.problem().inputs)
    if (!input || input->type.rank() != query.problem().outputs[0]->type.rank())
      return "an input is absent or has another rank";
  return std::nullopt;
}

Copies split_copies(const MovementContext& c) {
  const Dims from = c.sizes.input_strides(0);
  const size_t axis = axis_of(c.problem.attributes.integer("axis", 0), from.size());
  Copies copies;
  Dim start = 0;
  for (size_t i = 0; i < c.problem.outputs.size(); ++i) {
    copies.push_back(c.copy(0, i, c.sizes.output(i), from, c.sizes.output_strides(i)));
    copies.back().from_offset = start * from[axis];
    start = start + c.sizes.output(i)[axis];
  }
  return copies;
}

// Where the elements of a sliced dimension begin.
Dim first_index(int64_t start, const Dim& size, int64_t step) {
  const Dim last = max(step < 0 ? size - Dim(1) : size, Dim(0));
  if (start >= 0) return min(Dim(start), last);
  // Far numbers stand for the ends.
  const Dim from_end = max(size + Dim(std::max<int64_t>(start, -(int64_t{1} << 60))), Dim(0));
  return min(from_end, last);
}

Copies slice_copies(const MovementContext& c) {
  Dims from = c.sizes.input_strides(0);
  const std::vector<int64_t> starts = constant_integers(c.query, 1).value();
  const auto axes = constant_integers(c.query, 3), steps = constant_integers(c.query, 4);
  Dim offset = 0;
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = axes ? axis_of((*axes)[i], from.size()) : i;
    const int64_t step = steps ? (*steps)[i] : 1;
    offset = offset + first_index(starts[i], c.sizes.input(0)[axis], step) * from[axis];
    const Dim& size = c.sizes.output(0)[axis];
    // A single element is never stepped over: its step may be too large to multiply.
    if (!size.is_constant(1) && !size.is_constant(0)) from[axis] = from[axis] * Dim(step);
  }
  Copies copies{c.copy(0, 0, c.sizes.output(0), from, c.sizes.output_strides(0))};
  copies[0].from_offset = offset;
  return copies;
}

std::optional<std::string> slice_rejects(const TacticQuery& query) {
  if (!constant_integers(query, 1)) return "input 1 is no constant";
  for (size_t i : {3, 4})
    if (has_input(query.problem(), i) && !constant_integers(query, i))
      return fmt::format("input {} is no constant", i);
  const Dims& sizes = *query.problem().outputs[0]->type.dims;
  const auto axes = constant_integers(query, 3), steps = constant_integers(query, 4);
  for (size_t i = 0; steps && i < steps->size(); ++i) {
    const Dim& size = sizes[axes ? axis_of((*axes)[i], sizes.size()) : i];
    const bool is_long = (*steps)[i] > INT32_MAX || (*steps)[i] < -INT32_MAX;
    if (is_long && !size.is_constant(1) && !size.is_constant(0)) return "a step is very long";
  }
  return std::nullopt;
}

// Each dimension is [repeats, size].
Copies tile_copies(const MovementContext& c) {
  const Dims from = c.sizes.input_strides(0), to = c.sizes.output_strides(0);
  const auto repeats = constant_integers(c.query, 1);
  Dims sizes, read, write;
  for (size_t d = 0; d < from.size(); ++d) {
    const Dim &in = c.sizes.input(0)[d], &out = c.sizes.output(0)[d];
    // Nothing is repeated where there is nothing.
    const Dim count = repeats ? Dim((*repeats)[d]) : floor_div(out, max(in, Dim(1)));
    sizes.insert(sizes.end(), {count, in});
    read.insert(read.end(), {Dim(0), from[d]});
    write.insert(write.end(), {to[d] * in, to[d]});
  }
  return {c.copy(0, 0, sizes, read, write)};
}

// The channel that holds element (i, j) of a block of channel c: strides of c, i and j.
std::array<Dim, 3> channel_strides(const MovementContext& c, int64_t block, const Dim& channels) {
  if (c.problem.attributes.text("mode", "DCR") == "CRD") return {block * block, block, 1};
  return {1, Dim(block) * channels, channels};
}

// deep[n, channel(c, i, j), h, w] and wide[n, c, h * block + i, w * block + j] are the same.
Copies block_copies(const MovementContext& c, bool to_wide) {
  const int64_t block = c.problem.attributes.integer("blocksize");
  const Dims& deep_shape = to_wide ? c.sizes.input(0) : c.sizes.output(0);
  const Dim channels = to_wide ? floor_div(deep_shape[1], Dim(block * block)) : c.sizes.input(0)[1];
  const Dims deep = to_wide ? c.sizes.input_strides(0) : c.sizes.output_strides(0);
  const Dims wide = to_wide ? c.sizes.output_strides(0) : c.sizes.input_strides(0);
  const auto channel = channel_strides(c, block, channels);
  const Dims sizes{deep_shape[0], channels, deep_shape[2], block, deep_shape[3], block};
  const Dims d{deep[0], channel[0] * deep[1], deep[2], channel[1] * deep[1],
               deep[3], channel[2] * deep[1]};
  const Dims w{wide[0], wide[1], block * wide[2], wide[2], block * wide[3], wide[3]};
  return {to_wide ? c.copy(0, 0, sizes, d, w) : c.copy(0, 0, sizes, w, d)};
}

Copies depth_to_space_copies(const MovementContext& c) { return block_copies(c, true); }
Copies space_to_depth_copies(const MovementContext& c) { return block_copies(c, false); }

constexpr std::array rules{
    MovementRule{"Transpose", transpose_copies},
    MovementRule{"Expand", expand_copies},
    MovementRule{"Identity", identity_copies},
    MovementRule{"Reshape", reshape_copies, nullptr, true},
    MovementRule{"Flatten", reshape_copies, nullptr, true},
    MovementRule{"Squeeze", reshape_copies, nullptr, true},
    MovementRule{"Unsqueeze", reshape_copies, nullptr, true},
    MovementRule{"Concat", concat_copies, concat_rejects},
    MovementRule{"Split", split_copies},
    MovementRule{"Slice", slice_copies, slice_rejects},
    MovementRule{"Tile", tile_copies},
    MovementRule{"DepthToSpace", depth_to_space_copies},
    MovementRule{"SpaceToDepth", space_to_depth_copies},
};

}  // namespace

const MovementRule* find_movement_rule(const Problem& problem) {
  if (problem.kind != ProblemKind::movement || !problem.domain.empty()) return nullptr;
  const auto* rule = std::find_if(rules.begin(), rules.end(),
                                  [&](const MovementRule& r) { return r.op == problem.op; });
  return rule == rules.end() ? nullptr : rule;
}

}  // namespace cermet::cuda
