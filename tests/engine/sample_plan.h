// A plan that uses every field of the engine file.
#pragma once

#include "engine/image.h"

namespace cermet {

EngineImage sample_image();
// Steps on a device between copies, with a program for each kind of argument. No card can run it:
// its machine code is a few letters.
EngineImage device_image();
// The same with a plan for the CPU, and a model of a few bytes that nobody can read.
EngineImage two_plans_image();
// Text of everything that an engine holds, contents of constants included.
std::string dump(const EngineImage& image);

}  // namespace cermet
