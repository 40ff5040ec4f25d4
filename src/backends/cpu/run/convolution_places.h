// Where the elements lie that a direct convolution multiplies: places in the image or in lines of
// zeros around it.
#pragma once

#include <array>

#include "backends/cpu/run/convolution_weights.h"
#include "backends/cpu/run/window_axis.h"
#include "cermet/tensor.h"

namespace cermet::cpu {

// Images of fewer dimensions have leading ones of size 1.
struct ConvolutionShape {
  int64_t batch = 1, inputs = 0, outputs = 0;  // channels, of all groups
  std::array<WindowAxis, 3> axes;              // depth, height, width

  int64_t image() const { return axes[0].output * axes[1].output * axes[2].output; }
  int64_t rows() const { return batch * image(); }
};

// Of a tile: where each of its rows finds each piece, `taps` taps one after the other. Rows are
// `step` apart, and places[piece] is that of the first, or where step is 0 places[piece * rows + r]
// is that of row r.
struct TilePlaces {
  const float** places = nullptr;
  int64_t taps = 1;
  int64_t step = 0;
};

// Results are counted across, down, deep and by image: rows of `outputs` channels.
class ConvolutionPlaces {
 public:
  ConvolutionPlaces(const ConvolutionShape& shape, const ConvolutionForm& form);

  // Taps side by side make one piece where all rows of a tile see all of them, if they are few
  // elements. At the edges of small images with few channels that would seldom be so: the lines
  // that a task reads are copied, with zeros before and behind them. The task's rows are of one
  // image then.
  bool copies_lines() const { return copies_lines_; }
  // Most taps of a piece.
  int64_t longest_run() const { return makes_runs_ ? s_.axes[2].kernel : 1; }
  size_t lines_bytes(int64_t rows) const;  // of a task of so many rows

  // Finds the places of the tiles of a task, one after the other.
  class Walk {
   public:
    // Rows [begin, end) of a group whose first channel of the first image is x.
    Walk(const ConvolutionPlaces& places, const float* x, int64_t begin, int64_t end, float* lines);
    // Of the next `rows` rows; `to` holds a place for each tap of each of them.
    TilePlaces next(int64_t rows, const float** to);

   private:
    void copy_lines(int64_t end);
    inline void advance(int64_t rows);
    inline int64_t rows_in_line(int64_t rows) const;
    inline bool has_runs(int64_t rows) const;
    inline bool is_inside(int64_t rows) const;
    inline int64_t row_step() const;
    inline void find_in_line(int64_t run, int64_t count, int64_t rows, const float** to) const;
    inline const float* line(int64_t depth_tap, int64_t height_tap) const;
    inline void find(const float* line, int64_t at, int64_t count, const float** to) const;

    const ConvolutionPlaces& p_;
    const ConvolutionShape& s_;
    const float* x_;
    int64_t row_, image_;
    std::array<int64_t, 3> at_{};  // of row_ in the image of results
    float* lines_;
    int64_t first_line_ = 0;
  };

 private:
  int64_t lines_of(int64_t heights) const;

  ConvolutionShape s_;
  ConvolutionForm form_;
  Tensor zeros_;
  bool is_pointwise_ = false;  // one tap, at the same place as the result
  bool makes_runs_ = false, copies_lines_ = false;
  int64_t left_ = 0, line_elements_ = 0;  // of copied lines: places before the image, and of all
};

}  // namespace cermet::cpu
