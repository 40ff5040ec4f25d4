#include "canvas.h"

#include <algorithm>
#include <array>

namespace examples {
namespace {

constexpr std::string_view glyph_names = "0123456789.%";
// Seven rows a glyph from the top, five bits a row, the left dot highest.
constexpr std::array<std::array<uint8_t, 7>, 12> glyphs = {{
    {0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110},
    {0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110},
    {0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111},
    {0b11110, 0b00001, 0b00001, 0b01110, 0b00001, 0b00001, 0b11110},
    {0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010},
    {0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110},
    {0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110},
    {0b11111, 0b00001, 0b00010, 0b00100, 0b00100, 0b01000, 0b01000},
    {0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110},
    {0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100},
    {0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b01100, 0b01100},
    {0b11000, 0b11001, 0b00010, 0b00100, 0b01000, 0b10011, 0b00011},
}};

}  // namespace

Canvas::Canvas(int width, int height, Colour paper) : width_(width), height_(height) {
  pixels_.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  fill(0, 0, width, height, paper);
}

void Canvas::dot(int x, int y, Colour colour) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  uint8_t* pixel = pixels_.data() + offset(x, y);
  pixel[0] = colour.red;
  pixel[1] = colour.green;
  pixel[2] = colour.blue;
}

void Canvas::fill(int x, int y, int width, int height, Colour colour) {
  for (int i = std::max(y, 0); i < std::min(y + height, height_); ++i)
    for (int j = std::max(x, 0); j < std::min(x + width, width_); ++j) dot(j, i, colour);
}

void Canvas::frame(int x, int y, int width, int height, int thickness, Colour colour) {
  fill(x, y, width, thickness, colour);
  fill(x, y + height - thickness, width, thickness, colour);
  fill(x, y, thickness, height, colour);
  fill(x + width - thickness, y, thickness, height, colour);
}

void Canvas::text(int x, int y, int scale, Colour colour, std::string_view text) {
  for (const char c : text) {
    const size_t glyph = glyph_names.find(c);
    for (int i = 0; i < 7 && glyph != std::string_view::npos; ++i)
      for (int j = 0; j < 5; ++j)
        if ((glyphs[glyph][static_cast<size_t>(i)] >> (4 - j)) & 1)
          fill(x + j * scale, y + i * scale, scale, scale, colour);
    x += 6 * scale;
  }
}

}  // namespace examples
