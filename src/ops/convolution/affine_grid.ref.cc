// AffineGrid: the places of an image's elements under an affine map, normalised to [-1, 1].
#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.ref.h"

namespace cermet {

void infer_affine_grid(InferContext& context) {
  const ElementType element = context.element(0);
  const auto size = context.contents(1);
  std::optional<int64_t> spatial_rank;
  if (size) {
    context.require(size->size() == 4 || size->size() == 5, "size: expected 4 or 5 sizes, got {}",
                    size->size());
    spatial_rank = static_cast<int64_t>(size->size()) - 2;
  }
  Dim batch;
  if (context.has_rank(0)) {
    const Dims& theta = context.dims(0);
    context.require(theta.size() == 3, "theta: expected 3 dimensions, got {}",
                    context.input(0).to_string());
    if (!spatial_rank && theta[1].is_constant()) spatial_rank = theta[1].constant();
    if (spatial_rank)
      context.require(may_equal(theta[1], *spatial_rank) &&
                          may_equal(theta[2], *spatial_rank + 1) &&
                          (*spatial_rank == 2 || *spatial_rank == 3),
                      "theta: expected matrices of 2x3 or 3x4 that fit the size, got {}",
                      context.input(0).to_string());
    if (size)
      context.require(may_equal(theta[0], (*size)[0]), "theta: expected a batch of {}, got {}",
                      (*size)[0].to_string(), context.input(0).to_string());
    batch = theta[0];
  } else {
    batch = size ? (*size)[0] : context.new_dim();
  }
  if (!spatial_rank) return context.set_output_rank_unknown(0, element);
  Dims dims{batch};
  for (int64_t d = 0; d < *spatial_rank; ++d)
    dims.push_back(size ? (*size)[d + 2] : context.new_dim("d"));
  dims.emplace_back(*spatial_rank);
  context.set_output(0, element, std::move(dims));
}

void evaluate_affine_grid(EvalContext& context) {
  const bool align_corners = context.attributes().integer("align_corners", 0) != 0;
  const TensorView output = context.output(0);
  const std::vector<double> theta = load_all<double>(context.input(0));
  const auto rank = static_cast<size_t>(output.shape.back());
  const Shape places(output.shape.begin(), output.shape.end() - 1);
  std::vector<double> y(static_cast<size_t>(output.elements()));
  const auto place = [&](int64_t i, int64_t size) {
    const auto x = static_cast<double>(i);
    const auto n = static_cast<double>(size);
    if (align_corners) return size > 1 ? 2 * x / (n - 1) - 1 : -1.0;
    return (2 * x + 1) / n - 1;
  };
  for_each_index(places, [&](const std::vector<int64_t>& at, int64_t i) {
    const double* matrix = theta.data() + at[0] * static_cast<int64_t>(rank * (rank + 1));
    for (size_t row = 0; row < rank; ++row, matrix += rank + 1) {
      double sum = matrix[rank];
      // The innermost dimension is the first coordinate.
      for (size_t d = 0; d < rank; ++d) sum += matrix[d] * place(at[rank - d], places[rank - d]);
      y[i * static_cast<int64_t>(rank) + static_cast<int64_t>(row)] = sum;
    }
  });
  store_all(output, y);
}

}  // namespace cermet
