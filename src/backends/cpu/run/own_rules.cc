#include "backends/cpu/run/own_rules.h"

#include <algorithm>

#include "backends/cpu/run/epilogue_loop.h"
#include "backends/cpu/run/movement.h"
#include "backends/cpu/run/tile_program.h"
#include "backends/cpu/run/winograd_functions.h"
#include "base/error.h"
#include "base/scalar.h"
#include "ops/convolution/resize.attrs.h"

namespace cermet::cpu {
namespace {

// That the first `inputs` and the first result are there, and all operands are strided tensors.
Reason check_ranks(const Problem& problem, size_t inputs) {
  for (size_t i = 0; i < inputs; ++i)
    if (i >= problem.inputs.size() || !problem.inputs[i])
      return fmt::format("input {} is absent", i);
  if (problem.outputs.empty() || !problem.outputs[0]) return "output 0 is absent";
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands) {
      if (operand && !operand->type.has_rank()) return "the rank of an operand is unknown";
      if (operand && !operand->layout.is_dense())
        return "an operand has the layout " + operand->layout.to_string();
    }
  return std::nullopt;
}

Reason check_float32(const Problem& problem, size_t inputs) {
  for (size_t i = 0; i < std::min(inputs, problem.inputs.size()); ++i)
    if (problem.inputs[i] && problem.inputs[i]->type.element != ElementType::float32)
      return fmt::format("input {} is {}, only float32 is taken", i,
                         name(problem.inputs[i]->type.element));
  if (!problem.inputs[0]) return "input 0 is absent";
  for (size_t i = 1; i < problem.outputs.size(); ++i)
    if (problem.outputs[i]) return fmt::format("output {} is not computed", i);
  if (!problem.outputs[0]) return "output 0 is absent";
  if (problem.outputs[0]->type.element != ElementType::float32) return "the result is not float32";
  return std::nullopt;
}

// Scale and bias have the dimensions that are normalised, neither more nor broadcast.
Reason check_row_operands(const Problem& problem) {
  const Dims& dims = *problem.inputs[0]->type.dims;
  if (dims.empty()) return "the input is a scalar";
  const int64_t axis = problem.attributes.integer("axis", -1);
  const auto rank = static_cast<int64_t>(dims.size());
  if (axis < -rank || axis >= rank) return fmt::format("there is no dimension {}", axis);
  const Dims row(dims.begin() + (axis < 0 ? axis + rank : axis), dims.end());
  for (size_t i = 1; i < problem.inputs.size(); ++i)
    if (problem.inputs[i] && *problem.inputs[i]->type.dims != row)
      return fmt::format("input {} has shape {}, {} is taken", i,
                         to_string(*problem.inputs[i]->type.dims), to_string(row));
  if (problem.attributes.integer("stash_type", 1) != 1) return "stash_type is not float32";
  return std::nullopt;
}

// Inputs that are the operator's own, not its epilogue's.
size_t own_inputs(const Problem& problem) {
  return problem.has_epilogue() ? problem.epilogue_first : problem.inputs.size();
}

// Row-major or channels-last, input and result alike.
Reason check_image_layouts(const Problem& problem) {
  const Layout& layout = problem.inputs[0]->layout;
  if (layout != problem.outputs[0]->layout) return "input and result have different layouts";
  if (!layout.is_row_major() && layout != Layout::channels_last(problem.inputs[0]->type.rank()))
    return "the input has layout " + layout.to_string();
  return std::nullopt;
}

Reason check_row_major(const Problem& problem) {
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands)
      if (operand && !operand->layout.is_row_major()) return "operands have to be row-major";
  return std::nullopt;
}

bool all_are(const Attributes& attributes, std::string_view name, int64_t value) {
  const auto values = attributes.integers(std::string(name), {});
  return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == value; });
}

// What both kernels of convolutions with groups of any size want.
Reason check_convolution(const KernelContext& context) {
  const Problem& problem = context.step->problem;
  if (problem.kind != ProblemKind::convolution || problem.op != "Conv")
    return "computes convolutions only";
  if (auto reason = check_ranks(problem, 2)) return reason;
  if (auto reason = check_float32(problem, own_inputs(problem))) return reason;
  if (!problem.inputs[1]->type.is_static()) return "the shape of the weights is unknown";
  if (context.constant(1) == nullptr) return "the weights are no constant";
  if (context.constant(1)->elements() == 0) return "there are no weights";
  const Shape weights = constants(*problem.inputs[1]->type.dims);
  if (weights.size() < 3 || weights.size() > 5 ||
      problem.inputs[0]->type.rank() != static_cast<int>(weights.size()))
    return "1 to 3 spatial dimensions are taken";
  const int64_t group = problem.attributes.integer("group", 1);
  if (group < 1 || weights[0] % group != 0)
    return fmt::format("{} channels do not make {} groups", weights[0], group);
  const Layout last = Layout::channels_last(static_cast<int>(weights.size()));
  if (problem.inputs[0]->layout != last || problem.outputs[0]->layout != last)
    return "input and result have to be channels-last";
  return epilogue_rejects(problem);
}

// Sizes tell the scales; without them the scales have to be there, 1 for batch and channels.
Reason check_scales(const KernelContext& context, const ResizeAttributes& attributes) {
  const auto& inputs = context.step->problem.inputs;
  const auto given = [&](size_t i) {
    return i < inputs.size() && inputs[i] &&
           !(inputs[i]->type.rank() == 1 && inputs[i]->type.dims->front().is_constant(0));
  };
  if (given(3)) return std::nullopt;
  const Tensor* scales = context.constant(2);
  if (!given(2) || scales == nullptr) return "the scales are no constant";
  const std::vector<int> axes = attributes.axes_of(inputs[0]->type.rank());
  const auto factors = load_all<double>(scales->view());
  if (factors.size() != axes.size()) return "there is not one scale for each dimension";
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i] < 2 && factors[i] != 1) return "batch and channels have to stay";
  return std::nullopt;
}

}  // namespace

Reason rejects_pointwise(const KernelContext& context) {
  const Problem& problem = context.step->problem;
  if (problem.kind != ProblemKind::pointwise) return "computes scalar expressions only";
  if (auto reason = check_ranks(problem, 0)) return reason;
  for (const auto& output : problem.outputs)
    if (!output) return "an output is absent";
  return TileProgram::rejects(problem.expression);
}

Reason rejects_movement(const KernelContext& context) {
  std::vector<bool> constant;
  for (size_t i = 0; i < context.step->problem.inputs.size(); ++i)
    constant.push_back(context.constant(i) != nullptr);
  return movement_rejects(context.step->problem, constant);
}

Reason rejects_reduction(const KernelContext& context) {
  const Problem& problem = context.step->problem;
  const bool pools = problem.op == "GlobalAveragePool" || problem.op == "GlobalMaxPool";
  if (problem.kind != ProblemKind::reduction && !pools) return "computes reductions only";
  if (auto reason = check_ranks(problem, 1)) return reason;
  if (auto reason = check_float32(problem, 1)) return reason;
  if (problem.has_epilogue()) return "takes no epilogue";
  if (pools) return std::nullopt;
  const bool has_axes = problem.inputs.size() > 1 && problem.inputs[1];
  const Tensor* axes = context.constant(1);
  if (has_axes && axes == nullptr) return "the axes are no constant";
  if (problem.attributes.integer("noop_with_empty_axes", 0) != 0 &&
      (!has_axes || axes->elements() == 0))
    return "no axes are reduced";
  const bool keeps_rank = problem.outputs[0]->type.rank() == problem.inputs[0]->type.rank();
  if (!keeps_rank && !problem.outputs[0]->layout.is_row_major())
    return "a result without the reduced dimensions has to be row-major";
  return std::nullopt;
}

Reason rejects_softmax(const KernelContext& context) {
  const Problem& problem = context.step->problem;
  if (problem.kind != ProblemKind::softmax) return "computes softmax only";
  if (auto reason = check_ranks(problem, 1)) return reason;
  if (auto reason = check_float32(problem, 1)) return reason;
  if (problem.has_epilogue()) return "takes no epilogue";
  if (problem.inputs[0]->type.rank() == 0) return "the input is a scalar";
  if (problem.inputs[0]->layout != problem.outputs[0]->layout)
    return "input and result have different layouts";
  return std::nullopt;
}

Reason rejects_normalization(const KernelContext& context) {
  const Problem& problem = context.step->problem;
  if (problem.kind != ProblemKind::normalization) return "computes normalisations only";
  if (auto reason = check_ranks(problem, 1)) return reason;
  if (auto reason = check_float32(problem, problem.inputs.size())) return reason;
  if (problem.has_epilogue()) return "takes no epilogue";
  const bool by_row = problem.op == "LayerNormalization" || problem.op == "RMSNormalization";
  const bool batch = problem.op == "BatchNormalization";
  if (!by_row && !batch && problem.op != "InstanceNormalization" &&
      problem.op != "GroupNormalization")
    return "has no rule for " + problem.op;
  if (problem.attributes.integer("training_mode", 0) != 0) return "training mode";
  const Layout& layout = problem.inputs[0]->layout;
  if (problem.outputs[0]->layout != layout) return "input and result have different layouts";
  const bool last = layout == Layout::channels_last(problem.inputs[0]->type.rank());
  if (!layout.is_row_major() && !(batch && last))
    return "the input has layout " + layout.to_string();
  for (size_t i = 1; i < problem.inputs.size(); ++i)
    if (problem.inputs[i] && !problem.inputs[i]->layout.is_row_major())
      return fmt::format("input {} has layout {}", i, problem.inputs[i]->layout.to_string());
  return by_row ? check_row_operands(problem) : std::nullopt;
}

Reason rejects_depthwise(const KernelContext& context) {
  const Problem& problem = context.step->problem;
  if (problem.kind != ProblemKind::convolution || problem.op != "Conv")
    return "computes convolutions only";
  if (auto reason = check_ranks(problem, 2)) return reason;
  if (auto reason = check_float32(problem, own_inputs(problem))) return reason;
  const Tensor* weights = context.constant(1);
  if (weights == nullptr) return "the weights are no constant";
  const Shape& shape = weights->shape();
  const int64_t group = problem.attributes.integer("group", 1);
  if (shape.size() != 4 || problem.inputs[0]->type.rank() != 4)
    return "two spatial dimensions are taken";
  if (shape[0] != group || shape[1] != 1) return "each channel has to be convolved by itself";
  if (!(*problem.inputs[0]->type.dims)[1].is_constant(group))
    return "the number of channels is not known";
  const Layout last = Layout::channels_last(4);
  if (problem.inputs[0]->layout != last || problem.outputs[0]->layout != last)
    return "input and result have to be channels-last";
  return epilogue_rejects(problem);
}

Reason rejects_convolution(const KernelContext& context) { return check_convolution(context); }

Reason rejects_winograd(const KernelContext& context) {
  if (auto reason = check_convolution(context)) return reason;
  const Problem& problem = context.step->problem;
  const Shape weights = constants(*problem.inputs[1]->type.dims);
  if (weights.size() != 4 || weights[2] != 3 || weights[3] != 3) return "the window has to be 3x3";
  if (problem.attributes.integer("group", 1) != 1) return "there are several groups";
  if (!all_are(problem.attributes, "strides", 1)) return "the strides have to be 1";
  if (!all_are(problem.attributes, "dilations", 1)) return "the window is dilated";
  if (weights[1] % winograd_block != 0)
    return fmt::format("{} input channels are no multiple of {}", weights[1], winograd_block);
  return std::nullopt;
}

Reason rejects_gemm(const KernelContext& context) {
  const Problem& problem = context.step->problem;
  if (problem.kind != ProblemKind::matmul || (problem.op != "MatMul" && problem.op != "Gemm"))
    return "computes matrix products only";
  if (auto reason = check_ranks(problem, 2)) return reason;
  if (auto reason = check_float32(problem, own_inputs(problem))) return reason;
  for (size_t i : {0, 1}) {
    if (problem.inputs[i]->type.rank() < 2) return fmt::format("input {} is a vector", i);
    if (problem.op == "Gemm" && !problem.inputs[i]->layout.is_row_major())
      return fmt::format("input {} has layout {}", i, problem.inputs[i]->layout.to_string());
  }
  if (!problem.outputs[0]->layout.is_row_major())
    return "the result has layout " + problem.outputs[0]->layout.to_string();
  return epilogue_rejects(problem);
}

Reason rejects_resize(const KernelContext& context) {
  const Problem& problem = context.step->problem;
  if (problem.op != "Resize" || !problem.domain.empty()) return "computes Resize only";
  if (auto reason = check_ranks(problem, 1)) return reason;
  if (auto reason = check_float32(problem, 1)) return reason;
  if (problem.has_epilogue()) return "takes no epilogue";
  const Dims& x = *problem.inputs[0]->type.dims;
  const Dims& y = *problem.outputs[0]->type.dims;
  if (x.size() < 3 || x.size() > 4 || y.size() != x.size())
    return "one or two spatial dimensions are taken";
  if (auto reason = check_image_layouts(problem)) return reason;
  if (x[0] != y[0] || x[1] != y[1]) return "batch and channels have to stay";
  const auto attributes = ResizeAttributes::from(problem.attributes);
  if (attributes.transform == CoordinateTransform::tf_crop_and_resize)
    return "regions are not cut out";
  if (attributes.aspect_ratio != AspectRatio::stretch) return "the aspect ratio is kept";
  return check_scales(context, attributes);
}

Reason rejects_pooling(const KernelContext& context) {
  const Problem& problem = context.step->problem;
  if (problem.kind != ProblemKind::pooling || !problem.domain.empty())
    return "computes pooling only";
  if (problem.outputs.size() > 1 && problem.outputs[1]) return "indices are not given";
  if (auto reason = check_ranks(problem, 1)) return reason;
  if (auto reason = check_float32(problem, 1)) return reason;
  if (problem.has_epilogue()) return "takes no epilogue";
  const int rank = problem.inputs[0]->type.rank();
  if (rank < 3 || rank > 4) return "one or two spatial dimensions are taken";
  return check_image_layouts(problem);
}

Reason rejects_reorder(const KernelContext& context) {
  if (context.step->problem.kind != ProblemKind::reorder) return "changes layouts only";
  if (auto reason = check_ranks(context.step->problem, 1)) return reason;
  if (bit_width(context.step->problem.outputs[0]->type.element) < 8)
    return "elements of whole bytes only";
  return std::nullopt;
}

Reason rejects_custom(const KernelContext& context) {
  if (context.step->problem.kind != ProblemKind::custom) return "runs operators of plugins only";
  return check_row_major(context.step->problem);
}

Reason rejects_reference(const KernelContext& context) {
  if (context.step->problem.kind == ProblemKind::custom) return "the operator is a plugin's";
  return check_row_major(context.step->problem);
}

}  // namespace cermet::cpu
