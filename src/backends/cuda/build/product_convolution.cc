// Convolutions as products.
#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/product_bytes.h"
#include "backends/cuda/build/product_factors.h"
#include "ops/convolution/convolution.attrs.h"

namespace cermet::cuda {
namespace {

constexpr size_t most_spatial = 3;
constexpr int64_t fewest_channels_of_group = 8;  // input or output, where there are groups

ProductOrReason reject(std::string reason) { return {std::nullopt, std::move(reason)}; }

// The layouts are the same where there is one channel, or one position.
bool is_channels_last(const Operand& operand) {
  const Dims& dims = *operand.type.dims;
  if (operand.layout == Layout::channels_last(static_cast<int>(dims.size()))) return true;
  if (!operand.layout.is_row_major()) return false;
  bool one_position = true;
  for (size_t d = 2; d < dims.size(); ++d) one_position = one_position && dims[d].is_constant(1);
  return one_position || dims[1].is_constant(1);
}

std::optional<std::string> rejects_operands_of(const Problem& problem) {
  if (problem.op != "Conv" && !is_product_of_bytes(problem)) return problem.op + " is no Conv";
  const size_t rank = problem.inputs[0]->type.rank();
  if (rank < 3 || rank > 2 + most_spatial)
    return fmt::format("images of {} dimensions are not convolved", rank);
  if (!problem.inputs[1]->layout.is_row_major()) return "the weights are not row-major";
  if (!is_channels_last(*problem.outputs[0])) return "the result is not channels-last";
  if (!all_constant(
          {problem.inputs[1]->type.dims->begin() + 2, problem.inputs[1]->type.dims->end()}))
    return "the sizes of the window are not known";
  return std::nullopt;
}

ProductImage image_of(const KernelWriter& writer, const ConvolutionAttributes& attributes,
                      const Operand& operand) {
  const Dims x = writer.input_dims(0), w = writer.input_dims(1), y = writer.output_dims(0);
  const Dims strides = is_channels_last(operand)
                           ? strides_of(x, Layout::channels_last(static_cast<int>(x.size())))
                           : strides_of(x, operand.layout);
  ProductImage image;
  image.item_stride = strides[0];
  image.channel_stride = strides[1];
  image.channels = w[1];
  const size_t rank = x.size() - 2, lead = most_spatial - rank;
  for (size_t d = 0; d < rank; ++d) {
    image.kernel[lead + d] = w[2 + d].constant();
    image.steps[lead + d] = attributes.window.strides[d];
    image.gaps[lead + d] = attributes.window.dilations[d];
    image.sizes[lead + d] = x[2 + d];
    image.positions[lead + d] = y[2 + d];
    const Padding padding = attributes.padding(x[2 + d], d);
    image.padding[lead + d] = padding.begin;
    image.is_whole = image.is_whole && padding.begin.is_constant(0) && padding.end.is_constant(0);
    image.strides[lead + d] = strides[2 + d];
  }
  return image;
}

// As ProductImage tells of windows side by side. So whole lines of patches are copied at once.
void merge_lines(const TacticQuery& query, const KernelWriter& writer,
                 const ConvolutionAttributes& attributes, ProductImage& image) {
  const Dims x = writer.input_dims(0);
  const auto padding = attributes.padding(x.back(), x.size() - 3);
  const int64_t line = image.kernel[2];
  if (query.problem().op != "Conv" || attributes.group != 1 || query.constant(1) == nullptr ||
      line == 1 || image.steps[2] != line || image.gaps[2] != 1 || !padding.begin.is_constant(0) ||
      !padding.end.is_constant(0))
    return;
  if (image.channel_stride.is_constant(1)) {
    if (image.strides[2] != image.channels) return;
    image.channels = image.channels * line;
  } else {
    if (!image.strides[2].is_constant(1) || !image.channels.is_constant() || x.size() > 4) return;
    image.planes_are_taps = true;
    image.kernel[0] = image.channels.constant();
    image.sizes[0] = image.channels;
    image.strides[0] = image.channel_stride;
    image.channel_stride = 1;
    image.channels = line;
  }
  image.strides[2] = image.channels;
  image.sizes[2] = image.positions[2];
  image.kernel[2] = image.steps[2] = 1;
}

// A window of one element that goes over all elements: rows of the image are rows of the product.
bool is_dense(const ProductImage& image, const Problem& problem) {
  if (image.taps() != 1 || !is_channels_last(*problem.inputs[0])) return false;
  for (size_t d = 0; d < most_spatial; ++d)
    if (image.steps[d] != 1 || !image.padding[d].is_constant(0)) return false;
  const Dims &x = *problem.inputs[0]->type.dims, &y = *problem.outputs[0]->type.dims;
  return std::equal(x.begin() + 2, x.end(), y.begin() + 2);
}

Factor image_factor(const ProductImage& image, const Problem& problem, const Product& product,
                    int64_t groups, const Dims& x) {
  Factor factor;
  factor.input = 0;
  factor.rows = product.rows;
  factor.depth = image.channels * image.taps();
  factor.batch_sizes = {groups};
  factor.batch_strides = {image.channels * image.channel_stride};
  if (is_dense(image, problem)) {
    factor.row_stride = x[1];
    factor.depth_stride = 1;
  } else {
    factor.kind = Factor::Kind::image;
    factor.along_depth = image.channel_stride.is_constant(1);
  }
  return factor;
}

Factor weight_factor(const TacticQuery& query, const ProductImage& image, const Product& product,
                     int64_t groups) {
  const int64_t vector = 16 / (bit_width(query.problem().inputs[1]->type.element) / 8);
  Factor factor;
  factor.input = 1;
  factor.rows = product.columns;
  factor.depth = image.channels * image.taps();
  factor.depth_stride = 1;
  if (query.constant(1) != nullptr)
    factor.depth = ceil_div(factor.depth, Dim(vector)) * vector;
  else if (image.taps() > 1)
    factor.kind = Factor::Kind::taps;
  factor.row_stride = factor.depth;
  factor.batch_sizes = {groups};
  factor.batch_strides = {product.columns * factor.row_stride};
  return factor;
}

}  // namespace

ProductOrReason convolution_of(const TacticQuery& query, const KernelWriter& writer) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_operands_of(problem)) return reject(*reason);
  const Dims x = writer.input_dims(0), w = writer.input_dims(1), y = writer.output_dims(0);
  const auto attributes =
      ConvolutionAttributes::from(problem.attributes, Dims{w.begin() + 2, w.end()});
  const int64_t groups = attributes.group;
  Product product;
  if (groups > 1) {
    if (!w[0].is_constant() || !w[1].is_constant())
      return reject("the sizes of groups are unknown");
    const bool floats = problem.op == "Conv";  // others have no kernels for smaller ones
    if (floats && (w[1].constant() < fewest_channels_of_group ||
                   w[0].constant() / groups < fewest_channels_of_group))
      return reject(fmt::format("groups have less than {} channels", fewest_channels_of_group));
  }
  product.image = image_of(writer, attributes, *problem.inputs[0]);
  merge_lines(query, writer, attributes, *product.image);
  product.rows = y[0];
  product.row_dimensions = {0};
  for (size_t d = 2; d < y.size(); ++d) {
    product.rows = product.rows * y[d];
    product.row_dimensions.push_back(d);
  }
  product.columns = groups == 1 ? y[1] : Dim(w[0].constant() / groups);
  product.column_dimension = 1;
  product.row_stride = y[1];
  product.batch_stride = product.columns;
  product.batch = {groups};
  product.is_grouped = true;
  product.left = image_factor(*product.image, problem, product, groups, x);
  product.right = weight_factor(query, *product.image, product, groups);
  if (problem.op == "Conv" && has_own_input(problem, 2)) {
    product.addend = 2;
    product.addend_is_bias = true;
  }
  return {product, {}};
}

}  // namespace cermet::cuda
