// Everything about a run that follows from the shapes of its inputs.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_team.h"
#include "runtime/engine_impl.h"
#include "runtime/segment_graphs.h"

namespace cermet {

struct ShapePlan {
  SymbolValues symbols;                             // of the inputs
  std::vector<std::optional<Shape>> shapes;         // by buffer, where they follow from the inputs
  std::vector<std::unique_ptr<BoundKernel>> bound;  // by step, where all its shapes do
  // By buffer that lies within another one: how far behind its start, where that follows too.
  std::vector<std::optional<size_t>> alias_offsets;
  MemoryPlan memory;         // of the host
  MemoryPlan device_memory;  // of the device; empty where the plan uses none

  const MemoryPlan& memory_of(Place place) const {
    return place == Place::host ? memory : device_memory;
  }
  size_t arena_bytes() const { return memory.arena_bytes + device_memory.arena_bytes; }
  std::map<size_t, SegmentGraphs> graphs;  // by a segment's first step
  std::optional<std::string> host_step;    // of find_host_step(), once it was asked for
  // Where a run takes its batch in slices, so many; shapes and places are those of one slice. 1
  // too where there is no batch.
  int64_t slices = 1;
  // By output: the results of several slices side by side. Empty where there is one slice.
  struct Gathered {
    Shape shape;
    size_t bytes = 0;
    size_t offset = 0;  // in the arena
  };
  std::vector<Gathered> gathered;
};

// Checks the inputs' shapes (nothing where an input is no tensor) against the engine's types and
// profiles, and plans the run for the team, whose threads bind the kernels. Throws out_of_range
// naming input, dimension, value and range.
std::unique_ptr<ShapePlan> make_shape_plan(const Engine::Impl& engine,
                                           const std::vector<std::optional<Shape>>& inputs,
                                           ThreadTeam& team);

// Where the memory of a run goes.
struct MemoryUse {
  size_t bytes = 0;       // the arena
  std::string step;       // at which most of it is in use
  size_t step_bytes = 0;  // how much that is
};
// At the given shapes; inputs that are not named have to be of fixed shape.
MemoryUse largest_memory_use(const Engine::Impl& engine, const InputShapes& shapes, int threads);

// By input, in order: the given shapes, and those that the model fixes.
std::vector<std::optional<Shape>> ordered_shapes(const Engine::Impl& engine,
                                                 const InputShapes& shapes);

}  // namespace cermet
