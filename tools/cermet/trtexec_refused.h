// Flags of trtexec that mean nothing here, or can't be honoured.
#pragma once

#include <string>
#include <vector>

namespace cermet::tools::trtexec {

// Takes the flags that change nothing on a CPU out of `arguments` and returns a note on each.
// Throws unsupported for a flag that asks for what Cermet doesn't do, naming it and the way round.
std::vector<std::string> check_foreign_flags(std::vector<std::string>& arguments);

}  // namespace cermet::tools::trtexec
