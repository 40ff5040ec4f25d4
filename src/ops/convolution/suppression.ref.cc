// NonMaxSuppression: of boxes that overlap, the one with the best score.
#include <algorithm>
#include <optional>

#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.ref.h"

namespace cermet {
namespace {

struct Box {
  double top, left, bottom, right;

  double area() const { return (bottom - top) * (right - left); }
};

// `center`: the numbers are centre x, centre y, width, height; otherwise y and x of two corners.
Box box_of(const double* v, bool center) {
  if (center) return {v[1] - v[3] / 2, v[0] - v[2] / 2, v[1] + v[3] / 2, v[0] + v[2] / 2};
  return {std::min(v[0], v[2]), std::min(v[1], v[3]), std::max(v[0], v[2]), std::max(v[1], v[3])};
}

bool overlap(const Box& a, const Box& b, double threshold) {
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0 && width > 0 && a.area() > 0 && b.area() > 0)) return false;
  const double common = height * width;
  return common / (a.area() + b.area() - common) > threshold;
}

// The boxes kept, best first; of equal scores the lower index is better.
std::vector<int64_t> select(const std::vector<Box>& boxes, const double* scores, int64_t most,
                            double iou_threshold, std::optional<double> score_threshold) {
  std::vector<int64_t> order;
  for (size_t i = 0; i < boxes.size(); ++i)
    if (!score_threshold || scores[i] > *score_threshold) order.push_back(static_cast<int64_t>(i));
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return scores[a] > scores[b]; });
  std::vector<int64_t> kept;
  for (const int64_t candidate : order) {
    if (static_cast<int64_t>(kept.size()) >= most) break;
    if (std::none_of(kept.begin(), kept.end(), [&](int64_t other) {
          return overlap(boxes[candidate], boxes[other], iou_threshold);
        }))
      kept.push_back(candidate);
  }
  return kept;
}

std::optional<double> scalar(const EvalContext& context, size_t i) {
  if (!context.has_input(i) || context.input(i).elements() == 0) return std::nullopt;
  return load_element<double>(context.input(i), 0);
}

}  // namespace

void infer_non_max_suppression(InferContext& context) {
  for (const size_t i : {size_t{0}, size_t{1}})
    if (context.has_rank(i))
      context.require(context.rank(i) == 3, "input {}: expected 3 dimensions, got {}", i,
                      context.input(i).to_string());
  if (context.has_rank(0) && context.has_rank(1)) {
    const Dims& boxes = context.dims(0);
    const Dims& scores = context.dims(1);
    context.require(
        may_equal(boxes[2], 4) && may_equal(boxes[0], scores[0]) && may_equal(boxes[1], scores[2]),
        "expected boxes [batches, boxes, 4] and scores [batches, classes, boxes], got "
        "{} and {}",
        context.input(0).to_string(), context.input(1).to_string());
  }
  context.set_output(0, ElementType::int64, {context.new_dim("selected"), 3});
}

void evaluate_non_max_suppression(EvalContext& context) {
  const bool center = context.attributes().integer("center_point_box", 0) != 0;
  context.inferred(0);
  const Shape shape = context.input(1).shape;
  const int64_t boxes_of_batch = shape[2];
  const std::vector<double> corners = load_all<double>(context.input(0));
  const std::vector<double> scores = load_all<double>(context.input(1));
  const bool limited = context.has_input(2) && context.input(2).elements() > 0;
  const int64_t most = limited ? context.integers(2)[0] : 0;
  const double iou_threshold = scalar(context, 3).value_or(0.0);
  context.require(iou_threshold >= 0 && iou_threshold <= 1,
                  "iou_threshold: expected a number from 0 to 1, got {}", iou_threshold);
  const std::optional<double> score_threshold = scalar(context, 4);
  std::vector<int64_t> selected;
  std::vector<Box> boxes(static_cast<size_t>(boxes_of_batch));
  for (int64_t batch = 0; batch < shape[0]; ++batch) {
    for (int64_t i = 0; i < boxes_of_batch; ++i)
      boxes[i] = box_of(corners.data() + (batch * boxes_of_batch + i) * 4, center);
    for (int64_t c = 0; c < shape[1]; ++c) {
      const double* row = scores.data() + (batch * shape[1] + c) * boxes_of_batch;
      for (const int64_t box : select(boxes, row, most, iou_threshold, score_threshold))
        selected.insert(selected.end(), {batch, c, box});
    }
  }
  const auto count = static_cast<int64_t>(selected.size() / 3);
  store_all(context.output(0, ElementType::int64, {count, 3}), selected);
}

}  // namespace cermet
