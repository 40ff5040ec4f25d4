// What steps run on devices, as engine files hold it.
#pragma once

#include <vector>

#include "engine/decode_values.h"
#include "engine/sections.h"
#include "plan/plan.h"

namespace cermet {

Place decode_place(fb::Place place);
// The images stay in the file's memory, which they keep alive.
std::vector<DeviceModule> decode_modules(const fb::Engine& engine, const Sections& sections,
                                         ValueDecoder& values);
DeviceProgram decode_program(const fb::Step& step, ValueDecoder& values);

}  // namespace cermet
