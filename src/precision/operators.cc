#include "precision/operators.h"

#include <algorithm>
#include <array>

namespace cermet {
namespace {

constexpr uint32_t all = ~0U, first = 1;
constexpr auto product = NarrowForm::product, follows = NarrowForm::follows,
               reduces = NarrowForm::reduces;

// Coordinates (rois, grids, offsets, scales of Resize) and running sums need more digits than 16
// bits have: they are left out.
constexpr auto rows = std::to_array<NarrowOperator>({
    {"Conv", product},
    {"ConvTranspose", product},
    {"MatMul", product},
    {"Gemm", product},
    {"Einsum", product},
    {"Attention", product, all, 1U << 3},
    {"AveragePool", follows},
    {"MaxPool", follows},
    {"LpPool", follows},
    {"GlobalAveragePool", follows},
    {"GlobalMaxPool", follows},
    {"Softmax", follows},
    {"LogSoftmax", follows},
    {"LayerNormalization", follows},
    {"RMSNormalization", follows},
    {"BatchNormalization", follows, first},
    {"InstanceNormalization", follows},
    {"GroupNormalization", follows},
    {"MeanVarianceNormalization", follows},
    {"LpNormalization", follows},
    {"LRN", follows},
    {"RotaryEmbedding", follows},
    {"Resize", follows, first},
    {"GridSample", follows, first},
    {"Transpose", follows},
    {"Concat", follows},
    {"Slice", follows, first},
    {"Split", follows, first},
    {"Gather", follows, first},
    {"GatherElements", follows, first},
    {"GatherND", follows, first},
    {"ScatterElements", follows, 1U | 1U << 2},
    {"ScatterND", follows, 1U | 1U << 2},
    {"Pad", follows, 1U | 1U << 2, 1U << 2},
    {"Expand", follows, first},
    {"Tile", follows, first},
    {"Identity", follows},
    {"Reshape", follows, first},
    {"Flatten", follows},
    {"Squeeze", follows, first},
    {"Unsqueeze", follows, first},
    {"DepthToSpace", follows},
    {"SpaceToDepth", follows},
    {"ReverseSequence", follows, first},
    {"Trilu", follows, first},
    {"CenterCropPad", follows, first},
    {"Compress", follows, first},
    {"TopK", follows, first},
    {"ReduceSum", reduces, first},
    {"ReduceMean", reduces, first},
    {"ReduceMax", reduces, first},
    {"ReduceMin", reduces, first},
    {"ReduceProd", reduces, first},
    {"ReduceL1", reduces, first},
    {"ReduceL2", reduces, first},
    {"ReduceSumSquare", reduces, first},
    {"ReduceLogSum", reduces, first},
    {"ReduceLogSumExp", reduces, first},
    {"ArgMax", reduces, first},
    {"ArgMin", reduces, first},
});

constexpr NarrowOperator unknown{};

}  // namespace

const NarrowOperator& narrow_operator(std::string_view domain, std::string_view op) {
  if (!domain.empty()) return unknown;
  const auto* row = std::find_if(rows.begin(), rows.end(),
                                 [&](const NarrowOperator& each) { return each.op == op; });
  return row == rows.end() ? unknown : *row;
}

}  // namespace cermet
