#include "plan/memory_planner.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace cermet {
namespace {

class LifetimeScan {
 public:
  explicit LifetimeScan(const Plan& plan) : plan_(plan), lives_(plan.buffers.size()) {}

  std::vector<Lifetime> run() {
    region(plan_.root);
    for (BufferId id : plan_.root.outputs) touch(id, next_);
    return std::move(lives_);
  }

 private:
  void touch(BufferId id, int32_t at) {
    if (id == no_buffer) return;
    Lifetime& life = lives_[plan_.root_of(id)];
    if (life.first < 0) life.first = at;
    life.last = std::max(life.last, at);
  }

  void region(const Region& region) {
    for (const Step& step : region.steps) visit(step);
  }

  void visit(const Step& step) {
    const int32_t at = next_++;
    for (BufferId id : step.inputs) touch(id, at);
    // Results of a step with bodies are written after them, but their memory is held throughout.
    for (BufferId id : step.outputs) touch(id, at);
    if (step.regions.empty()) return;
    for (const Region& body : step.regions) region(body);
    const int32_t end = next_ - 1;
    // What was there before may be read again by the next iteration.
    for (Lifetime& life : lives_)
      if (life.first >= 0 && life.first < at && life.last > at) life.last = end;
    for (BufferId id : step.inputs) touch(id, end);
    for (BufferId id : step.outputs) touch(id, end);
    for (const Region& body : step.regions)
      for (BufferId id : body.outputs) touch(id, end);
  }

  const Plan& plan_;
  std::vector<Lifetime> lives_;
  int32_t next_ = 0;
};

// By which an arena may grow for steps side by side: what is larger is written by kernels that fill
// the card by themselves.
constexpr size_t most_growth = size_t{4} << 20;
constexpr int most_tries = 8;

bool overlap(const Block& a, const Block& b) {
  return a.life.first <= b.life.last && b.life.first <= a.life.last;
}

bool run_in_turn(const Block& earlier, const Block& later, const InTurn& in_turn) {
  if (later.users.empty()) return true;
  return std::all_of(earlier.users.begin(), earlier.users.end(),
                     [&](int32_t user) { return in_turn(user, later.users.front()); });
}

// The largest ones first.
std::vector<size_t> by_size(const std::vector<Block>& blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  return order;
}

class BlockPlacer {
 public:
  explicit BlockPlacer(std::vector<Block>& blocks) : blocks_(blocks) {}

  // The lowest place for the block, in the first `most` bytes, where it shares none with a block
  // that it would disturb; nothing where there is none.
  template <class Disturbs>
  std::optional<size_t> room(const Block& block, const Disturbs& disturbs, size_t most) const {
    size_t offset = 0;
    for (const size_t other : placed_) {
      if (!disturbs(block, blocks_[other])) continue;
      if (offset + block.bytes <= blocks_[other].offset) break;
      offset = std::max(offset, blocks_[other].offset + arena_aligned(blocks_[other].bytes));
    }
    if (offset > most || arena_aligned(block.bytes) > most - offset) return std::nullopt;
    return offset;
  }

  void place(size_t i, size_t offset) {
    blocks_[i].offset = offset;
    end_ = std::max(end_, offset + arena_aligned(blocks_[i].bytes));
    const auto after =
        std::upper_bound(placed_.begin(), placed_.end(), offset,
                         [&](size_t value, size_t other) { return value < blocks_[other].offset; });
    placed_.insert(after, i);
  }

  // In the first `most` bytes, blocks of at most `largest` bytes apart from each other where their
  // users don't run in turn; whether there is room.
  bool place_all(const InTurn& in_turn, size_t largest, size_t most) {
    const auto disturbs = [&](const Block& a, const Block& b) {
      if (overlap(a, b)) return true;
      if (std::max(a.bytes, b.bytes) > largest) return false;
      return !(a.life.first < b.life.first ? run_in_turn(a, b, in_turn)
                                           : run_in_turn(b, a, in_turn));
    };
    for (const size_t i : by_size(blocks_)) {
      const auto offset = room(blocks_[i], disturbs, most);
      if (!offset) return false;
      place(i, *offset);
    }
    return true;
  }

  size_t end() const { return end_; }

 private:
  std::vector<Block>& blocks_;
  std::vector<size_t> placed_;  // by offset
  size_t end_ = 0;
};

// Views touch no memory. `block_of`: -1 for a buffer without one.
template <class BlockOf>
void find_users(const Plan& plan, const BlockOf& block_of, std::vector<Block>& blocks) {
  int32_t at = -1;
  for_each_step(plan.root.steps, [&](const Step& step) {
    ++at;
    if (step.problem.kind == ProblemKind::view) return;
    for (const auto* operands : {&step.inputs, &step.outputs})
      for (BufferId id : *operands) {
        const int64_t block = id == no_buffer ? -1 : block_of(id);
        if (block < 0) continue;
        std::vector<int32_t>& users = blocks[block].users;
        if (users.empty() || users.back() != at) users.push_back(at);
      }
  });
}

// Buffers that share one block: an in-place result joins the block of its input.
class Sharing {
 public:
  explicit Sharing(size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), BufferId{0});
  }
  BufferId find(BufferId id) const {
    while (parent_[id] != id) id = parent_[id];
    return id;
  }
  void join(BufferId into, BufferId id) { parent_[find(id)] = find(into); }

 private:
  std::vector<BufferId> parent_;
};

// Merges results into the inputs whose memory they may use, where those end at that step.
class InPlaceScan {
 public:
  InPlaceScan(const Plan& plan, const std::vector<std::optional<size_t>>& bytes,
              std::vector<Lifetime>& lives)
      : plan_(plan),
        bytes_(bytes),
        lives_(lives),
        sharing_(plan.buffers.size()),
        is_body_result_(plan.buffers.size()) {}

  Sharing run() {
    region(plan_.root);
    return std::move(sharing_);
  }

 private:
  void region(const Region& region) {
    const int32_t begin = next_;
    for (const Step& step : region.steps) {
      for (const Region& body : step.regions)
        for (BufferId id : body.outputs) is_body_result_[plan_.root_of(id)] = true;
      share(step, next_++, begin);
      for (const Region& body : step.regions) this->region(body);
    }
  }

  // `begin` is the first step of the region: what was made before it, the next iteration reads
  // again. What a body gives is read once more after its last step.
  void share(const Step& step, int32_t now, int32_t begin) {
    for (const auto& [output, input] : step.in_place) {
      const BufferId read = plan_.root_of(step.inputs[input]);
      const BufferId from = sharing_.find(read);
      const BufferId to = plan_.root_of(step.outputs[output]);
      if (!bytes_[from] || !bytes_[to] || from == to || sharing_.find(to) != to) continue;
      // A kernel writes where it reads, no matter what lies before it in the same memory.
      if (to != step.outputs[output] || !plan_.begins_at_root(step.inputs[input])) continue;
      if (lives_[from].first < begin || lives_[from].last != now || is_body_result_[read]) continue;
      if (lives_[to].first != now || *bytes_[to] > *bytes_[from]) continue;
      sharing_.join(from, to);
      lives_[from].last = lives_[to].last;
      return;
    }
  }

  const Plan& plan_;
  const std::vector<std::optional<size_t>>& bytes_;
  std::vector<Lifetime>& lives_;
  Sharing sharing_;
  std::vector<bool> is_body_result_;
  int32_t next_ = 0;
};

// In bytes; nothing where it is not known.
std::optional<size_t> offset_in_root(const Plan& plan,
                                     const std::vector<std::optional<size_t>>& alias_offsets,
                                     BufferId id) {
  size_t offset = 0;
  for (; plan.buffers[id].alias != no_buffer; id = plan.buffers[id].alias) {
    if (!alias_offsets[id]) return std::nullopt;
    offset += *alias_offsets[id];
  }
  return offset;
}

}  // namespace

std::vector<Lifetime> lifetimes(const Plan& plan) { return LifetimeScan(plan).run(); }

bool has_planned_size(const Plan& plan, BufferId id) {
  const Buffer& buffer = plan.buffers[id];
  if (!buffer.type.has_rank() || bit_width(buffer.type.element) == 0) return false;
  std::set<std::string> found_while_running;
  for (const Dim& dim : *buffer.type.dims) dim.collect_data_symbols(found_while_running);
  return found_while_running.empty();
}

size_t place_blocks(std::vector<Block>& blocks) {
  BlockPlacer placer(blocks);
  for (const size_t i : by_size(blocks)) {
    const auto offset = placer.room(blocks[i], overlap, std::numeric_limits<size_t>::max());
    require(offset.has_value(), ErrorCode::out_of_memory,
            "the activations take more bytes than can be addressed");
    placer.place(i, *offset);
  }
  return placer.end();
}

size_t place_blocks_apart(std::vector<Block>& blocks, const InTurn& in_turn) {
  std::vector<Block> close = blocks;
  size_t largest = 0;
  for (const Block& block : blocks) largest = std::max(largest, block.bytes);
  const size_t end = place_blocks(close);
  const size_t most = end + std::min(end / 2, most_growth);
  // Where there is no room for all, the largest ones, which are written by kernels that fill the
  // card anyway, lie as close as they do without.
  for (int tries = 0; tries < most_tries && largest > 0; ++tries, largest /= 2) {
    BlockPlacer placer(blocks);
    if (placer.place_all(in_turn, largest, most)) return placer.end();
  }
  blocks = std::move(close);
  return end;
}

MemoryPlan plan_memory(const Plan& plan, const std::vector<std::optional<size_t>>& bytes,
                       const std::vector<std::optional<size_t>>& alias_offsets,
                       const std::vector<size_t>& workspace, const InTurn& in_turn) {
  std::vector<Lifetime> lives = lifetimes(plan);
  const Sharing sharing = InPlaceScan(plan, bytes, lives).run();
  std::vector<Block> blocks;
  std::vector<int64_t> block_of(plan.buffers.size(), -1);
  const auto count = static_cast<BufferId>(plan.buffers.size());
  for (BufferId id = 0; id < count; ++id) {
    if (!bytes[id] || plan.root_of(id) != id || sharing.find(id) != id || lives[id].first < 0)
      continue;
    block_of[id] = static_cast<int64_t>(blocks.size());
    blocks.push_back({*bytes[id], lives[id]});
  }
  const auto block_with = [&](BufferId id) { return block_of[sharing.find(plan.root_of(id))]; };
  if (in_turn) find_users(plan, block_with, blocks);
  const size_t first_workspace = blocks.size();
  for (size_t i = 0; i < workspace.size(); ++i) {
    const auto step = static_cast<int32_t>(i);
    blocks.push_back({workspace[i], {step, step}, {step}});
  }
  MemoryPlan result;
  result.arena_bytes = in_turn ? place_blocks_apart(blocks, in_turn) : place_blocks(blocks);
  result.offsets.resize(plan.buffers.size());
  for (BufferId id = 0; id < count; ++id) {
    const int64_t block = block_with(id);
    const auto within = offset_in_root(plan, alias_offsets, id);
    if (block >= 0 && within) result.offsets[id] = blocks[block].offset + *within;
  }
  for (size_t step = 0; step < workspace.size(); ++step)
    result.workspace_offsets.push_back(blocks[first_workspace + step].offset);
  return result;
}

}  // namespace cermet
