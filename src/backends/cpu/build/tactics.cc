#include "backends/cpu/build/tactics.h"

#include <vector>

namespace cermet::cpu {

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list{
      {.name = "cpu.reference", .version = 1},
  };
  return list;
}

}  // namespace cermet::cpu
