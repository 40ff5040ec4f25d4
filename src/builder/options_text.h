// The options of a build as the engine keeps them, for people who wonder how it was made.
#pragma once

#include <string>

#include "cermet/builder.h"

namespace cermet {

// In the words of `cermet build`, in an order of its own, and without what does not change the
// engine. `threads` is what stands for 0. Profiles and plugins are kept elsewhere.
std::string options_text(const BuildOptions& options, int threads);

}  // namespace cermet
