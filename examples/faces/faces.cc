// Finds faces in a photograph with a detector of the UltraFace kind: input N x 3 x H x W, outputs
// `scores` (1 x anchors x 2: background, face) and `boxes` (1 x anchors x 4: left, top, right,
// bottom as parts of the picture).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "../common/png_file.h"
#include "cermet/builder.h"
#include "jpeg_file.h"

using namespace examples;

namespace {

struct Face {
  float score, left, top, right, bottom;
};

std::shared_ptr<const cermet::Engine> open_engine(const std::string& path) {
  if (!path.ends_with(".onnx")) return cermet::Engine::load(path);
  return cermet::Engine::from_memory(cermet::build_engine(path, {}));
}

cermet::Shape input_shape(const cermet::Engine& engine) {
  cermet::Shape shape;
  for (const std::string& dim : engine.inputs().at(0).dims.value())
    shape.push_back(std::max(1, std::atoi(dim.c_str())));  // a symbol, such as a batch's, is 1
  if (shape.size() != 4 || shape[1] != 3)
    throw std::runtime_error("expected a model with one input of N x 3 x height x width, got " +
                             cermet::to_string(shape));
  return shape;
}

// Each input value is the mean of the pixels that it covers, brought to about -1 .. 1.
cermet::Tensor network_input(const Canvas& photo, const cermet::Shape& shape) {
  const int height = static_cast<int>(shape[2]), width = static_cast<int>(shape[3]);
  cermet::Tensor tensor(cermet::ElementType::float32, shape);
  float* values = tensor.view().as<float>();
  const auto range = [](int i, int size, int full) {
    const int begin = i * full / size;
    return std::pair(begin, std::max(begin + 1, (i + 1) * full / size));
  };
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const auto [top, bottom] = range(y, height, photo.height());
        const auto [left, right] = range(x, width, photo.width());
        int sum = 0;
        for (int i = top; i < bottom; ++i)
          for (int j = left; j < right; ++j) sum += photo.row(i)[3 * j + c];
        const float mean =
            static_cast<float>(sum) / static_cast<float>((bottom - top) * (right - left));
        *values++ = (mean - 127) / 128;
      }
  return tensor;
}

// The area that two faces share, as a part of what they cover together.
float overlap(const Face& a, const Face& b) {
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const auto area = [](const Face& f) { return (f.right - f.left) * (f.bottom - f.top); };
  return width * height / (area(a) + area(b) - width * height);
}

// Non-maximum suppression: the surest face stays, those that overlap it go, and so on.
std::vector<Face> find_faces(const cermet::ExecutionContext& context) {
  const cermet::ConstTensorView scores = context.output("scores"), boxes = context.output("boxes");
  std::vector<Face> candidates, faces;
  for (int64_t i = 0; i < scores.shape.at(1); ++i) {
    const float* box = boxes.as<float>() + 4 * i;
    const auto part = [&](int k) { return std::clamp(box[k], 0.0F, 1.0F); };
    if (const float score = scores.as<float>()[2 * i + 1]; score > 0.7F)
      candidates.push_back({score, part(0), part(1), part(2), part(3)});
  }
  std::ranges::sort(candidates, std::greater<>(), &Face::score);
  for (const Face& face : candidates)
    if (std::ranges::none_of(faces, [&](const Face& f) { return overlap(f, face) > 0.3F; }))
      faces.push_back(face);
  return faces;
}

void draw(Canvas& photo, const Face& face) {
  const auto pixel = [](float part, int size) {
    return static_cast<int>(std::lround(part * static_cast<float>(size)));
  };
  const int left = pixel(face.left, photo.width()), right = pixel(face.right, photo.width());
  const int top = pixel(face.top, photo.height()), bottom = pixel(face.bottom, photo.height());
  const std::string score = std::to_string(static_cast<int>(face.score * 100)) + "%";
  std::printf("  %s  left %4d  top %4d  right %4d  bottom %4d\n", score.c_str(), left, top, right,
              bottom);
  photo.frame(left, top, right - left, bottom - top, 2, {255, 196, 0});
  photo.fill(left, top - 9, 6 * static_cast<int>(score.size()) + 3, 10, {255, 196, 0});
  photo.text(left + 2, top - 8, 1, {40, 30, 0}, score);
}

// A picture's form follows from its name's ending; told before the work is done.
using WritePicture = void (*)(const std::string& path, const Canvas& picture);
WritePicture writer_for(const std::string& path) {
  if (path.ends_with(".png")) return write_png;
  if (path.ends_with(".jpg") || path.ends_with(".jpeg")) return write_jpeg;
  throw std::runtime_error("cannot write '" + path +
                           "': expected a name that ends in .jpg, .jpeg or .png");
}

void run(const std::string& model, const std::string& in, const std::string& out) {
  const WritePicture write = writer_for(out);
  const auto engine = open_engine(model);
  Canvas photo = read_jpeg(in);
  cermet::ContextOptions options;
  options.threads = 1;  // a network this small gains little from a team
  cermet::ExecutionContext context(engine, options);
  context.set_input(engine->inputs()[0].name, network_input(photo, input_shape(*engine)));
  context.execute();  // the first one plans memory
  const auto begin = std::chrono::steady_clock::now();
  context.execute();
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
  const std::vector<Face> faces = find_faces(context);
  std::printf("%s: %d x %d pixels, %zu faces, %.1f ms\n", in.c_str(), photo.width(), photo.height(),
              faces.size(), time.count());
  for (const Face& face : faces) draw(photo, face);
  write(out, photo);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: faces MODEL.onnx|ENGINE PHOTO.jpg OUT.jpg|OUT.png\n");
    return 2;
  }
  try {
    run(argv[1], argv[2], argv[3]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "faces: %s\n", error.what());
    return 1;
  }
}
