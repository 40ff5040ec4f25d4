#include "builder/convolution_points.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/error.h"
#include "ops/convolution/convolution.attrs.h"
#include "ops/operator.ref.h"

namespace cermet {
namespace {

class Convolution {
 public:
  Convolution(const Node& conv, const Shape& x, const Shape& w, const Grid& grid)
      : conv_(conv),
        grid_(grid),
        kernel_(w.begin() + 2, w.end()),
        attributes_(ConvolutionAttributes::from(conv.attributes, to_dims(kernel_))),
        filters_(grid[1]) {
    for (size_t d = 0; d < kernel_.size(); ++d) add_rows(d, x[d + 2]);
    if (attributes_.group == 1) {
      x_grid_ = {grid[0], whole_grid({x[1]})[0]};
    } else {
      x_grid_ = {grid[0], {}};
      take_groups(x[1] / attributes_.group, w[0] / attributes_.group);
    }
    x_grid_.insert(x_grid_.end(), rows_.begin(), rows_.end());
  }

  Tensor run(const InputAt& input_at) {
    Grid w_grid = whole_grid(kernel_);
    const int64_t channels =
        static_cast<int64_t>(x_grid_[1].size()) / (attributes_.group == 1 ? 1 : groups_);
    w_grid.insert(w_grid.begin(), {filters_, whole_grid({channels})[0]});
    std::vector<std::optional<Value>> inputs{Value(patches(input_at(0, x_grid_))),
                                             Value(input_at(1, w_grid))};
    if (conv_.input(2) != no_value) inputs.emplace_back(Value(input_at(2, {filters_})));
    const Operator* op = find_operator("", "Conv");
    Tensor result = evaluate(*op, patch_attributes(), inputs, 1)[0].tensor;
    Shape shape = shape_of(grid_);
    shape[1] = static_cast<int64_t>(filters_.size());
    result = result.reshaped(shape);
    if (filters_ == grid_[1]) return result;
    Grid wanted = whole_grid(shape);
    wanted[1] = positions_in(filters_, grid_[1]);
    return at_grid(result.view(), wanted);
  }

 private:
  // Which rows of the image the windows at the grid's coordinates read, and where each tap falls.
  void add_rows(size_t d, int64_t size) {
    const int64_t begin = attributes_.padding(size, d).begin.constant();
    std::set<int64_t> read;
    const auto tap = [&](int64_t o, int64_t k) {
      return o * attributes_.window.strides[d] + k * attributes_.window.dilations[d] - begin;
    };
    for (int64_t o : grid_[d + 2])
      for (int64_t k = 0; k < kernel_[d]; ++k)
        if (tap(o, k) >= 0 && tap(o, k) < size) read.insert(tap(o, k));
    if (read.empty() && size > 0) read.insert(0);
    rows_.emplace_back(read.begin(), read.end());
    std::vector<int64_t> places;
    for (int64_t o : grid_[d + 2])
      for (int64_t k = 0; k < kernel_[d]; ++k) {
        const auto at = std::lower_bound(rows_[d].begin(), rows_[d].end(), tap(o, k));
        places.push_back(at != rows_[d].end() && *at == tap(o, k) ? at - rows_[d].begin() : -1);
      }
    places_.push_back(std::move(places));
  }

  // All filters of the groups that wanted ones belong to.
  void take_groups(int64_t channels, int64_t filters) {
    std::set<int64_t> groups;
    for (int64_t m : grid_[1]) groups.insert(m / filters);
    groups_ = static_cast<int64_t>(groups.size());
    filters_.clear();
    for (int64_t g : groups) {
      for (int64_t c = 0; c < channels; ++c) x_grid_[1].push_back(g * channels + c);
      for (int64_t m = 0; m < filters; ++m) filters_.push_back(g * filters + m);
    }
  }

  // offsets[t * positions + p]: where tap t of position p lies in an image of rows_; -1: outside.
  std::vector<int64_t> tap_offsets(int64_t positions) const {
    std::vector<int64_t> offsets;
    Shape places = shape_of(grid_), image = shape_of(rows_);
    places.erase(places.begin(), places.begin() + 2);
    const std::vector<int64_t> strides = row_major_strides(image);
    offsets.reserve(static_cast<size_t>(positions * element_count(kernel_)));
    for_each_index(kernel_, [&](const std::vector<int64_t>& tap, int64_t) {
      for_each_index(places, [&](const std::vector<int64_t>& place, int64_t) {
        int64_t offset = 0;
        for (size_t d = 0; d < kernel_.size() && offset >= 0; ++d) {
          const int64_t row = places_[d][place[d] * kernel_[d] + tap[d]];
          offset = row < 0 ? -1 : offset + row * strides[d];
        }
        offsets.push_back(offset);
      });
    });
    return offsets;
  }

  // The windows side by side along the last dimension.
  Tensor patches(const Tensor& x) const {
    int64_t positions = 1;
    for (size_t d = 2; d < grid_.size(); ++d) positions *= static_cast<int64_t>(grid_[d].size());
    Shape shape{x.shape()[0], x.shape()[1]};
    shape.insert(shape.end(), kernel_.begin(), kernel_.end());
    shape.back() *= positions;
    Tensor result(x.type(), shape);
    const std::vector<int64_t> offsets = tap_offsets(positions);
    switch (bit_width(x.type())) {
      case 16:
        fill<uint16_t>(x, offsets, positions, result.view());
        break;
      case 32:
        fill<uint32_t>(x, offsets, positions, result.view());
        break;
      case 64:
        fill<uint64_t>(x, offsets, positions, result.view());
        break;
      default:
        fail(ErrorCode::unsupported, "a convolution of {}", name(x.type()));
    }
    return result;
  }

  template <class T>
  void fill(const Tensor& x, const std::vector<int64_t>& offsets, int64_t positions,
            const TensorView& result) const {
    const int64_t image = element_count(shape_of(rows_)), taps = element_count(kernel_);
    const int64_t across = kernel_.back();
    const T* from = x.as<T>();
    T* to = result.as<T>();
    for (int64_t plane = x.shape()[0] * x.shape()[1]; plane-- > 0;
         from += image, to += taps * positions)
      for (int64_t t = 0; t < taps; ++t)
        for (int64_t p = 0; p < positions; ++p)
          if (const int64_t offset = offsets[t * positions + p]; offset >= 0)
            to[(t / across * positions + p) * across + t % across] = from[offset];
  }

  Attributes patch_attributes() const {
    Attributes attributes = conv_.attributes;
    for (const char* name : {"pads", "auto_pad", "dilations"}) attributes.erase(name);
    std::vector<int64_t> strides(kernel_.size(), 1);
    strides.back() = kernel_.back();
    attributes.set("strides", strides);
    attributes.set("group", attributes_.group == 1 ? int64_t{1} : groups_);
    return attributes;
  }

  const Node& conv_;
  const Grid& grid_;
  Shape kernel_;
  ConvolutionAttributes attributes_;
  std::vector<int64_t> filters_;
  int64_t groups_ = 1;
  Grid x_grid_;
  Grid rows_;  // of the image, by spatial dimension
  // places_[d][o * kernel + k]: the row that tap k reads at the grid's coordinate o; -1: padding.
  std::vector<std::vector<int64_t>> places_;
};

}  // namespace

Tensor convolution_at(const Node& conv, const Shape& x, const Shape& w, const Grid& grid,
                      const InputAt& input_at) {
  return Convolution(conv, x, w, grid).run(input_at);
}

}  // namespace cermet
