// What the emulated driver was asked for so far.
#pragma once

#include <cstdint>

namespace cermet::testing {

// How often it got a call of that name. Not safe while calls are made.
int64_t driver_calls(const char* name);

}  // namespace cermet::testing
