#include "backends/cpu/onednn/post_ops.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace cermet::cpu::onednn {
namespace {

using dnnl::algorithm;

struct FunctionRow {
  ChainFunction function;
  algorithm eltwise;
  bool fixed_a = false;  // oneDNN wants 1 where the function has no parameter
};
constexpr std::array functions{
    FunctionRow{ChainFunction::linear, algorithm::eltwise_linear},
    FunctionRow{ChainFunction::relu, algorithm::eltwise_relu},
    FunctionRow{ChainFunction::clip, algorithm::eltwise_clip},
    FunctionRow{ChainFunction::sigmoid, algorithm::eltwise_logistic},
    FunctionRow{ChainFunction::tanh, algorithm::eltwise_tanh},
    FunctionRow{ChainFunction::exp, algorithm::eltwise_exp},
    FunctionRow{ChainFunction::log, algorithm::eltwise_log},
    FunctionRow{ChainFunction::abs, algorithm::eltwise_abs},
    FunctionRow{ChainFunction::square, algorithm::eltwise_square},
    FunctionRow{ChainFunction::sqrt, algorithm::eltwise_sqrt},
    FunctionRow{ChainFunction::elu, algorithm::eltwise_elu},
    FunctionRow{ChainFunction::softplus, algorithm::eltwise_soft_relu, true},
    FunctionRow{ChainFunction::gelu_erf, algorithm::eltwise_gelu_erf},
    FunctionRow{ChainFunction::gelu_tanh, algorithm::eltwise_gelu_tanh},
    FunctionRow{ChainFunction::swish, algorithm::eltwise_swish},
    FunctionRow{ChainFunction::hard_sigmoid, algorithm::eltwise_hardsigmoid},
    FunctionRow{ChainFunction::hard_swish, algorithm::eltwise_hardswish},
    FunctionRow{ChainFunction::mish, algorithm::eltwise_mish},
};

struct BinaryRow {
  ChainLink::Kind kind;
  algorithm binary;
};
constexpr std::array binaries{
    BinaryRow{ChainLink::Kind::add, algorithm::binary_add},
    BinaryRow{ChainLink::Kind::sub, algorithm::binary_sub},
    BinaryRow{ChainLink::Kind::mul, algorithm::binary_mul},
    BinaryRow{ChainLink::Kind::div, algorithm::binary_div},
    BinaryRow{ChainLink::Kind::max, algorithm::binary_max},
    BinaryRow{ChainLink::Kind::min, algorithm::binary_min},
};

}  // namespace

void append_function(dnnl::post_ops& ops, const ChainLink& link) {
  const auto* row = std::find_if(functions.begin(), functions.end(),
                                 [&](const FunctionRow& r) { return r.function == link.function; });
  require(row != functions.end(), ErrorCode::internal, "no post-operation for function {}",
          static_cast<int>(link.function));
  ops.append_eltwise(row->eltwise, row->fixed_a ? 1.0f : static_cast<float>(link.a),
                     static_cast<float>(link.b));
}

algorithm binary_algorithm(ChainLink::Kind kind) {
  const auto* row = std::find_if(binaries.begin(), binaries.end(),
                                 [&](const BinaryRow& r) { return r.kind == kind; });
  require(row != binaries.end(), ErrorCode::internal, "link kind {} combines nothing",
          static_cast<int>(kind));
  return row->binary;
}

}  // namespace cermet::cpu::onednn
