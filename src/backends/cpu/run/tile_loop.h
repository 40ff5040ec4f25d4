// A tile program bound to shapes and layouts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/cpu/run/strided.h"
#include "backends/cpu/run/tile_program.h"

namespace cermet::cpu {

struct Placed {
  Shape shape;
  Layout layout;
};

// Walks all elements in the order in which the first result has them in memory. Immutable; threads
// share it, each with a scratch of its own.
class TileLoop {
 public:
  // Operands broadcast to the results, which all have one shape; those that the program does not
  // read may be absent. `program` outlives the loop.
  TileLoop(const TileProgram& program, std::span<const std::optional<Placed>> operands,
           std::span<const Placed> results);

  int64_t elements() const { return elements_; }
  size_t scratch_bytes() const;  // a multiple of 64
  // Computes the elements [begin, end). Pointers are those of whole tensors.
  void run(std::span<const void* const> operands, std::span<void* const> results, void* scratch,
           int64_t begin, int64_t end) const;

 private:
  // One operand or result; not `staged` where a tile is a piece of its memory.
  struct Track {
    size_t index = 0;
    size_t element_bytes = 0;
    std::vector<int64_t> strides;
    bool staged = false;
    size_t stage_offset = 0;
  };
  struct Tile;
  class Walk;

  void plan_staging();

  const TileProgram& program_;
  std::vector<int64_t> sizes_;  // at least 2, outermost first
  std::vector<Track> operands_, results_;
  int64_t elements_ = 0;
  size_t stage_bytes_ = 0;
};

}  // namespace cermet::cpu
