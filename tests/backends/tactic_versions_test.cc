#include <gtest/gtest.h>

#include <algorithm>

#include "backends/cpu/build/tactics.h"
#include "backends/cpu/run/kernel_library.h"
#include "backends/cpu/run/kernels.h"

namespace cermet {
namespace {

// What a build chooses has to run in the same release.
TEST(Tactics, KernelsAreOfTheirVersion) {
  for (const Tactic& tactic : cpu::tactics()) {
    const bool library = tactic.name.starts_with(cpu::onednn_prefix);
    if (library && !cpu::onednn_missing().empty()) continue;
    const auto entries = library ? cpu::onednn_library().kernels : cpu::kernels();
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const KernelEntry& entry) {
      return entry.tactic == tactic.name;
    });
    ASSERT_NE(found, entries.end()) << tactic.name;
    EXPECT_EQ(found->version, tactic.version) << tactic.name;
  }
}

}  // namespace
}  // namespace cermet
