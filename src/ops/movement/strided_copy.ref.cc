#include "ops/movement/strided_copy.ref.h"

#include <algorithm>
#include <cstring>

#include "ops/evaluate.ref.h"

namespace cermet {
namespace {

// Drops dimensions of size 1 and joins neighbours that both sides walk as one.
Shape coalesce(const Shape& shape, Walk& read, Walk& write) {
  Shape sizes;
  Walk in{read.offset, {}};
  Walk out{write.offset, {}};
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) continue;
    if (!sizes.empty() && in.strides.back() == read.strides[d] * shape[d] &&
        out.strides.back() == write.strides[d] * shape[d]) {
      sizes.back() *= shape[d];
      in.strides.back() = read.strides[d];
      out.strides.back() = write.strides[d];
      continue;
    }
    sizes.push_back(shape[d]);
    in.strides.push_back(read.strides[d]);
    out.strides.push_back(write.strides[d]);
  }
  read = std::move(in);
  write = std::move(out);
  return sizes;
}

struct Run {
  int64_t count = 1;
  int64_t read_stride = 1;
  int64_t write_stride = 1;
};

template <size_t width>
void copy_run_of_width(const void* from, int64_t read, void* to, int64_t write, const Run& run) {
  const auto* source = static_cast<const char*>(from) + read * static_cast<int64_t>(width);
  auto* target = static_cast<char*>(to) + write * static_cast<int64_t>(width);
  const int64_t source_step = run.read_stride * static_cast<int64_t>(width);
  const int64_t target_step = run.write_stride * static_cast<int64_t>(width);
  for (int64_t i = 0; i < run.count; ++i)
    std::memcpy(target + i * target_step, source + i * source_step, width);
}

void copy_run(const ConstTensorView& from, int64_t read, const TensorView& to, int64_t write,
              const Run& run) {
  if (run.read_stride == 1 && run.write_stride == 1)
    return copy_elements(from, read, to, write, run.count);
  switch (bit_width(from.type)) {
    case 8:
      return copy_run_of_width<1>(from.data, read, to.data, write, run);
    case 16:
      return copy_run_of_width<2>(from.data, read, to.data, write, run);
    case 32:
      return copy_run_of_width<4>(from.data, read, to.data, write, run);
    case 64:
      return copy_run_of_width<8>(from.data, read, to.data, write, run);
    case 128:
      return copy_run_of_width<16>(from.data, read, to.data, write, run);
    default:
      for (int64_t i = 0; i < run.count; ++i)
        copy_elements(from, read + i * run.read_stride, to, write + i * run.write_stride, 1);
  }
}

}  // namespace

void copy_strided(const Shape& shape, const ConstTensorView& from, Walk read, const TensorView& to,
                  Walk write) {
  if (element_count(shape) == 0) return;
  Shape sizes = coalesce(shape, read, write);
  Run run;
  if (!sizes.empty()) {
    run = {sizes.back(), read.strides.back(), write.strides.back()};
    sizes.pop_back();
  }
  int64_t in = read.offset;
  int64_t out = write.offset;
  std::vector<int64_t> index(sizes.size(), 0);
  for (int64_t left = element_count(sizes); left > 0; --left) {
    copy_run(from, in, to, out, run);
    for (size_t d = sizes.size(); d-- > 0;) {
      in += read.strides[d];
      out += write.strides[d];
      if (++index[d] < sizes[d]) break;
      in -= read.strides[d] * sizes[d];
      out -= write.strides[d] * sizes[d];
      index[d] = 0;
    }
  }
}

void copy_strided(const ConstTensorView& from, Walk read, const TensorView& to) {
  copy_strided(to.shape, from, std::move(read), to, {0, row_major_strides(to.shape)});
}

void fill_elements(const TensorView& to, int64_t first, int64_t count, const ConstTensorView& from,
                   int64_t from_index) {
  copy_strided({count}, from, {from_index, {0}}, to, {first, {1}});
}

void fill_zero(const TensorView& to) {
  if (to.type == ElementType::string)
    std::fill_n(to.as<std::string>(), to.elements(), std::string());
  else if (to.bytes() > 0)
    std::memset(to.data, 0, to.bytes());
}

}  // namespace cermet
