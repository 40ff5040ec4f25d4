#include "builder/restriction.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace cermet {
namespace {

using Query = RestrictionQuery;

std::vector<int64_t> all_of(int64_t size) {
  std::vector<int64_t> coordinates(static_cast<size_t>(size));
  std::iota(coordinates.begin(), coordinates.end(), 0);
  return coordinates;
}

size_t axis_of(int64_t axis, size_t rank) {
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

// The points of an operand of `shape` that numpy broadcasting puts at the last dimensions of
// `grid`.
Grid broadcast_grid(const Shape& shape, const Grid& grid) {
  Grid result;
  const size_t skipped = grid.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d)
    result.push_back(shape[d] == 1 ? std::vector<int64_t>{0} : grid[skipped + d]);
  return result;
}

std::optional<Restriction> elementwise(const Query& query) {
  Restriction result;
  for (const auto& shape : query.inputs) {
    if (shape && shape->size() > query.grid.size()) return std::nullopt;
    result.inputs.push_back(shape ? broadcast_grid(*shape, query.grid) : Grid());
  }
  return result;
}

// The first operand as it is, the others whole.
Restriction others_whole(const Query& query, Grid first) {
  Restriction result;
  for (const auto& shape : query.inputs)
    result.inputs.push_back(shape ? whole_grid(*shape) : Grid());
  result.inputs[0] = std::move(first);
  return result;
}

// Whole along the dimensions from `first` to before `last`; only some of the result is wanted then.
Restriction along(const Query& query, size_t first, size_t last) {
  Grid grid = query.grid;
  Grid wanted = whole_grid(shape_of(grid));
  for (size_t d = first; d < last; ++d) {
    wanted[d] = grid[d];
    grid[d] = all_of(query.shape(0)[d]);
  }
  Restriction result = others_whole(query, std::move(grid));
  result.wanted = std::move(wanted);
  return result;
}

std::optional<Restriction> softmax(const Query& query) {
  if (query.output.empty()) return std::nullopt;
  const size_t axis = axis_of(query.node.attributes.integer("axis", -1), query.output.size());
  return along(query, axis, axis + 1);
}

int64_t softmax_summands(const Query& query) {
  if (query.output.empty()) return 1;
  return query.output[axis_of(query.node.attributes.integer("axis", -1), query.output.size())];
}

// LayerNormalization, RMSNormalization: scale and bias belong to the last dimensions.
std::optional<Restriction> layer(const Query& query) {
  const size_t rank = query.output.size();
  const size_t axis = axis_of(query.node.attributes.integer("axis", -1), rank);
  Restriction result = along(query, axis, rank);
  for (size_t i = 1; i < query.inputs.size(); ++i)
    if (query.has(i) && query.shape(i).size() > rank - axis) return std::nullopt;
  return result;
}

int64_t layer_summands(const Query& query) {
  const size_t axis = axis_of(query.node.attributes.integer("axis", -1), query.shape(0).size());
  return element_count(
      Shape(query.shape(0).begin() + static_cast<std::ptrdiff_t>(axis), query.shape(0).end()));
}

// Operands behind the first have a number for each channel.
Restriction by_channel(const Query& query, size_t first_whole) {
  Restriction result = along(query, first_whole, query.output.size());
  for (size_t i = 1; i < query.inputs.size(); ++i)
    if (query.has(i)) result.inputs[i] = {query.grid[1]};
  return result;
}

std::optional<Restriction> batch_normalization(const Query& query) {
  if (query.output.size() < 2 || query.node.attributes.integer("training_mode", 0) != 0)
    return std::nullopt;
  return by_channel(query, query.output.size());
}

std::optional<Restriction> instance_normalization(const Query& query) {
  return by_channel(query, 2);
}

int64_t image_summands(const Query& query) {
  return element_count(Shape(query.shape(0).begin() + 2, query.shape(0).end()));
}

// Images of each channel by themselves.
std::optional<Restriction> pooling(const Query& query) {
  Grid grid = whole_grid(query.shape(0));
  Grid wanted = query.grid;
  for (size_t d = 0; d < 2; ++d) {
    grid[d] = query.grid[d];
    wanted[d] = all_of(static_cast<int64_t>(query.grid[d].size()));
  }
  Restriction result = others_whole(query, std::move(grid));
  result.wanted = std::move(wanted);
  return result;
}

int64_t window_summands(const Query& query) {
  return element_count(query.node.attributes.integers("kernel_shape", {}));
}

std::optional<Restriction> mat_mul(const Query& query) {
  const Shape &a = query.shape(0), &b = query.shape(1);
  if (a.size() < 2 || b.size() < 2) return std::nullopt;
  const Grid batch(query.grid.begin(), query.grid.end() - 2);
  Restriction result;
  result.inputs.push_back(broadcast_grid({a.begin(), a.end() - 2}, batch));
  result.inputs[0].push_back(query.grid[query.grid.size() - 2]);
  result.inputs[0].push_back(all_of(a.back()));
  result.inputs.push_back(broadcast_grid({b.begin(), b.end() - 2}, batch));
  result.inputs[1].push_back(all_of(b[b.size() - 2]));
  result.inputs[1].push_back(query.grid.back());
  return result;
}

int64_t mat_mul_summands(const Query& query) { return query.shape(0).back(); }

std::optional<Restriction> gemm(const Query& query) {
  Restriction result;
  for (size_t i = 0; i < 2; ++i) {
    const bool turned = query.node.attributes.integer(i == 0 ? "transA" : "transB", 0) != 0;
    const size_t outer = turned == (i == 0) ? 1 : 0;
    Grid grid = whole_grid(query.shape(i));
    grid[outer] = query.grid[i];
    result.inputs.push_back(std::move(grid));
  }
  for (size_t i = 2; i < query.inputs.size(); ++i)
    result.inputs.push_back(query.has(i) ? broadcast_grid(query.shape(i), query.grid) : Grid());
  return result;
}

int64_t gemm_summands(const Query& query) {
  return query.shape(0)[query.node.attributes.integer("transA", 0) != 0 ? 0 : 1];
}

// Weights are [channels in, channels out of a group, window].
std::optional<Restriction> conv_transpose(const Query& query) {
  if (query.node.attributes.integer("group", 1) != 1) return std::nullopt;
  Restriction result = *pooling(query);
  result.inputs[0][1] = all_of(query.shape(0)[1]);
  result.inputs[1][1] = query.grid[1];
  if (query.has(2)) result.inputs[2] = {query.grid[1]};
  return result;
}

// Weights are [channels out, channels in of a group, window] for Conv.
int64_t convolution_summands(const Query& query) {
  const Shape& w = query.shape(1);
  return element_count(w) / std::max<int64_t>(1, w[query.node.is("ConvTranspose") ? 1 : 0]);
}

std::optional<Restriction> transpose(const Query& query) {
  const size_t rank = query.output.size();
  std::vector<int64_t> order;
  for (size_t d = rank; d-- > 0;) order.push_back(static_cast<int64_t>(d));
  order = query.node.attributes.integers("perm", order);
  Restriction result;
  result.inputs.resize(1, Grid(rank));
  for (size_t d = 0; d < rank; ++d) result.inputs[0][order[d]] = query.grid[d];
  return result;
}

// Scale and zero point are one number, or one for each place along an axis.
std::optional<Restriction> quantisation(const Query& query) {
  if (query.node.attributes.integer("block_size", 0) != 0) return std::nullopt;
  Restriction result;
  result.inputs.push_back(query.grid);
  for (size_t i = 1; i < query.inputs.size(); ++i) {
    result.inputs.emplace_back();
    if (!query.has(i)) continue;
    if (query.shape(i).size() > 1) return std::nullopt;
    if (query.shape(i).empty()) continue;
    const size_t axis = axis_of(query.node.attributes.integer("axis", 1), query.output.size());
    result.inputs[i] = {query.shape(i)[0] == 1 || axis >= query.grid.size()
                            ? std::vector<int64_t>{0}
                            : query.grid[axis]};
  }
  return result;
}

int64_t reduced(const Query& query) {
  return element_count(query.shape(0)) / std::max<int64_t>(1, element_count(query.output));
}

int64_t image_of_attention(const Query& query) { return query.shape(1).back() * 4; }
int64_t many(const Query&) { return 64; }

constexpr OperatorTraits elementwise_operator(std::string_view op, bool exact = false,
                                              bool discontinuous = false) {
  return {op, elementwise, nullptr, exact, discontinuous};
}

std::vector<OperatorTraits> make_traits() {
  std::vector<OperatorTraits> all{
      {"MatMul", mat_mul, mat_mul_summands},
      {"Gemm", gemm, gemm_summands},
      {"Conv", nullptr, convolution_summands},
      {"ConvTranspose", conv_transpose, convolution_summands},
      {"Softmax", softmax, softmax_summands},
      {"LogSoftmax", softmax, softmax_summands},
      {"Hardmax", softmax, nullptr, true, true},
      {"LayerNormalization", layer, layer_summands},
      {"RMSNormalization", layer, layer_summands},
      {"BatchNormalization", batch_normalization, nullptr},
      {"InstanceNormalization", instance_normalization, image_summands},
      {"AveragePool", pooling, window_summands},
      {"LpPool", pooling, window_summands},
      {"MaxPool", pooling, nullptr, true},
      {"GlobalAveragePool", pooling, image_summands},
      {"GlobalLpPool", pooling, image_summands},
      {"GlobalMaxPool", pooling, nullptr, true},
      {"Transpose", transpose, nullptr, true},
      {"QuantizeLinear", quantisation, nullptr, false, true},
      {"DequantizeLinear", quantisation, nullptr},
      {"Attention", nullptr, image_of_attention},
      {"Resize", nullptr, many, false, true},
      {"Einsum", nullptr, many},
      {"LSTM", nullptr, many},
      {"GRU", nullptr, many},
      {"RNN", nullptr, many},
      {"GridSample", nullptr, many, false, true},
      {"RoiAlign", nullptr, many, false, true},
      {"GroupNormalization", nullptr, many},
      {"MeanVarianceNormalization", nullptr, many},
      {"LpNormalization", nullptr, many},
      {"LRN", nullptr, many},
      {"CumSum", nullptr, many},
      {"DFT", nullptr, many},
      {"STFT", nullptr, many},
      {"DynamicQuantizeLinear", nullptr, nullptr, false, true},
  };
  for (std::string_view op :
       {"Celu", "Elu",  "Gelu",     "HardSigmoid", "HardSwish", "Selu",    "Swish", "Div",
        "Pow",  "Acos", "Acosh",    "Asin",        "Asinh",     "Atan",    "Atanh", "Cos",
        "Cosh", "Erf",  "Exp",      "Log",         "Mish",      "Sigmoid", "Sin",   "Sinh",
        "Tan",  "Tanh", "Softplus", "Softsign",    "Sqrt",      "Mean",    "Sum",   "Add",
        "Sub",  "Mul",  "PRelu",    "LeakyRelu",   "Reciprocal"})
    all.push_back(elementwise_operator(op));
  for (std::string_view op :
       {"Relu", "Abs", "Neg", "Clip", "Identity", "Where", "Max", "Min", "And", "Or", "Xor", "Not",
        "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot"})
    all.push_back(elementwise_operator(op, true));
  for (std::string_view op :
       {"Mod", "Ceil", "Floor", "Round", "Sign", "Shrink", "ThresholdedRelu", "Cast", "Equal",
        "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "IsInf", "IsNaN"})
    all.push_back(elementwise_operator(op, false, true));
  for (std::string_view op :
       {"Concat", "DepthToSpace", "SpaceToDepth", "Expand", "Flatten", "Gather", "GatherElements",
        "GatherND", "Pad", "Reshape", "Slice", "Split", "Squeeze", "Unsqueeze", "Tile", "Trilu",
        "CenterCropPad", "ReverseSequence", "OneHot"})
    all.push_back({op, nullptr, nullptr, true});
  for (std::string_view op : {"ReduceSum", "ReduceMean", "ReduceProd", "ReduceL1", "ReduceL2",
                              "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"})
    all.push_back({op, nullptr, reduced});
  for (std::string_view op : {"ReduceMax", "ReduceMin"})
    all.push_back({op, nullptr, nullptr, true});
  for (std::string_view op : {"ArgMax", "ArgMin", "TopK", "NonMaxSuppression", "NonZero"})
    all.push_back({op, nullptr, nullptr, true, true});
  return all;
}

}  // namespace

const OperatorTraits* operator_traits(const Node& node) {
  static const std::map<std::string_view, OperatorTraits> by_name = [] {
    std::map<std::string_view, OperatorTraits> result;
    for (const OperatorTraits& traits : make_traits()) result.emplace(traits.op, traits);
    return result;
  }();
  const auto found = by_name.find(node.op);
  return node.domain.empty() && found != by_name.end() ? &found->second : nullptr;
}

}  // namespace cermet
