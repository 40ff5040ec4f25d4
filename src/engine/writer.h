// Writes engine files. The bytes are a function of what they hold alone; constants of equal
// contents are stored once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/image.h"

namespace cermet {

// All throw internal when the plan is illegal or has a value that the file cannot hold.
std::vector<std::byte> engine_bytes(const EngineImage& image);
std::vector<std::byte> engine_bytes(const Plan& plan, const EngineInfo& info);
// Replaces the file atomically; constants go to it without another copy. Throws io.
void write_engine(const Plan& plan, const EngineInfo& info, const std::string& path);

}  // namespace cermet
