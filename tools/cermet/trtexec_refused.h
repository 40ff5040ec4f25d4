// Flags of trtexec that mean nothing here, or can't be honoured.
#pragma once

#include <string>
#include <vector>

namespace cermet::tools::trtexec {

// Takes the flags that change nothing out of `arguments` and returns them without their values.
// Throws unsupported for a flag that asks for what Cermet doesn't do, naming it and the way round.
std::vector<std::string> check_foreign_flags(std::vector<std::string>& arguments);
// Why one of these changes nothing, which depends on where the engine runs.
std::string note_on(const std::string& flag, bool uses_gpu);

}  // namespace cermet::tools::trtexec
