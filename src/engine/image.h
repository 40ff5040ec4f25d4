// What an engine file holds.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace cermet {

// How an engine was made, and what it needs.
struct EngineInfo {
  std::string version;                    // of Cermet when it was built
  std::string options;                    // with which it was built
  std::vector<std::string> requirements;  // libraries of others, such as "onednn 3.2"
  std::vector<std::string> cpu_features;  // such as "avx2"

  bool operator==(const EngineInfo&) const = default;
};

// What an engine holds for being built again (builder/stored_model.h); both empty: nothing.
struct StoredModel {
  std::span<const std::byte> description;
  std::vector<std::span<const std::byte>> data;  // one after the other
  std::shared_ptr<const void> owner;             // of the bytes

  bool empty() const { return description.empty(); }
  size_t bytes() const {
    size_t sum = description.size();
    for (const auto piece : data) sum += piece.size();
    return sum;
  }
};

struct EngineImage {
  Plan plan;
  EngineInfo info;
  // The same model for machines on which `plan`, one of a GPU, can't run; nullptr: none.
  std::shared_ptr<EngineImage> on_cpu = nullptr;
  StoredModel model = {};
};

}  // namespace cermet
