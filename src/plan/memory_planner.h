// Where every activation lies: lifetimes, reuse, in-place results, one arena.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "plan/plan.h"

namespace cermet {

// From which step to which a buffer's memory is in use, in the order of for_each_step.
struct Lifetime {
  int32_t first = -1;
  int32_t last = -1;
};

// Lifetimes of roots (aliases count for their root), by buffer; {-1, -1} where unused. What a loop
// reads from outside lives until the loop ends; outputs of the plan live to the end. Depends on the
// plan alone, not on shapes.
std::vector<Lifetime> lifetimes(const Plan& plan);

// Whether the buffer can be placed before running: a tensor of a numeric type whose size depends on
// the shapes of the plan's inputs only.
bool has_planned_size(const Plan& plan, BufferId id);

// Whether a step begins only when an earlier one has ended, whatever else runs side by side.
using InTurn = std::function<bool(int32_t earlier, int32_t later)>;

// A piece of the arena.
struct Block {
  size_t bytes = 0;
  Lifetime life;
  std::vector<int32_t> users = {};  // steps that read or write it, where InTurn is asked; ascending
  size_t offset = 0;                // result, aligned to arena_alignment
};
inline constexpr size_t arena_alignment = 64;
// So many bytes, up to a multiple of the alignment.
inline size_t arena_aligned(size_t bytes) {
  return (bytes + arena_alignment - 1) / arena_alignment * arena_alignment;
}

// Gives each block its offset so that blocks alive at the same time do not overlap; returns the
// arena's size. Larger blocks first, each at the lowest place that is free.
size_t place_blocks(std::vector<Block>& blocks);
// The same where steps may run side by side: blocks whose users don't run in turn lie apart, as far
// as there is room in an arena that is at most half as large again, and 4 MiB larger. Where two
// share a place all the same, the later one's first user has to wait for the earlier one's users.
size_t place_blocks_apart(std::vector<Block>& blocks, const InTurn& in_turn);

struct MemoryPlan {
  // By buffer; nothing where the buffer has no place in the arena.
  std::vector<std::optional<size_t>> offsets;
  // By step in the order of for_each_step; only where workspace was asked for.
  std::vector<size_t> workspace_offsets;
  size_t arena_bytes = 0;
};

// `bytes` by buffer (nothing: not in the arena), `alias_offsets` by buffer (nothing: not known
// before running), `workspace` by step. `in_turn`: where steps may run side by side, else none.
MemoryPlan plan_memory(const Plan& plan, const std::vector<std::optional<size_t>>& bytes,
                       const std::vector<std::optional<size_t>>& alias_offsets,
                       const std::vector<size_t>& workspace, const InTurn& in_turn = nullptr);

}  // namespace cermet
