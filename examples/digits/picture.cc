#include "picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace examples {
namespace {

constexpr int side = 8, zoom = 5, tile = side * zoom;
constexpr int step_x = tile + 6, step_y = tile + 32;
constexpr int margin = 16, left_of_tiles = 56;
constexpr Colour paper = {255, 255, 255}, grey = {150, 146, 138}, red = {205, 38, 32};
constexpr Colour green = {38, 134, 72}, amber = {201, 133, 0};

// The ink between the centres of the pixels around (x, y), linear in both directions.
float ink_at(const float* image, float x, float y) {
  const auto pixel = [&](int i, int j) {
    return image[std::clamp(i, 0, side - 1) * side + std::clamp(j, 0, side - 1)];
  };
  const int i = static_cast<int>(std::floor(y)), j = static_cast<int>(std::floor(x));
  const float down = y - static_cast<float>(i), across = x - static_cast<float>(j);
  return (pixel(i, j) * (1 - across) + pixel(i, j + 1) * across) * (1 - down) +
         (pixel(i + 1, j) * (1 - across) + pixel(i + 1, j + 1) * across) * down;
}

void draw_tile(Canvas& canvas, int left, int top, const float* image) {
  for (int y = 0; y < tile; ++y)
    for (int x = 0; x < tile; ++x) {
      const auto source = [](int i) { return (static_cast<float>(i) + 0.5F) / zoom - 0.5F; };
      const float light = 1 - std::clamp(ink_at(image, source(x), source(y)) / 16, 0.0F, 1.0F);
      const auto mix = [&](int ink, int white) {
        return static_cast<uint8_t>(static_cast<float>(ink) +
                                    light * static_cast<float>(white - ink));
      };
      canvas.dot(left + x, top + y, {mix(24, 255), mix(32, 255), mix(52, 255)});
    }
}

Colour colour_of(const Reading& reading) {
  if (!reading.right()) return red;
  return reading.probability < 0.9 ? amber : green;
}

}  // namespace

Canvas draw(const cermet::ConstTensorView& images, const Readings& readings) {
  std::array<int, 10> counts = {};
  for (const Reading& it : readings) ++counts.at(static_cast<size_t>(it.label));
  const int columns = *std::ranges::max_element(counts);
  Canvas canvas(left_of_tiles + columns * step_x + margin, 2 * margin + 10 * step_y, paper);
  for (int label = 0; label < 10; ++label)
    canvas.text(margin, margin + label * step_y + 10, 3, grey, std::to_string(label));
  std::array<int, 10> drawn = {};
  for (size_t i = 0; i < readings.size(); ++i) {
    const Reading& it = readings[i];
    const int left = left_of_tiles + drawn[static_cast<size_t>(it.label)]++ * step_x;
    const int top = margin + it.label * step_y;
    draw_tile(canvas, left, top, images.as<float>() + i * side * side);
    const Colour colour = colour_of(it);
    if (!it.right()) canvas.frame(left - 3, top - 3, tile + 6, tile + 27, 3, colour);
    canvas.text(left + tile / 2 - 5, top + tile + 5, 2, colour, std::to_string(it.digit));
  }
  return canvas;
}

}  // namespace examples
