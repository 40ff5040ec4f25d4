#include "runtime/step_order.h"

#include <utility>

namespace cermet {
namespace {

// As if every value had memory of its own.
constexpr int value_bits = 36;  // bytes of a value, in bits

}  // namespace

StepOrder::StepOrder(const Engine::Impl& engine, const ShapePlan& plan)
    : shapes_(plan), places_(engine.kernels.size()) {
  add_region(engine, engine.root);
}

void StepOrder::add_region(const Engine::Impl& engine, const RuntimeRegion& region) {
  std::vector<const RuntimeStep*> segment;
  for (const RuntimeStep& step : region.steps) {
    const bool bound = shapes_.bound[step.index] != nullptr;
    const bool of_device = step.step->place == cermet::Place::device;
    if (of_device && bound) segment.push_back(&step);
    if (of_device && (bound || step.kernel == nullptr)) continue;
    add_segment(engine, std::exchange(segment, {}));
    for (const RuntimeRegion& body : step.regions) add_region(engine, body);
  }
  add_segment(engine, std::move(segment));
}

void StepOrder::add_segment(const Engine::Impl& engine, std::vector<const RuntimeStep*> steps) {
  std::vector<LaunchMemory> memory;
  for (const RuntimeStep* step : steps) {
    places_[step->index] = Place{segments_.size(), memory.size()};
    memory.push_back(memory_of(engine.plan(), *step->step));
  }
  segments_.emplace_back(memory);
  side_by_side_ = side_by_side_ || deal_out(segments_.back(), 1).streams > 1;
}

LaunchMemory StepOrder::memory_of(const Plan& plan, const Step& step) const {
  LaunchMemory memory;
  for (BufferId id : step.inputs)
    if (id != no_buffer && plan.buffer(id).storage != Storage::constant)
      memory.reads.push_back(piece(plan, id));
  for (BufferId id : step.outputs)
    if (id != no_buffer) memory.writes.push_back(piece(plan, id));
  return memory;
}

MemoryPiece StepOrder::piece(const Plan& plan, BufferId id) const {
  const uintptr_t root = static_cast<uintptr_t>(plan.root_of(id)) << value_bits;
  const MemoryPiece whole{root, root + (uintptr_t{1} << value_bits), 0, 0};
  uintptr_t begin = root;
  for (BufferId at = id; plan.buffer(at).alias != no_buffer; at = plan.buffer(at).alias) {
    const std::optional<size_t>& offset = shapes_.alias_offsets[at];
    if (!offset) return whole;
    begin += *offset;
  }
  if (!shapes_.shapes[id]) return whole;
  const Buffer& buffer = plan.buffer(id);
  MemoryPiece piece = piece_of(nullptr, buffer.type.element, *shapes_.shapes[id], buffer.layout);
  piece.begin += begin;
  piece.end += begin;
  return piece;
}

InTurn StepOrder::in_turn() const {
  if (!side_by_side_) return nullptr;
  return [this](int32_t earlier, int32_t later) {
    const auto& before = places_[static_cast<size_t>(earlier)];
    const auto& after = places_[static_cast<size_t>(later)];
    if (!before || !after || before->segment != after->segment) return true;
    return segments_[after->segment].waits_for(after->launch, before->launch);
  };
}

}  // namespace cermet
