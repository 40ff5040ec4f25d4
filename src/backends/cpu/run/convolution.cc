// Direct convolution of channels-last images: y[n, p, o] = bias[o] + sum over taps t and channels i
// of x[n, p * stride + t * dilation - pad, i] * w[o, t, i], by group; any window of one to three
// dimensions. Products accumulate in float32. Elements of x are read where they lie; outside of the
// image lie zeros.
#include "backends/cpu/run/convolution_functions.h"
#include "backends/cpu/run/convolution_operands.h"
#include "backends/cpu/run/convolution_places.h"
#include "backends/cpu/run/convolution_weights.h"
#include "backends/cpu/run/epilogue_loop.h"
#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/work_split.h"

namespace cermet::cpu {
namespace {

constexpr int64_t panels_bytes = 256 << 10;  // of weights that are used again from a cache
constexpr int64_t rows_bytes = 192 << 10;    // of what one task reads and finishes
// Elements of the window that tiles sum up at once, so that a panel's weights stay in the
// first-level cache from tile to tile; a few more are no reason to go over the results twice.
constexpr int64_t most_depth = 320, block_depth = 256;

// A task is a block of rows with a part of the panels of a group.
class BoundConvolution : public BoundKernel {
 public:
  BoundConvolution(const ConvolutionShape& shape, const ConvolutionForm& form, const float* weights,
                   const ConvolutionFunctions& functions, const ConvolutionFinish& finish,
                   EpilogueLoop epilogue, int threads)
      : s_(shape),
        form_(form),
        weights_(weights),
        f_(functions),
        finish_(finish),
        epilogue_(std::move(epilogue)),
        threads_(threads),
        places_(shape, form) {
    split_depth();
    const int64_t elements = form.inputs * (form.taps > 1 ? 2 : 1);
    const int64_t row_bytes = 4 * (elements + (epilogue_.empty() ? 0 : form.outputs));
    const int64_t tiles = std::max<int64_t>(1, rows_bytes / row_bytes / f_.rows);
    block_ = std::clamp<int64_t>(rows_together(), 1, tiles * f_.rows);
    panels_ = form_.panels();
    const int64_t most = std::max<int64_t>(1, panels_bytes / (4 * form_.panel_elements()));
    if (row_blocks() > 1) panels_ = std::min(panels_, most);
    if (threads > 1) share_out(threads);
  }

  size_t workspace_bytes() const override { return threads_ * scratch_bytes(); }

  void run(const Call& call) override {
    if (s_.rows() == 0) return;
    epilogue_.begin(call);
    std::atomic<size_t> next = 0;
    call.team->parallel_for(tasks(), grain(), [&](int64_t begin, int64_t end) {
      std::byte* scratch = static_cast<std::byte*>(call.workspace) + next++ * scratch_bytes();
      for (int64_t task = begin; task < end; ++task) run_task(call, task, scratch);
    });
  }

 private:
  void split_depth() {
    depth_ = form_.inputs;
    taps_ = form_.taps;
    const int64_t whole = form_.taps * form_.inputs;
    if (whole <= most_depth) return;
    if (form_.inputs > most_depth) {
      taps_ = 1;
      depth_ = pieces(form_.inputs, pieces(form_.inputs, block_depth));
      return;
    }
    // Taps in one piece stay together.
    const int64_t run = places_.longest_run();
    const int64_t runs = form_.taps / run;
    taps_ = run * pieces(runs, std::min(runs, pieces(whole, block_depth)));
  }

  // Smaller tasks where there would be too few for the threads: what is less is read more often.
  void share_out(int64_t threads) {
    const bool many_weights = form_.elements() > s_.rows() * s_.inputs;
    if (many_weights)
      while (tasks() < 2 * threads && panels_ > 1) panels_ = (panels_ + 1) / 2;
    while (tasks() < (many_weights ? 2 : 4) * threads && block_ > 2 * f_.rows)
      block_ = pieces(block_ / 2, f_.rows) * f_.rows;
    while (tasks() < 2 * threads && panels_ > 1) panels_ = (panels_ + 1) / 2;
  }

  // Rows that a block may be of: all, or those of an image.
  int64_t rows_together() const {
    return places_.copies_lines() ? std::max<int64_t>(1, s_.image()) : s_.rows();
  }
  int64_t blocks_together() const { return pieces(rows_together(), block_); }
  int64_t row_blocks() const { return s_.rows() / rows_together() * blocks_together(); }
  int64_t parts() const { return form_.groups * pieces(form_.panels(), panels_); }
  int64_t tasks() const { return row_blocks() * parts(); }
  int64_t grain() const {
    const int64_t work = block_ * panels_ * form_.panel_elements();
    return 8 * elements_worth_a_thread / std::max<int64_t>(1, work);
  }

  // Rows whose distance is a multiple of half a page share few sets of the first-level cache.
  bool rows_collide() const { return form_.taps == 1 && s_.inputs * 4 % 2048 == 0; }
  size_t copies_bytes() const {
    if (!rows_collide()) return places_.lines_bytes(block_);
    return rounded_to_line(static_cast<size_t>(block_ * copy_row()) * 4);
  }
  int64_t copy_row() const { return form_.inputs + 16; }

  // Places of a block's tiles, the tiles, copied lines or rows, then the epilogue's.
  size_t places_bytes() const {
    return rounded_to_line(static_cast<size_t>(pieces(block_, f_.rows) * f_.rows * form_.taps) *
                           sizeof(const float*));
  }
  size_t tiles_bytes() const {
    return rounded_to_line(static_cast<size_t>(pieces(block_, f_.rows) + 1) * sizeof(TilePlaces));
  }
  size_t scratch_bytes() const {
    return places_bytes() + tiles_bytes() + copies_bytes() + epilogue_.scratch_bytes();
  }

  // Neighbouring tasks share weights where those are large, and places where they are not.
  void run_task(const Call& call, int64_t task, std::byte* scratch) {
    const int64_t part = task / row_blocks(), block = task % row_blocks();
    const int64_t group_parts = parts() / form_.groups;
    const int64_t group = part / group_parts, first = part % group_parts * panels_;
    const int64_t last = std::min(form_.panels(), first + panels_);
    const int64_t start = block / blocks_together() * rows_together();
    const int64_t begin = start + block % blocks_together() * block_;
    const int64_t end = std::min(start + rows_together(), begin + block_);
    auto** places = reinterpret_cast<const float**>(scratch);
    auto* tiles = reinterpret_cast<TilePlaces*>(scratch + places_bytes());
    const auto each_tile = [&](auto&& work) {
      for (int64_t row = begin, number = 0; row < end; ++number) {
        const int64_t rows = tile_height(end - row, f_.rows);
        work(row, rows, number);
        row += rows;
      }
    };
    auto* copies = reinterpret_cast<float*>(scratch + places_bytes() + tiles_bytes());
    ConvolutionPlaces::Walk walk(places_,
                                 static_cast<const float*>(call.inputs[0]) + group * form_.inputs,
                                 begin, end, copies);
    each_tile([&](int64_t row, int64_t rows, int64_t number) {
      tiles[number] = walk.next(rows, places + (row - begin) * form_.taps);
    });
    if (rows_collide())
      each_tile([&](int64_t row, int64_t rows, int64_t number) {
        copy_rows(rows, tiles[number], copies + (row - begin) * copy_row());
      });
    for (int64_t panel = first; panel < last; ++panel) {
      const ConvolutionTile tile = panel_tile(call, group, panel);
      each_part([&](const Part& elements) {
        each_tile([&](int64_t row, int64_t rows, int64_t number) {
          compute_tile(tile, elements, row, rows, tiles[number], number);
        });
      });
    }
    if (!epilogue_.empty())
      finish(scratch + places_bytes() + tiles_bytes() + copies_bytes(), group, first, last, begin,
             end);
  }

  void copy_rows(int64_t rows, TilePlaces& tile, float* copies) const {
    for (int64_t r = 0; r < rows; ++r) {
      const float* from = tile.step != 0 ? *tile.places + r * tile.step : tile.places[r];
      std::copy_n(from, form_.inputs, copies + r * copy_row());
    }
    *tile.places = copies;
    tile.step = copy_row();
  }

  // What the tiles of a panel have in common.
  ConvolutionTile panel_tile(const Call& call, int64_t group, int64_t panel) const {
    const int64_t column = group * form_.outputs + panel * form_.columns;
    ConvolutionTile tile;
    tile.w = weights_ + (group * form_.panels() + panel) * form_.panel_elements();
    tile.bias = finish_.bias(call, column);
    tile.added = finish_.added(call, column);
    tile.bounds = finish_.sum.bounds;
    tile.y = static_cast<float*>(call.outputs[0]) + column;
    tile.y_row = s_.outputs;
    tile.width = std::min(form_.columns, form_.outputs - panel * form_.columns);
    return tile;
  }

  // Elements of the window that are summed up at once: of some taps all, or of one some.
  struct Part {
    int64_t tap = 0, taps = 0, first = 0, depth = 0;
  };
  template <class Work>
  void each_part(Work&& work) const {
    for (int64_t tap = 0; tap < form_.taps; tap += taps_)
      for (int64_t first = 0; first < form_.inputs; first += depth_)
        work(Part{tap, std::min(taps_, form_.taps - tap), first,
                  std::min(depth_, form_.inputs - first)});
  }

  // Sums of the parts before are in the result. The tile is number `number` of those with this
  // panel.
  void compute_tile(ConvolutionTile tile, const Part& part, int64_t row, int64_t rows,
                    const TilePlaces& places, int64_t number) const {
    tile.places = places.places + part.tap / places.taps * (places.step != 0 ? 1 : rows);
    tile.row_step = places.step;
    tile.taps = part.taps / places.taps;
    tile.depth = part.depth * places.taps;
    tile.first = part.first;
    tile.w += (part.tap * form_.inputs + part.first) * form_.columns;
    tile.ahead = panel_ahead(part.taps * part.depth * form_.columns, form_.columns, number);
    tile.y += row * s_.outputs;
    if (tile.added != nullptr) tile.added += row * s_.outputs;
    if (part.tap + part.first > 0) {
      tile.bias = nullptr;
      tile.added = tile.y;
    }
    const bool last = part.tap + part.taps == form_.taps && part.first + part.depth == form_.inputs;
    if (!last) tile.bounds = {};
    f_.tile[rows](tile);
  }

  void finish(std::byte* scratch, int64_t group, int64_t first, int64_t last, int64_t begin,
              int64_t end) {
    const int64_t column = group * form_.outputs + first * form_.columns;
    const int64_t stop = group * form_.outputs + std::min(form_.outputs, last * form_.columns);
    if (stop - column == s_.outputs) {
      epilogue_.apply(scratch, begin * s_.outputs, end * s_.outputs);
      return;
    }
    for (int64_t row = begin; row < end; ++row)
      epilogue_.apply(scratch, row * s_.outputs + column, row * s_.outputs + stop);
  }

  ConvolutionShape s_;
  ConvolutionForm form_;
  const float* weights_;
  const ConvolutionFunctions& f_;
  const ConvolutionFinish& finish_;
  EpilogueLoop epilogue_;
  size_t threads_;
  ConvolutionPlaces places_;
  int64_t taps_ = 1, depth_ = 0;  // of a part
  int64_t block_ = 1;             // rows of a task
  int64_t panels_ = 1;            // of a task
};

class Convolution : public Kernel {
 public:
  Convolution(const KernelContext& context, InstructionSet set)
      : problem_(context.step->problem), f_(convolution_functions(set)), finish_(problem_, set) {
    const Shape shape = constants(problem_.inputs[1]->type.dims.value());
    const Shape kernel(shape.begin() + 2, shape.end());
    attributes_ = ConvolutionAttributes::from(problem_.attributes, to_dims(kernel));
    form_ = {f_.columns, attributes_.group, shape.at(0) / attributes_.group, shape.at(1),
             element_count(kernel)};
    weights_ = read_weights(convolution_weights(context), context.form(1), form_, pack_panels);
  }

  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    const Shape& x = *context.inputs[0];
    const Shape& y = *context.outputs[0];
    ConvolutionShape shape{x[0], x[1], y[1], {}};
    const size_t spatial = attributes_.window.rank();
    for (size_t d = 0; d < spatial; ++d)
      shape.axes[3 - spatial + d] = window_axis(attributes_.window, x, y, d);
    return std::make_unique<BoundConvolution>(shape, form_, weights_.as<float>(), f_, finish_,
                                              EpilogueLoop(finish_.epilogue, problem_, context),
                                              context.threads);
  }

 private:
  const Problem& problem_;
  const ConvolutionFunctions& f_;
  ConvolutionFinish finish_;
  ConvolutionAttributes attributes_;
  ConvolutionForm form_;
  Tensor weights_;
};

}  // namespace

std::unique_ptr<Kernel> make_convolution_kernel(const KernelContext& context, InstructionSet set) {
  return std::make_unique<Convolution>(context, set);
}

}  // namespace cermet::cpu
