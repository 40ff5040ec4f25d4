// A scalar expression as a list of tile functions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/cpu/run/tile_functions.h"

namespace cermet::cpu {

Lane lane_of(ElementType type);
bool has_lane(ElementType type);
// Whether a tile of the type in memory is one in a lane.
bool is_lane_in_memory(ElementType type);

// Immutable once compiled; shared by threads, each with a memory of its own for tiles.
class TileProgram {
 public:
  // Why the expression can't be compiled, in words; nothing when it can.
  static std::optional<std::string> rejects(const ScalarExpr& expression);
  // Throws unsupported with that reason.
  TileProgram(const ScalarExpr& expression, InstructionSet set);

  int operand_count() const { return static_cast<int>(operand_types_.size()); }
  size_t result_count() const { return result_types_.size(); }
  // undefined for an operand that is not read.
  ElementType operand_type(size_t i) const { return operand_types_[i]; }
  ElementType result_type(size_t i) const { return result_types_[i]; }
  size_t instruction_count() const { return instructions_.size(); }

  // Pointers and tiles of one thread. Made in memory of scratch_bytes(), aligned to 64.
  struct Frame {
    void** slots = nullptr;
    const void** operands = nullptr;  // of the tile's first element
    void** results = nullptr;
  };
  size_t scratch_bytes() const;
  Frame frame(void* scratch) const;
  // Computes n elements, at most tile_size. A result may be an operand's memory.
  void run(const Frame& frame, int64_t n) const {
    for (const Instruction& i : instructions_)
      i.function(n, frame.slots[i.to], frame.slots[i.a], frame.slots[i.b], frame.slots[i.c]);
  }

 private:
  friend class TileCompiler;
  struct Instruction {
    TileFunction function;
    int32_t to, a, b, c;
  };

  std::vector<Instruction> instructions_;
  std::vector<ElementType> operand_types_;
  std::vector<ElementType> result_types_;
  // Slots are, in this order: tiles, constants, operands, results.
  std::vector<size_t> tile_offsets_;
  size_t tile_bytes_ = 0;
  size_t constant_count_ = 0;
  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<std::byte, Free> constants_;
};

}  // namespace cermet::cpu
