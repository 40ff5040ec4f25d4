#include <algorithm>
#include <array>

#include "lower/lower.h"

namespace cermet {
namespace {

struct Row {
  std::string_view op;
  ProblemKind kind;
};

// ONNX operators with a family; all others are reference problems.
constexpr std::array rows{
    Row{"Conv", ProblemKind::convolution},
    Row{"ConvTranspose", ProblemKind::convolution},
    Row{"ConvInteger", ProblemKind::convolution},
    Row{"MatMul", ProblemKind::matmul},
    Row{"Gemm", ProblemKind::matmul},
    Row{"MatMulInteger", ProblemKind::matmul},
    Row{"AveragePool", ProblemKind::pooling},
    Row{"MaxPool", ProblemKind::pooling},
    Row{"GlobalAveragePool", ProblemKind::pooling},
    Row{"GlobalMaxPool", ProblemKind::pooling},
    Row{"ReduceSum", ProblemKind::reduction},
    Row{"ReduceMean", ProblemKind::reduction},
    Row{"ReduceMax", ProblemKind::reduction},
    Row{"ReduceMin", ProblemKind::reduction},
    Row{"ReduceProd", ProblemKind::reduction},
    Row{"ReduceL1", ProblemKind::reduction},
    Row{"ReduceL2", ProblemKind::reduction},
    Row{"ReduceSumSquare", ProblemKind::reduction},
    Row{"ReduceLogSum", ProblemKind::reduction},
    Row{"ReduceLogSumExp", ProblemKind::reduction},
    Row{"Softmax", ProblemKind::softmax},
    Row{"LogSoftmax", ProblemKind::softmax},
    Row{"LayerNormalization", ProblemKind::normalization},
    Row{"RMSNormalization", ProblemKind::normalization},
    Row{"BatchNormalization", ProblemKind::normalization},
    Row{"InstanceNormalization", ProblemKind::normalization},
    Row{"GroupNormalization", ProblemKind::normalization},
    Row{"Attention", ProblemKind::attention},
    Row{"Resize", ProblemKind::resample},
    Row{"Transpose", ProblemKind::movement},
    Row{"Concat", ProblemKind::movement},
    Row{"Slice", ProblemKind::movement},
    Row{"Split", ProblemKind::movement},
    Row{"Gather", ProblemKind::movement},
    Row{"Pad", ProblemKind::movement},
    Row{"Expand", ProblemKind::movement},
    Row{"Tile", ProblemKind::movement},
    Row{"Identity", ProblemKind::movement},
    Row{"Reshape", ProblemKind::movement},
    Row{"Flatten", ProblemKind::movement},
    Row{"Squeeze", ProblemKind::movement},
    Row{"Unsqueeze", ProblemKind::movement},
    Row{"Cast", ProblemKind::movement},
    Row{"DepthToSpace", ProblemKind::movement},
    Row{"SpaceToDepth", ProblemKind::movement},
    Row{"If", ProblemKind::branch},
    Row{"Loop", ProblemKind::loop},
    Row{"Scan", ProblemKind::scan},
};

}  // namespace

ProblemKind problem_kind(std::string_view domain, std::string_view op) {
  if (domain == "cermet") {
    if (op == "Pointwise") return ProblemKind::pointwise;
    if (op == "Dims") return ProblemKind::dims;
    if (op == "Custom") return ProblemKind::custom;
    if (op == "MatMulFloat8") return ProblemKind::matmul;
    if (op == "ConvFloat8") return ProblemKind::convolution;
  }
  if (!domain.empty()) return ProblemKind::reference;
  const auto* row =
      std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.op == op; });
  return row == rows.end() ? ProblemKind::reference : row->kind;
}

}  // namespace cermet
