// Col2Im: adds columns of blocks up in the image that they were taken from.
#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.ref.h"
#include "ops/convolution/window_taps.ref.h"

namespace cermet {
namespace {

template <class T>
void add_blocks(const ConstTensorView& input, const TensorView& output,
                const WindowGeometry& window) {
  const std::vector<T> x = load_all<T>(input);
  std::vector<T> y(static_cast<size_t>(output.elements()), T());
  const int64_t image = element_count(window.image);
  const int64_t positions = element_count(window.positions);
  const int64_t taps = window.taps();
  const int64_t planes = output.shape[0] * output.shape[1];
  for_each_run(window, 64, [&](int64_t first, int64_t count, const auto& offsets) {
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t tap = 0; tap < taps; ++tap) {
        const T* row = x.data() + (plane * taps + tap) * positions + first;
        for (int64_t i = 0; i < count; ++i)
          if (offsets[tap * count + i] >= 0) y[plane * image + offsets[tap * count + i]] += row[i];
      }
  });
  store_all(output, y);
}

}  // namespace

void infer_col2im(InferContext& context) {
  const ElementType element = context.element(0);
  const auto image = context.contents(1);
  const auto block = context.contents(2);
  if (context.has_rank(0))
    context.require(context.rank(0) == 3, "expected 3 dimensions, got {}",
                    context.input(0).to_string());
  std::optional<size_t> rank;
  if (image) rank = image->size();
  if (block) {
    context.require(!rank || *rank == block->size(), "block_shape: expected {} sizes, got {}",
                    rank.value_or(0), block->size());
    rank = block->size();
  }
  for (const size_t i : {size_t{1}, size_t{2}})
    if (!rank && context.has_rank(i) && context.rank(i) == 1 && context.dims(i)[0].is_constant())
      rank = static_cast<size_t>(context.dims(i)[0].constant());
  if (!rank) return context.set_output_rank_unknown(0, element);
  Dims dims{context.has_rank(0) ? context.dims(0)[0] : context.new_dim()};
  std::optional<Dim> channels;
  if (block && context.has_rank(0)) channels = exact_div(context.dims(0)[1], product(*block));
  if (block && context.has_rank(0) && all_constant(*block) && context.dims(0)[1].is_constant())
    context.require(channels.has_value(),
                    "expected a multiple of {} elements of a block as second size, got {}",
                    product(*block).to_string(), context.input(0).to_string());
  dims.push_back(channels ? *channels : context.new_dim("channels"));
  for (size_t d = 0; d < *rank; ++d) dims.push_back(image ? (*image)[d] : context.new_dim("d"));
  context.set_output(0, element, std::move(dims));
}

void evaluate_col2im(EvalContext& context) {
  const TensorView output = context.output(0);
  const ConstTensorView& input = context.input(0);
  const Shape image = spatial(output.shape);
  const Window window = Window::from(context.attributes(), to_dims(context.integers(2)));
  Shape positions;
  for (size_t d = 0; d < image.size(); ++d)
    positions.push_back(window.positions(image[d], d).constant());
  context.require(element_count(positions) == input.shape[2],
                  "expected {} blocks for an image of {}, got {}", element_count(positions),
                  to_string(image), to_string(input.shape));
  const WindowGeometry geometry = WindowGeometry::of(window, image, positions);
  dispatch_wide(input.type, [&]<class T>() { add_blocks<T>(input, output, geometry); });
}

}  // namespace cermet
