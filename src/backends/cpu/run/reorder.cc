// The same values under another unblocked layout: y[i] = x[i] for every index i, each under its own
// strides. Input and output do not overlap.
#include <algorithm>
#include <cstring>

#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/strided_copy.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

// Dimensions in the order of the output's memory, neighbours that lie together in both merged.
struct Walk {
  Shape sizes;
  std::vector<int64_t> from;  // strides of the input
};

Walk make_walk(const Shape& shape, const Layout& from, const Layout& to) {
  const std::vector<int64_t> source = strides(shape, from);
  std::vector<size_t> order(shape.size());
  for (size_t d = 0; d < shape.size(); ++d) order[d] = to.order.empty() ? d : to.order[d];
  Walk walk;
  for (size_t d : order) {
    if (shape[d] == 1) continue;
    if (!walk.sizes.empty() && walk.from.back() == source[d] * shape[d]) {
      walk.sizes.back() *= shape[d];
      walk.from.back() = source[d];
    } else {
      walk.sizes.push_back(shape[d]);
      walk.from.push_back(source[d]);
    }
  }
  while (walk.sizes.size() < 2) {
    walk.sizes.insert(walk.sizes.begin(), 1);
    walk.from.insert(walk.from.begin(), 0);
  }
  return walk;
}

// y[r * columns + c] = x[r * row_stride + c * column_stride], by squares that fit the caches.
template <class T>
void copy_plane(const T* x, T* y, int64_t row_begin, int64_t row_end, int64_t columns,
                int64_t row_stride, int64_t column_stride) {
  constexpr int64_t square = 16;
  for (int64_t r0 = row_begin; r0 < row_end; r0 += square)
    for (int64_t c0 = 0; c0 < columns; c0 += square) {
      const int64_t r1 = std::min(r0 + square, row_end);
      const int64_t c1 = std::min(c0 + square, columns);
      for (int64_t r = r0; r < r1; ++r)
        for (int64_t c = c0; c < c1; ++c)
          y[r * columns + c] = x[r * row_stride + c * column_stride];
    }
}

// Likewise, for columns known to the compiler.
template <int columns, class T>
void copy_narrow(const T* x, T* y, int64_t row_begin, int64_t row_end, int64_t row_stride,
                 int64_t column_stride) {
  for (int64_t r = row_begin; r < row_end; ++r)
#pragma GCC unroll 4
    for (int c = 0; c < columns; ++c) y[r * columns + c] = x[r * row_stride + c * column_stride];
}

template <class T>
class BoundReorder : public BoundKernel {
 public:
  BoundReorder(Walk walk, Transpose32 transpose) : walk_(std::move(walk)), transpose_(transpose) {
    planes_ = element_count(Shape(walk_.sizes.begin(), walk_.sizes.end() - 2));
  }

  void run(const Call& call) override {
    const size_t rank = walk_.sizes.size();
    const int64_t rows = walk_.sizes[rank - 2], columns = walk_.sizes[rank - 1];
    const auto* x = static_cast<const T*>(call.inputs[0]);
    auto* y = static_cast<T*>(call.outputs[0]);
    call.team->parallel_for(planes_ * rows, 64, [&](int64_t begin, int64_t end) {
      for (int64_t at = begin; at < end;) {
        const int64_t plane = at / rows;
        const int64_t last = std::min(end, (plane + 1) * rows);
        copy_rows(x + plane_offset(plane), y + plane * rows * columns, at - plane * rows,
                  last - plane * rows);
        at = last;
      }
    });
  }

 private:
  void copy_rows(const T* x, T* y, int64_t begin, int64_t end) const {
    const size_t rank = walk_.sizes.size();
    const int64_t columns = walk_.sizes[rank - 1];
    const int64_t row = walk_.from[rank - 2], column = walk_.from[rank - 1];
    if (columns == 2) return copy_narrow<2>(x, y, begin, end, row, column);
    if (columns == 3) return copy_narrow<3>(x, y, begin, end, row, column);
    if constexpr (sizeof(T) == 4)
      if (row == 1)
        return transpose_(columns, end - begin, x + begin, column, y + begin * columns, columns);
    copy_plane(x, y, begin, end, columns, row, column);
  }

  int64_t plane_offset(int64_t plane) const {
    int64_t offset = 0;
    for (size_t d = walk_.sizes.size() - 2; d-- > 0;) {
      offset += plane % walk_.sizes[d] * walk_.from[d];
      plane /= walk_.sizes[d];
    }
    return offset;
  }

  Walk walk_;
  Transpose32 transpose_;
  int64_t planes_ = 1;
};

class ReorderKernel : public Kernel {
 public:
  ReorderKernel(const Problem& problem, InstructionSet set)
      : transpose_(transpose_32(set)),
        type_(problem.outputs[0]->type.element),
        from_(problem.inputs[0]->layout),
        to_(problem.outputs[0]->layout) {
    require(bit_width(type_) >= 8 && from_.block_axis < 0 && to_.block_axis < 0,
            ErrorCode::invalid_engine, "a reorder of {} from {} to {} is not known", name(type_),
            from_.to_string(), to_.to_string());
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    Walk walk = make_walk(*context.outputs[0], from_, to_);
    switch (bit_width(type_)) {
      case 8:
        return std::make_unique<BoundReorder<uint8_t>>(std::move(walk), transpose_);
      case 16:
        return std::make_unique<BoundReorder<uint16_t>>(std::move(walk), transpose_);
      case 32:
        return std::make_unique<BoundReorder<uint32_t>>(std::move(walk), transpose_);
      case 64:
        return std::make_unique<BoundReorder<uint64_t>>(std::move(walk), transpose_);
      default:
        return std::make_unique<BoundReorder<std::pair<uint64_t, uint64_t>>>(std::move(walk),
                                                                             transpose_);
    }
  }

 private:
  Transpose32 transpose_;
  ElementType type_;
  Layout from_, to_;
};

}  // namespace

std::unique_ptr<Kernel> make_reorder_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<ReorderKernel>(context.step->problem, set);
}

}  // namespace cermet::cpu
