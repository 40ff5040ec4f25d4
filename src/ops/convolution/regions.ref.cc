// MaxRoiPool and RoiAlign: pools over rectangles of an image that an input names.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.ref.h"

namespace cermet {
namespace {

void infer_regions(InferContext& context, int64_t height, int64_t width, int64_t columns) {
  context.require(height >= 1 && width >= 1 && height <= INT32_MAX && width <= INT32_MAX,
                  "expected an output of at least 1x1, got {}x{}", height, width);
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const int expected = i == 0 ? 4 : 2;
    if (context.has_rank(i))
      context.require(context.rank(i) == expected, "input {}: expected {} dimensions, got {}", i,
                      expected, context.input(i).to_string());
  }
  if (context.has_rank(1))
    context.require(may_equal(context.dims(1)[1], columns), "rois: expected [regions, {}], got {}",
                    columns, context.input(1).to_string());
  context.set_output(
      0, context.element(0),
      {context.has_rank(1) ? context.dims(1)[0] : context.new_dim("regions"),
       context.has_rank(0) ? context.dims(0)[1] : context.new_dim("channels"), height, width});
}

// The image that a region refers to.
int64_t batch_of(const EvalContext& context, double index) {
  const int64_t batch = context.input(0).shape[0];
  context.require(index >= 0 && index < static_cast<double>(batch),
                  "expected batch indices from 0 to {}, got {}", batch - 1, index);
  return static_cast<int64_t>(index);
}

struct Interval {
  int64_t begin, end;
};

// Elements of output cell `cell` of `cells` along a dimension of `size` elements.
Interval cell_of(double first, double last, int64_t cell, int64_t cells, int64_t size) {
  const double start = std::round(first);
  const double length = std::max(std::round(last) - start + 1, 1.0);
  const double step = length / static_cast<double>(cells);
  const auto clamped = [&](double x) {
    return static_cast<int64_t>(std::clamp(x + start, 0.0, static_cast<double>(size)));
  };
  return {clamped(std::floor(static_cast<double>(cell) * step)),
          clamped(std::ceil(static_cast<double>(cell + 1) * step))};
}

// A point between elements: four offsets in a plane with their weights, all 0 outside.
struct Sample {
  std::array<int64_t, 4> offsets{};
  std::array<double, 4> weights{};
};

Sample sample_at(double y, double x, int64_t height, int64_t width) {
  Sample result;
  if (height == 0 || width == 0) return result;
  if (!(y >= -1 && y <= static_cast<double>(height) && x >= -1 && x <= static_cast<double>(width)))
    return result;
  y = std::clamp(y, 0.0, static_cast<double>(height - 1));
  x = std::clamp(x, 0.0, static_cast<double>(width - 1));
  const auto top = static_cast<int64_t>(y);
  const auto left = static_cast<int64_t>(x);
  const int64_t bottom = std::min(top + 1, height - 1);
  const int64_t right = std::min(left + 1, width - 1);
  const double dy = y - static_cast<double>(top);
  const double dx = x - static_cast<double>(left);
  result.offsets = {top * width + left, top * width + right, bottom * width + left,
                    bottom * width + right};
  result.weights = {(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx};
  return result;
}

struct Align {
  int64_t height, width, sampling_ratio;
  double scale, shift;
  bool average, malformed_to_one;

  static Align from(const Attributes& attributes) {
    const std::string mode = attributes.text("mode", "avg");
    require(mode == "avg" || mode == "max", ErrorCode::invalid_model,
            "attribute mode: expected avg or max, got \"{}\"", mode);
    const std::string transform = attributes.text("coordinate_transformation_mode", "half_pixel");
    require(transform == "half_pixel" || transform == "output_half_pixel", ErrorCode::invalid_model,
            "attribute coordinate_transformation_mode: expected half_pixel or output_half_pixel, "
            "got \"{}\"",
            transform);
    const bool half_pixel = transform == "half_pixel";
    return {attributes.integer("output_height", 1),
            attributes.integer("output_width", 1),
            attributes.integer("sampling_ratio", 0),
            attributes.number("spatial_scale", 1.0),
            half_pixel ? 0.5 : 0.0,
            mode == "avg",
            !half_pixel};
  }
};

// Where a region begins along one dimension, how long its cells are and how many points each has.
struct Grid {
  double start, step;
  int64_t points;
};

Grid grid_of(const EvalContext& context, const Align& align, double first, double last,
             int64_t cells) {
  const double start = first * align.scale - align.shift;
  double length = last * align.scale - align.shift - start;
  if (align.malformed_to_one) length = std::max(length, 1.0);
  const double step = length / static_cast<double>(cells);
  constexpr double most_points = 1024;
  const double points =
      align.sampling_ratio > 0 ? static_cast<double>(align.sampling_ratio) : std::ceil(step);
  context.require(std::isfinite(start) && points <= most_points,
                  "rois: expected at most {} sampling points a cell, got a region from {} to {}",
                  most_points, first, last);
  return {start, step, std::max<int64_t>(0, static_cast<int64_t>(points))};
}

std::vector<Sample> samples_of_cell(const Grid& rows, const Grid& columns, int64_t cell_y,
                                    int64_t cell_x, const Shape& image) {
  std::vector<Sample> samples;
  const auto coordinate = [](const Grid& grid, int64_t cell, int64_t point) {
    return grid.start + static_cast<double>(cell) * grid.step +
           (static_cast<double>(point) + 0.5) * grid.step / static_cast<double>(grid.points);
  };
  for (int64_t i = 0; i < rows.points; ++i)
    for (int64_t j = 0; j < columns.points; ++j)
      samples.push_back(sample_at(coordinate(rows, cell_y, i), coordinate(columns, cell_x, j),
                                  image[2], image[3]));
  return samples;
}

double pooled(const std::vector<Sample>& samples, const double* plane, bool average) {
  double sum = 0;
  double largest = -std::numeric_limits<double>::infinity();
  for (const Sample& sample : samples)
    for (size_t i = 0; i < 4; ++i) {
      // The maximum is over the weighted corners, as ONNX defines it.
      const double part =
          sample.weights[i] == 0 ? 0.0 : sample.weights[i] * plane[sample.offsets[i]];
      sum += part;
      largest = std::max(largest, part);
    }
  if (samples.empty()) return 0;
  return average ? sum / static_cast<double>(samples.size()) : largest;
}

}  // namespace

void infer_max_roi_pool(InferContext& context) {
  const std::vector<int64_t> size = context.attributes().integers("pooled_shape");
  context.require(size.size() == 2, "attribute pooled_shape: expected 2 sizes, got {}",
                  size.size());
  infer_regions(context, size[0], size[1], 5);
}

void evaluate_max_roi_pool(EvalContext& context) {
  const TensorView output = context.output(0);
  const Shape image = context.input(0).shape;
  const double scale = context.attributes().number("spatial_scale", 1.0);
  const std::vector<double> x = load_all<double>(context.input(0));
  const std::vector<double> rois = load_all<double>(context.input(1));
  std::vector<double> y(static_cast<size_t>(output.elements()));
  for_each_index(output.shape, [&](const std::vector<int64_t>& at, int64_t i) {
    const double* roi = rois.data() + at[0] * 5;
    context.require(std::isfinite(roi[1] + roi[2] + roi[3] + roi[4]),
                    "rois: expected finite corners in region {}", at[0]);
    const Interval rows = cell_of(roi[2] * scale, roi[4] * scale, at[2], output.shape[2], image[2]);
    const Interval columns =
        cell_of(roi[1] * scale, roi[3] * scale, at[3], output.shape[3], image[3]);
    const double* plane =
        x.data() + (batch_of(context, roi[0]) * image[1] + at[1]) * image[2] * image[3];
    const bool empty = rows.begin >= rows.end || columns.begin >= columns.end;
    double largest = empty ? 0.0 : -std::numeric_limits<double>::infinity();
    for (int64_t row = rows.begin; row < rows.end; ++row)
      for (int64_t column = columns.begin; column < columns.end; ++column)
        largest = std::max(largest, plane[row * image[3] + column]);
    y[i] = largest;
  });
  store_all(output, y);
}

void infer_roi_align(InferContext& context) {
  const Align align = Align::from(context.attributes());
  infer_regions(context, align.height, align.width, 4);
  if (context.has_rank(1) && context.has_rank(2))
    context.require(context.rank(2) == 1 && may_equal(context.dims(2)[0], context.dims(1)[0]),
                    "batch_indices: expected [{}], got {}", context.dims(1)[0].to_string(),
                    context.input(2).to_string());
}

void evaluate_roi_align(EvalContext& context) {
  const Align align = Align::from(context.attributes());
  const TensorView output = context.output(0);
  const Shape image = context.input(0).shape;
  const std::vector<double> x = load_all<double>(context.input(0));
  const std::vector<double> rois = load_all<double>(context.input(1));
  const std::vector<int64_t> batches = context.integers(2);
  const int64_t plane = image[2] * image[3];
  const int64_t cells = align.height * align.width;
  std::vector<double> y(static_cast<size_t>(output.elements()));
  for (int64_t region = 0; region < output.shape[0]; ++region) {
    const double* roi = rois.data() + region * 4;
    const int64_t batch = batch_of(context, static_cast<double>(batches[region]));
    const Grid columns = grid_of(context, align, roi[0], roi[2], align.width);
    const Grid rows = grid_of(context, align, roi[1], roi[3], align.height);
    for (int64_t cell = 0; cell < cells; ++cell) {
      const auto samples =
          samples_of_cell(rows, columns, cell / align.width, cell % align.width, image);
      for (int64_t c = 0; c < image[1]; ++c)
        y[(region * image[1] + c) * cells + cell] =
            pooled(samples, x.data() + (batch * image[1] + c) * plane, align.average);
    }
  }
  store_all(output, y);
}

}  // namespace cermet
