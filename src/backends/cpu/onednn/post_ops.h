// Links of a chain as post-operations of a primitive.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "backends/cpu/run/epilogue.h"

namespace cermet::cpu::onednn {

void append_function(dnnl::post_ops& ops, const ChainLink& link);
dnnl::algorithm binary_algorithm(ChainLink::Kind kind);

}  // namespace cermet::cpu::onednn
