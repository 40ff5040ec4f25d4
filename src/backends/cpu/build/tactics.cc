#include "backends/cpu/build/tactics.h"

#include <vector>

#include "backends/cpu/build/convolution_tactics.h"
#include "backends/cpu/build/onednn_tactics.h"
#include "backends/cpu/build/own_tactics.h"

namespace cermet::cpu {

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list = [] {
    const std::span<const Tactic> onednn = onednn_tactics();
    const std::span<const Tactic> preferred = preferred_own_tactics();
    std::vector<Tactic> all(preferred.begin(), preferred.end());
    all.insert(all.end(), onednn.begin(), onednn.end());
    const std::span<const Tactic> own = own_tactics();
    all.insert(all.end(), own.begin(), own.end());
    const std::span<const Tactic> convolutions = own_convolution_tactics();
    all.insert(all.end(), convolutions.begin(), convolutions.end());
    Tactic reorder;
    reorder.name = "cpu.reorder";
    reorder.rejects = rejects_step<rejects_reorder>;
    all.push_back(reorder);
    Tactic custom;
    custom.name = "cpu.custom";
    custom.rejects = rejects_step<rejects_custom>;
    custom.dynamic = true;
    all.push_back(custom);
    Tactic reference;
    reference.name = "cpu.reference";
    reference.rejects = rejects_step<rejects_reference>;
    reference.dynamic = true;
    all.push_back(reference);
    return all;
  }();
  return list;
}

}  // namespace cermet::cpu
