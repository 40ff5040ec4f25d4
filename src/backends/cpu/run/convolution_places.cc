#include "backends/cpu/run/convolution_places.h"

#include "backends/cpu/run/work_split.h"

namespace cermet::cpu {
namespace {

constexpr int64_t long_enough = 256;  // elements of a piece
// Wider images have few tiles with edges.
constexpr int64_t few_channels = 16, narrow_image = 64;

}  // namespace

ConvolutionPlaces::ConvolutionPlaces(const ConvolutionShape& shape, const ConvolutionForm& form)
    : s_(shape), form_(form) {
  is_pointwise_ = std::all_of(s_.axes.begin(), s_.axes.end(), [](const WindowAxis& axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.pad == 0 && axis.input == axis.output;
  });
  const auto& [depth, height, width] = s_.axes;
  const bool flat = depth.kernel == 1 && depth.input == 1 && depth.output == 1 && depth.pad == 0;
  left_ = std::max<int64_t>(0, -width.place(0, 0));
  const int64_t behind = width.place(width.output - 1, width.kernel - 1) + 1 - width.input;
  makes_runs_ = form_.groups == 1 && width.kernel > 1 && width.dilation == 1 &&
                width.kernel * form_.inputs <= long_enough;
  zeros_ = Tensor(ElementType::float32, {form_.inputs * longest_run()});
  copies_lines_ = makes_runs_ && flat && s_.inputs <= few_channels &&
                  width.output <= narrow_image && (left_ > 0 || behind > 0);
  line_elements_ = (left_ + width.input + std::max<int64_t>(0, behind)) * s_.inputs;
}

// Lines under the windows of so many lines of results.
int64_t ConvolutionPlaces::lines_of(int64_t heights) const {
  const WindowAxis& height = s_.axes[1];
  return (heights - 1) * height.stride + (height.kernel - 1) * height.dilation + 1;
}

size_t ConvolutionPlaces::lines_bytes(int64_t rows) const {
  if (!copies_lines_ || s_.rows() == 0) return 0;
  const int64_t heights = std::min(s_.axes[1].output, pieces(rows, s_.axes[2].output) + 1);
  return rounded_to_line(static_cast<size_t>(lines_of(heights) * line_elements_) * 4);
}

ConvolutionPlaces::Walk::Walk(const ConvolutionPlaces& places, const float* x, int64_t begin,
                              int64_t end, float* lines)
    : p_(places), s_(places.s_), x_(x), row_(begin), image_(begin / s_.image()), lines_(lines) {
  int64_t rest = begin % s_.image();
  for (size_t d = 3; d-- > 0;) {
    at_[d] = rest % s_.axes[d].output;
    rest /= s_.axes[d].output;
  }
  if (p_.copies_lines_) copy_lines(end);
}

void ConvolutionPlaces::Walk::copy_lines(int64_t end) {
  const WindowAxis &height = s_.axes[1], &width = s_.axes[2];
  const int64_t last = (end - 1) % s_.image() / width.output;
  first_line_ = height.place(at_[1], 0);
  const int64_t count = p_.lines_of(last - at_[1] + 1), inside = width.input * s_.inputs;
  for (int64_t i = 0; i < count; ++i) {
    float* to = lines_ + i * p_.line_elements_;
    const int64_t h = first_line_ + i;
    if (h < 0 || h >= height.input) {
      std::fill_n(to, p_.line_elements_, 0.0f);
      continue;
    }
    const int64_t before = p_.left_ * s_.inputs;
    std::fill_n(to, before, 0.0f);
    std::copy_n(x_ + (image_ * height.input + h) * inside, inside, to + before);
    std::fill(to + before + inside, to + p_.line_elements_, 0.0f);
  }
}

inline int64_t ConvolutionPlaces::Walk::rows_in_line(int64_t rows) const {
  return std::min(rows, s_.axes[2].output - at_[2]);
}

// No further than to the beginning of the next line.
inline void ConvolutionPlaces::Walk::advance(int64_t rows) {
  row_ += rows;
  at_[2] += rows;
  for (size_t d = 3; d-- > 0;) {
    if (at_[d] < s_.axes[d].output) return;
    at_[d] = 0;
    ++(d > 0 ? at_[d - 1] : image_);
  }
}

inline bool ConvolutionPlaces::Walk::has_runs(int64_t rows) const {
  const WindowAxis& width = s_.axes[2];
  if (p_.copies_lines_) return true;
  if (!p_.makes_runs_) return false;
  int64_t start = at_[2];
  for (int64_t r = 0, count; r < rows; r += count, start = 0) {
    count = std::min(rows - r, width.output - start);
    if (width.place(start, 0) < 0 ||
        width.place(start + count - 1, width.kernel - 1) >= width.input)
      return false;
  }
  return true;
}

// Whether rows of one line see no edge of the image.
inline bool ConvolutionPlaces::Walk::is_inside(int64_t rows) const {
  if (rows_in_line(rows) < rows) return false;
  if (p_.copies_lines_) return true;
  for (size_t d = 0; d < 3; ++d) {
    const WindowAxis& axis = s_.axes[d];
    const int64_t last = at_[d] + (d == 2 ? rows - 1 : 0);
    if (axis.place(at_[d], 0) < 0 || axis.place(last, axis.kernel - 1) >= axis.input) return false;
  }
  return true;
}

// Where the image's first place of a line would lie; nullptr outside of the image.
inline const float* ConvolutionPlaces::Walk::line(int64_t depth_tap, int64_t height_tap) const {
  const auto& [depth, height, width] = s_.axes;
  const int64_t d = depth.place(at_[0], depth_tap), h = height.place(at_[1], height_tap);
  if (p_.copies_lines_)
    return lines_ + (h - first_line_) * p_.line_elements_ + p_.left_ * s_.inputs;
  if (d < 0 || d >= depth.input || h < 0 || h >= height.input) return nullptr;
  return x_ + ((image_ * depth.input + d) * height.input + h) * width.input * s_.inputs;
}

// The elements `at`, `at` + stride, ... of a line.
inline void ConvolutionPlaces::Walk::find(const float* line, int64_t at, int64_t count,
                                          const float** to) const {
  const int64_t stride = s_.axes[2].stride, input = s_.axes[2].input;
  const float* zeros = p_.zeros_.as<float>();
  if (line == nullptr) {
    for (int64_t r = 0; r < count; ++r) to[r] = zeros;
    return;
  }
  const int64_t step = stride * s_.inputs, start = at * s_.inputs;
  if (p_.copies_lines_ || (at >= 0 && at + (count - 1) * stride < input)) {
    for (int64_t r = 0; r < count; ++r) to[r] = line + (start + r * step);
    return;
  }
  for (int64_t r = 0; r < count; ++r, at += stride)
    to[r] = at >= 0 && at < input ? line + (start + r * step) : zeros;
}

// to[piece * rows + r] for r < count.
inline void ConvolutionPlaces::Walk::find_in_line(int64_t run, int64_t count, int64_t rows,
                                                  const float** to) const {
  const auto& [depth, height, width] = s_.axes;
  for (int64_t i = 0; i < depth.kernel; ++i)
    for (int64_t j = 0; j < height.kernel; ++j) {
      const float* from = line(i, j);
      for (int64_t k = 0; k < width.kernel; k += run, to += rows)
        find(from, width.place(at_[2], k), count, to);
    }
}

// Not 0 without channels either.
inline int64_t ConvolutionPlaces::Walk::row_step() const {
  return std::max<int64_t>(1, s_.axes[2].stride * s_.inputs);
}

TilePlaces ConvolutionPlaces::Walk::next(int64_t rows, const float** to) {
  if (p_.is_pointwise_) {
    *to = x_ + row_ * s_.inputs;
    row_ += rows;
    return {to, 1, row_step()};
  }
  if (is_inside(rows)) {
    const int64_t run = p_.longest_run();
    find_in_line(run, 1, 1, to);
    advance(rows);
    return {to, run, row_step()};
  }
  const int64_t run = has_runs(rows) ? s_.axes[2].kernel : 1;
  for (int64_t r = 0, count; r < rows; r += count, advance(count)) {
    count = rows_in_line(rows - r);
    find_in_line(run, count, rows, to + r);
  }
  return {to, run};
}

}  // namespace cermet::cpu
