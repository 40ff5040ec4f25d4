#include "backends/cpu/build/tactics.h"

#include <vector>

#include "backends/cpu/build/onednn_tactics.h"

namespace cermet::cpu {

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list = [] {
    const std::span<const Tactic> onednn = onednn_tactics();
    std::vector<Tactic> all(onednn.begin(), onednn.end());
    Tactic reference;
    reference.name = "cpu.reference";
    all.push_back(reference);
    return all;
  }();
  return list;
}

}  // namespace cermet::cpu
