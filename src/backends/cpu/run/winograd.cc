// Winograd convolution of channels-last images, window 3x3, stride 1: m x m results from
// (m + 2) x (m + 2) products instead of 9 m m. Both images are channels-last; any padding. Products
// accumulate in float32; the transforms cost some accuracy: errors of about 3e-7 (m = 2) or 2e-6
// (m = 4) of the largest result with 128 channels.
#include "backends/cpu/run/convolution_operands.h"
#include "backends/cpu/run/epilogue_loop.h"
#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/winograd_functions.h"
#include "backends/cpu/run/winograd_weights.h"
#include "backends/cpu/run/work_split.h"

namespace cermet::cpu {
namespace {

constexpr int64_t patches_bytes = 640 << 10;  // of transformed patches that share a cache
constexpr int64_t most_tile = 4, most_patch = 6;

struct WinogradShape {
  int64_t batch = 1, inputs = 0, outputs = 0;
  int64_t height = 0, width = 0, out_height = 0, out_width = 0;
  int64_t top = 0, left = 0;  // padding

  int64_t down(int64_t tile) const { return pieces(out_height, tile); }
  int64_t across(int64_t tile) const { return pieces(out_width, tile); }
};

// Tiles are counted across, then down, then by image. They are worked on in blocks; threads take
// blocks, or, where the weights are large beside the image, panels of the results of one block.
class BoundWinograd : public BoundKernel {
 public:
  BoundWinograd(const WinogradShape& shape, const WinogradForm& form, const float* weights,
                const WinogradFunctions& functions, const ConvolutionFinish& finish,
                EpilogueLoop epilogue, int threads)
      : s_(shape),
        form_(form),
        weights_(weights),
        f_(functions),
        finish_(finish),
        epilogue_(std::move(epilogue)),
        threads_(threads),
        tiles_(shape.batch * shape.down(form.tile) * shape.across(form.tile)),
        zeros_(ElementType::float32, {shape.inputs}) {
    const int64_t most = std::max<int64_t>(1, patches_bytes / (form.places() * shape.inputs * 4));
    int64_t blocks = std::max<int64_t>(1, pieces(tiles_, most));
    const bool large_weights = form.elements() * 4 > patches_bytes;
    by_panel_ = threads > 1 && blocks < threads && large_weights && form.panels() >= threads;
    if (!by_panel_ && blocks < 8 * threads) blocks = pieces(blocks, threads) * threads;
    block_ = std::max<int64_t>(1, pieces(tiles_, blocks));
    const int64_t groups = pieces(block_, f_.rows);
    rows_ = pieces(block_, groups);
  }

  size_t workspace_bytes() const override {
    const size_t own = results_bytes() + epilogue_.scratch_bytes();
    return by_panel_ ? patch_bytes() + threads_ * own : threads_ * (patch_bytes() + own);
  }

  void run(const Call& call) override {
    epilogue_.begin(call);
    if (by_panel_)
      run_by_panel(call);
    else
      run_by_block(call);
  }

 private:
  size_t patch_bytes() const {
    return rounded_to_line(static_cast<size_t>(form_.places() * s_.inputs * block_) * 4);
  }
  size_t results_bytes() const {
    return rounded_to_line(static_cast<size_t>(form_.places() * form_.columns * block_) * 4);
  }

  void run_by_block(const Call& call) {
    std::atomic<size_t> next = 0;
    call.team->parallel_for(pieces(tiles_, block_), 1, [&](int64_t begin, int64_t end) {
      std::byte* scratch = static_cast<std::byte*>(call.workspace) +
                           next++ * (patch_bytes() + results_bytes() + epilogue_.scratch_bytes());
      auto* patches = reinterpret_cast<float*>(scratch);
      auto* results = reinterpret_cast<float*>(scratch + patch_bytes());
      for (int64_t block = begin; block < end; ++block) {
        const int64_t first = block * block_, last = std::min(tiles_, first + block_);
        transform_patches(call, first, first, last, patches);
        for (int64_t panel = 0; panel < form_.panels(); ++panel)
          compute_panel(call, first, last, panel, patches, results);
        finish_tiles(scratch + patch_bytes() + results_bytes(), first, last);
      }
    });
  }

  void run_by_panel(const Call& call) {
    auto* patches = static_cast<float*>(call.workspace);
    std::byte* scratches = static_cast<std::byte*>(call.workspace) + patch_bytes();
    const size_t scratch_bytes = results_bytes() + epilogue_.scratch_bytes();
    for (int64_t first = 0; first < tiles_; first += block_) {
      const int64_t last = std::min(tiles_, first + block_);
      call.team->parallel_for(last - first, 1, [&](int64_t begin, int64_t end) {
        transform_patches(call, first, first + begin, first + end, patches);
      });
      std::atomic<size_t> next = 0;
      call.team->parallel_for(form_.panels(), 1, [&](int64_t begin, int64_t end) {
        auto* results = reinterpret_cast<float*>(scratches + next++ * scratch_bytes);
        for (int64_t panel = begin; panel < end; ++panel)
          compute_panel(call, first, last, panel, patches, results);
      });
    }
    if (epilogue_.empty()) return;
    std::atomic<size_t> next = 0;
    const int64_t row = s_.out_width * s_.outputs;
    call.team->parallel_for(s_.batch * s_.out_height, 1, [&](int64_t begin, int64_t end) {
      epilogue_.apply(scratches + next++ * scratch_bytes + results_bytes(), begin * row, end * row);
    });
  }

  struct Corner {
    int64_t image, row, column;  // of a tile's first result
  };
  Corner corner(int64_t tile) const {
    const int64_t across = s_.across(form_.tile), down = s_.down(form_.tile);
    return {tile / across / down, tile / across % down * form_.tile, tile % across * form_.tile};
  }

  // patches[place][block of channels][tile - first][channel]
  void transform_patches(const Call& call, int64_t first, int64_t begin, int64_t end,
                         float* patches) const {
    const auto* x = static_cast<const float*>(call.inputs[0]);
    const int64_t n = form_.tile + 2;
    const float* pixels[most_patch * most_patch];
    WinogradInput input;
    input.pixels = pixels;
    input.blocks = s_.inputs / winograd_block;
    input.v_block = block_ * winograd_block;
    input.v_place = block_ * s_.inputs;
    for (int64_t tile = begin; tile < end; ++tile) {
      const Corner at = corner(tile);
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j) {
          const int64_t h = at.row + i - s_.top, w = at.column + j - s_.left;
          const bool inside = h >= 0 && h < s_.height && w >= 0 && w < s_.width;
          pixels[i * n + j] = inside ? x + ((at.image * s_.height + h) * s_.width + w) * s_.inputs
                                     : zeros_.as<float>();
        }
      input.v = patches + (tile - first) * winograd_block;
      (form_.tile == 2 ? f_.input2 : f_.input4)(input);
    }
  }

  void compute_panel(const Call& call, int64_t first, int64_t last, int64_t panel,
                     const float* patches, float* results) const {
    WinogradProduct product;
    product.blocks = s_.inputs / winograd_block;
    product.v_block = block_ * winograd_block;
    for (int64_t place = 0; place < form_.places(); ++place) {
      product.u = weights_ + (panel * form_.places() + place) * s_.inputs * form_.columns;
      for (int64_t tile = 0; tile < last - first; tile += rows_) {
        product.v = patches + place * block_ * s_.inputs + tile * winograd_block;
        product.m = results + (place * block_ + tile) * form_.columns;
        product.ahead = panel_ahead(s_.inputs * form_.columns, form_.columns, tile / rows_);
        f_.product[std::min(rows_, last - first - tile)](product);
      }
    }
    const int64_t column = panel * form_.columns;
    WinogradOutput output;
    output.m_place = block_ * form_.columns;
    output.width = std::min(form_.columns, s_.outputs - column);
    output.bias = finish_.bias(call, column);
    output.bounds = finish_.sum.bounds;
    float* pixels[most_tile * most_tile];
    const float* added[most_tile * most_tile];
    output.pixels = pixels;
    output.added = finish_.sum.added ? added : nullptr;
    for (int64_t tile = first; tile < last; ++tile) {
      const Corner at = corner(tile);
      for (int64_t i = 0; i < form_.tile; ++i)
        for (int64_t j = 0; j < form_.tile; ++j) {
          const int64_t h = at.row + i, w = at.column + j;
          const bool wanted = h < s_.out_height && w < s_.out_width;
          const int64_t element = wanted ? offset(at.image, h, w) + column : 0;
          pixels[i * form_.tile + j] =
              wanted ? static_cast<float*>(call.outputs[0]) + element : nullptr;
          added[i * form_.tile + j] = finish_.added(call, element);
        }
      output.m = results + (tile - first) * form_.columns;
      (form_.tile == 2 ? f_.output2 : f_.output4)(output);
    }
  }

  int64_t offset(int64_t image, int64_t h, int64_t w) const {
    return ((image * s_.out_height + h) * s_.out_width + w) * s_.outputs;
  }

  // The epilogue over the rows of neighbouring tiles.
  void finish_tiles(std::byte* scratch, int64_t first, int64_t last) {
    if (epilogue_.empty()) return;
    const int64_t across = s_.across(form_.tile);
    for (int64_t tile = first; tile < last;) {
      const int64_t next = std::min(last, (tile / across + 1) * across);
      const Corner at = corner(tile);
      const int64_t end = std::min(s_.out_width, at.column + (next - tile) * form_.tile);
      for (int64_t i = 0; i < form_.tile && at.row + i < s_.out_height; ++i)
        epilogue_.apply(scratch, offset(at.image, at.row + i, at.column),
                        offset(at.image, at.row + i, end));
      tile = next;
    }
  }

  WinogradShape s_;
  WinogradForm form_;
  const float* weights_;
  const WinogradFunctions& f_;
  const ConvolutionFinish& finish_;
  EpilogueLoop epilogue_;
  size_t threads_;
  int64_t tiles_;
  Tensor zeros_;
  bool by_panel_ = false;
  int64_t block_ = 1;  // tiles
  int64_t rows_ = 1;   // of a product
};

class Winograd : public Kernel {
 public:
  Winograd(const KernelContext& context, InstructionSet set)
      : problem_(context.step->problem), f_(winograd_functions(set)), finish_(problem_, set) {
    const Shape shape = constants(problem_.inputs[1]->type.dims.value());
    const std::string& configuration = context.step->choice.configuration;
    require(configuration == "2" || configuration == "4", ErrorCode::invalid_engine,
            "cpu.winograd: expected the configuration 2 or 4, got '{}'", configuration);
    const int64_t tile = configuration == "2" ? 2 : 4;
    form_ = {tile, f_.columns, shape.at(0), shape.at(1)};
    weights_ =
        read_weights(convolution_weights(context), context.form(1), form_, transform_weights);
    attributes_ = ConvolutionAttributes::from(problem_.attributes, Dims{3, 3});
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const Shape& x = *context.inputs[0];
    const Shape& y = *context.outputs[0];
    WinogradShape shape{x[0], x[1], y[1], x[2], x[3], y[2], y[3], 0, 0};
    shape.top = attributes_.padding(x[2], 0).begin.constant();
    shape.left = attributes_.padding(x[3], 1).begin.constant();
    return std::make_unique<BoundWinograd>(shape, form_, weights_.as<float>(), f_, finish_,
                                           EpilogueLoop(finish_.epilogue, problem_, context),
                                           context.threads);
  }

 private:
  const Problem& problem_;
  const WinogradFunctions& f_;
  ConvolutionFinish finish_;
  WinogradForm form_;
  ConvolutionAttributes attributes_;
  Tensor weights_;
};

}  // namespace

std::unique_ptr<Kernel> make_winograd_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Winograd>(context, set);
}

}  // namespace cermet::cpu
