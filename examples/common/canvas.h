// A picture to draw on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace examples {

struct Colour {
  uint8_t red = 0, green = 0, blue = 0;
};

// Red, green, blue of each pixel, row after row from the top. What is drawn outside is cut off.
class Canvas {
 public:
  Canvas() = default;
  Canvas(int width, int height, Colour paper = {255, 255, 255});

  int width() const { return width_; }
  int height() const { return height_; }
  uint8_t* row(int y) { return pixels_.data() + offset(0, y); }
  const uint8_t* row(int y) const { return pixels_.data() + offset(0, y); }

  void dot(int x, int y, Colour colour);
  void fill(int x, int y, int width, int height, Colour colour);
  // A frame of that thickness around the rectangle's inner edge.
  void frame(int x, int y, int width, int height, int thickness, Colour colour);
  // Digits, '.', '%' and blanks, 5 x 7 dots of `scale` pixels each, 6 apart.
  void text(int x, int y, int scale, Colour colour, std::string_view text);

 private:
  size_t offset(int x, int y) const {
    return (static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x)) * 3;
  }

  int width_ = 0, height_ = 0;
  std::vector<uint8_t> pixels_;
};

}  // namespace examples
