// The files of build/kernels, which the build puts into the library.
#pragma once

#include <string_view>

namespace cermet::cuda {

// The text of a file by its name ("prelude.cu"). Throws internal for a name that no file has.
std::string_view kernel_text(std::string_view file);

}  // namespace cermet::cuda
