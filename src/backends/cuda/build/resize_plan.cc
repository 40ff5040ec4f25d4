#include "backends/cuda/build/resize_plan.h"

#include <algorithm>
#include <cmath>

#include "backends/cuda/build/operand_memory.h"
#include "base/scalar.h"

namespace cermet::cuda {
namespace {

enum : size_t { image, roi, scales, sizes };

// Rows of a table that are written into a kernel's source.
constexpr int64_t most_rows = 4096;

// Older models pass empty tensors for what is absent.
bool is_given(const Problem& problem, size_t i) {
  if (!has_input(problem, i)) return false;
  const Dims& dims = *problem.inputs[i]->type.dims;
  return dims.size() != 1 || !dims[0].is_constant(0);
}

std::vector<double> numbers(const TacticQuery& query, size_t i) {
  const Tensor* tensor = is_given(query.problem(), i) ? query.constant(i) : nullptr;
  return tensor == nullptr ? std::vector<double>() : load_all<double>(tensor->view());
}

// The scale of each dimension that is named, where it is not the quotient of the sizes.
std::vector<std::optional<double>> scales_of(const TacticQuery& query,
                                             const ResizeAttributes& attributes,
                                             const std::vector<int>& axes) {
  std::vector<std::optional<double>> result(axes.size());
  const Problem& problem = query.problem();
  if (!is_given(problem, sizes)) {
    const std::vector<double> factors = numbers(query, scales);
    for (size_t i = 0; i < axes.size() && i < factors.size(); ++i) result[i] = factors[i];
  } else if (attributes.aspect_ratio != AspectRatio::stretch) {
    std::vector<int64_t> before, after;
    const std::vector<double> wanted = numbers(query, sizes);
    for (size_t i = 0; i < axes.size(); ++i) {
      before.push_back(
          (*problem.inputs[image]->type.dims)[static_cast<size_t>(axes[i])].constant());
      after.push_back(static_cast<int64_t>(wanted[i]));
    }
    result.assign(axes.size(), common_scale(attributes.aspect_ratio, before, after));
  }
  return result;
}

int tap_count(const ResizeAttributes& attributes, const ResizedDimension& d) {
  if (attributes.mode == ResizeMode::nearest) return 1;
  const double reach = attributes.mode == ResizeMode::linear ? 1 : 2;
  if (!attributes.antialias) return static_cast<int>(2 * reach);
  const double scale =
      d.scale ? *d.scale
              : static_cast<double>(d.output.constant()) / static_cast<double>(d.input.constant());
  return static_cast<int>(-2 * std::floor(-reach / std::min(scale, 1.0)));
}

// Whether every element keeps its place, for sizes that are no numbers too.
bool keeps_places(const ResizeAttributes& attributes, const ResizedDimension& d) {
  if (d.input != d.output || d.scale.value_or(1.0) != 1.0) return false;
  return attributes.transform != CoordinateTransform::tf_crop_and_resize &&
         attributes.transform != CoordinateTransform::tf_half_pixel_for_nn;
}

void add_table(const ResizeAttributes& attributes, ResizedDimension& d) {
  if (!d.input.is_constant() || !d.output.is_constant() || d.input.constant() == 0) return;
  ResizeAxis axis{d.input.constant(), d.output.constant()};
  axis.scale =
      d.scale ? *d.scale : static_cast<double>(axis.output) / static_cast<double>(axis.input);
  axis.roi_begin = d.roi_begin;
  axis.roi_end = d.roi_end;
  if (axis.output == 0 || axis.output * d.taps > most_rows) return;
  d.table = resize_table(attributes, axis);
  if (!d.table->is_identity(axis.input)) return;
  d.resized = false;
  d.taps = 1;
  d.table.reset();
}

}  // namespace

ResizePlan ResizePlan::of(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes operand_sizes(problem);
  ResizePlan plan;
  plan.attributes = ResizeAttributes::from(problem.attributes);
  plan.crops = plan.attributes.transform == CoordinateTransform::tf_crop_and_resize;
  const Dims &in = operand_sizes.input(image), &out = operand_sizes.output(0);
  const Dims strides = operand_sizes.input_strides(image);
  std::vector<ResizedDimension> all(in.size());
  for (size_t d = 0; d < in.size(); ++d) {
    all[d].input = in[d];
    all[d].output = out[d];
    all[d].stride = strides[d];
  }
  const std::vector<int> axes = plan.attributes.axes_of(static_cast<int>(in.size()));
  const auto factors = scales_of(query, plan.attributes, axes);
  const std::vector<double> region = numbers(query, roi);
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizedDimension& d = all[static_cast<size_t>(axes[i])];
    d.scale = factors[i];
    if (region.size() == 2 * axes.size()) {
      d.roi_begin = region[i];
      d.roi_end = region[axes.size() + i];
    }
    if (keeps_places(plan.attributes, d)) continue;
    d.resized = true;
    d.taps = tap_count(plan.attributes, d);
    add_table(plan.attributes, d);
  }
  for (size_t d : memory_order(problem.outputs[0]->layout, in.size()))
    plan.dimensions.push_back(all[d]);
  return plan;
}

std::optional<std::string> rejects_resize(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const auto attributes = ResizeAttributes::from(problem.attributes);
  const Dims &in = *problem.inputs[image]->type.dims, &out = *problem.outputs[0]->type.dims;
  const bool sized = is_given(problem, sizes);
  if (!sized && numbers(query, scales).empty()) return "the scales are no constant";
  if (sized && attributes.aspect_ratio != AspectRatio::stretch &&
      (!all_constant(in) || numbers(query, sizes).empty()))
    return "a kept aspect ratio of sizes that are not known";
  if (attributes.transform == CoordinateTransform::tf_crop_and_resize &&
      numbers(query, roi).empty())
    return "the region is no constant";
  if (attributes.antialias && numbers(query, scales).empty() &&
      !(all_constant(in) && all_constant(out)))
    return "antialias of sizes that are not known";
  for (size_t d = 0; d < in.size(); ++d)
    if (in[d].is_constant(0) && !out[d].is_constant(0)) return "an image without elements";
  return std::nullopt;
}

}  // namespace cermet::cuda
