// trtexec's --inputIOFormats and --outputIOFormats: "fp16:chw", "fp32:hwc".
#pragma once

#include <string>
#include <vector>

#include "trtexec_options.h"

namespace cermet::tools::trtexec {

// One format a tensor of `names`, in their order, from one entry for all or one for each; nothing
// where the flag is not given. Throws unsupported for the vectorised layouts of GPUs.
std::vector<TensorFormat> formats_of(const std::string& flag, const std::string& formats,
                                     const std::vector<std::string>& names);

// What the two flags mean for the model that is built.
void add_formats(const Options& options, BuildOptions& build);

// Throws unsupported when a loaded engine, which can't be changed, is of other types.
void check_formats(const std::string& flag, const std::string& formats,
                   const std::vector<TensorInfo>& tensors);

// Shapes are given as the model has them; what a channels-last input then is.
Shape bound_shape(const Shape& shape, const TensorFormat& format);

}  // namespace cermet::tools::trtexec
