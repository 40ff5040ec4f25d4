// Which steps of the device wait for each other's values, whatever place these get.
#pragma once

#include <optional>
#include <vector>

#include "plan/memory_planner.h"
#include "runtime/launch_order.h"
#include "runtime/shape_plan.h"

namespace cermet {

class StepOrder {
 public:
  // `plan` has shapes, offsets of aliases and bound kernels, and outlives this.
  StepOrder(const Engine::Impl& engine, const ShapePlan& plan);

  // For the memory planner, as long as this lives; none where all steps run one after the other.
  InTurn in_turn() const;

 private:
  void add_region(const Engine::Impl& engine, const RuntimeRegion& region);
  void add_segment(const Engine::Impl& engine, std::vector<const RuntimeStep*> steps);
  LaunchMemory memory_of(const Plan& plan, const Step& step) const;
  MemoryPiece piece(const Plan& plan, BufferId id) const;

  const ShapePlan& shapes_;
  // Launches between two decisions of the host, which follow each other.
  std::vector<LaunchOrder> segments_;
  struct Place {
    size_t segment = 0, launch = 0;
  };
  std::vector<std::optional<Place>> places_;  // by step; nothing where it is no launch
  bool side_by_side_ = false;
};

}  // namespace cermet
