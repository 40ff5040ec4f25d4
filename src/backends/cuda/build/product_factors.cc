#include "backends/cuda/build/product_factors.h"

#include <algorithm>
#include <cstring>

#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/product_bytes.h"

namespace cermet::cuda {
namespace {

constexpr int vector_bytes = 16;

int64_t elements_of_vector(ElementType type) { return vector_bytes / (bit_width(type) / 8); }

// Lines of `line` elements, each padded with zeros.
Tensor pad_lines(const Tensor& tensor, int64_t line) {
  const int64_t pitch = padded_size(line, tensor.type());
  const int64_t lines = line == 0 ? 0 : tensor.elements() / line;
  Tensor result(tensor.type(), {lines * pitch});
  const size_t unit = static_cast<size_t>(bit_width(tensor.type()) / 8);
  auto* to = static_cast<std::byte*>(result.view().data);
  std::memset(to, 0, result.bytes());
  const auto* from = static_cast<const std::byte*>(tensor.data());
  for (int64_t i = 0; i < lines; ++i)
    std::memcpy(to + static_cast<size_t>(i * pitch) * unit,
                from + static_cast<size_t>(i * line) * unit, static_cast<size_t>(line) * unit);
  return result;
}

// [filter][channel][tap] as padded lines of [filter][tap][channel].
Tensor pack_taps(const Tensor& weights) {
  const Shape& shape = weights.shape();
  const int64_t filters = shape[0], channels = shape[1];
  const int64_t taps = element_count(Shape(shape.begin() + 2, shape.end()));
  Tensor turned(weights.type(), {filters * channels * taps});
  const size_t unit = static_cast<size_t>(bit_width(weights.type()) / 8);
  auto* to = static_cast<std::byte*>(turned.view().data);
  const auto* from = static_cast<const std::byte*>(weights.data());
  for (int64_t f = 0; f < filters; ++f)
    for (int64_t t = 0; t < taps; ++t)
      for (int64_t c = 0; c < channels; ++c, to += unit)
        std::memcpy(to, from + static_cast<size_t>((f * channels + c) * taps + t) * unit, unit);
  return pad_lines(turned, channels * taps);
}

}  // namespace

Tensor lines_of_columns(const Tensor& matrices) {
  const Shape& shape = matrices.shape();
  const int64_t columns = shape.back(), depth = shape[shape.size() - 2];
  const int64_t line = padded_size(depth, matrices.type());
  const int64_t count = columns * depth == 0 ? 0 : matrices.elements() / (columns * depth);
  Tensor turned(matrices.type(), {count * columns * line});
  const size_t unit = static_cast<size_t>(bit_width(matrices.type()) / 8);
  auto* to = static_cast<std::byte*>(turned.view().data);
  std::memset(to, 0, turned.bytes());
  const auto* data = static_cast<const std::byte*>(matrices.data());
  for (int64_t m = 0; m < count; ++m)
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t n = 0; n < columns; ++n, data += unit)
        std::memcpy(to + static_cast<size_t>((m * columns + n) * line + k) * unit, data, unit);
  return turned;
}

Tensor lines_of_taps(const Tensor& weights) { return pack_taps(weights); }

bool is_multiple(const Dim& dim, int64_t of) {
  if (dim.is_constant()) return dim.constant() % of == 0;
  return exact_div(dim, Dim(of)).has_value();
}

int64_t padded_size(int64_t size, ElementType type) {
  const int64_t unit = elements_of_vector(type);
  return (size + unit - 1) / unit * unit;
}

bool has_own_input(const Problem& problem, size_t i) {
  const size_t count = problem.has_epilogue() ? problem.epilogue_first : problem.inputs.size();
  return i < count && problem.inputs[i].has_value();
}

void pad_constant(const TacticQuery& query, Factor& factor) {
  const Problem& problem = query.problem();
  const Operand& operand = *problem.inputs[factor.input];
  if (query.constant(factor.input) == nullptr || !operand.layout.is_row_major()) return;
  const int64_t line = operand.type.dims->back().constant();
  const int64_t pitch = padded_size(line, operand.type.element);
  // Strides of 1 don't tell, as those of a dimension of size 1 may be the same.
  const bool is_turned = problem.op == "Gemm" && problem.attributes.integer("transB", 0) != 0;
  const bool is_along_depth = operand.type.rank() == 1 || is_turned;
  if (pitch == line || line == 0) return;
  (is_along_depth ? factor.depth : factor.rows) = pitch;
  Dim& stride = is_along_depth ? factor.row_stride : factor.depth_stride;
  if (operand.type.rank() > 1) stride = pitch;
  for (Dim& batch : factor.batch_strides) batch = exact_div(batch, Dim(line)).value() * pitch;
}

void choose_pack(ElementType type, const std::optional<ProductImage>& image, Factor& factor) {
  const bool is_image = factor.kind == Factor::Kind::image;
  const auto fits = [&](int64_t pack) {
    for (size_t d = 0; d < factor.batch_strides.size(); ++d)
      if (!factor.batch_sizes[d].is_constant(1) && !is_multiple(factor.batch_strides[d], pack))
        return false;
    if (is_image)
      return is_multiple(image->channels, pack) && is_multiple(image->item_stride, pack) &&
             std::all_of(image->strides.begin(), image->strides.end(),
                         [&](const Dim& stride) { return is_multiple(stride, pack); });
    if (factor.along_depth)
      return is_multiple(factor.depth, pack) &&
             (is_multiple(factor.row_stride, pack) || factor.rows.is_constant(1));
    return is_multiple(factor.rows, pack) &&
           (is_multiple(factor.depth_stride, pack) || factor.depth.is_constant(1));
  };
  if (factor.kind == Factor::Kind::dense) factor.along_depth = factor.depth_stride.is_constant(1);
  const bool gathers = factor.kind == Factor::Kind::taps ||
                       (is_image && !image->channel_stride.is_constant(1)) ||
                       (factor.kind == Factor::Kind::dense && !factor.along_depth &&
                        !factor.row_stride.is_constant(1));
  factor.pack = static_cast<int>(elements_of_vector(type));
  while (factor.pack > 1 && (gathers || !fits(factor.pack))) factor.pack /= 2;
  if (factor.pack * bit_width(type) < 32) factor.pack = 1;  // the least that is copied at once
  // Images are gathered by positions where elements are loaded one by one.
  if (gathers || (is_image && factor.pack == 1)) factor.along_depth = false;
}

std::optional<PackedConstant> pack_right(const TacticQuery& query) {
  const Tensor* constant = query.constant(1);
  if (constant == nullptr) return std::nullopt;
  const Problem& problem = query.problem();
  if (is_product_of_bytes(problem)) return pack_right_bytes(query);
  const Shape& shape = constant->shape();
  if (problem.kind == ProblemKind::convolution) {
    const ProductOrReason found = product_of(query);
    if (found.product && found.product->image->planes_are_taps) {
      const int64_t line = element_count(Shape(shape.begin() + 1, shape.end()));
      if (padded_size(line, constant->type()) == line) return std::nullopt;
      return PackedConstant{1, pad_lines(*constant, line), "lines of whole vectors"};
    }
    const bool one_tap = element_count(Shape(shape.begin() + 2, shape.end())) == 1;
    if (one_tap && padded_size(shape[1], constant->type()) == shape[1]) return std::nullopt;
    return PackedConstant{1, pack_taps(*constant), "taps and channels in lines of whole vectors"};
  }
  if (!problem.inputs[1]->layout.is_row_major() || constant->elements() == 0 ||
      padded_size(shape.back(), constant->type()) == shape.back())
    return std::nullopt;
  return PackedConstant{1, pad_lines(*constant, shape.back()), "lines of whole vectors"};
}

}  // namespace cermet::cuda
