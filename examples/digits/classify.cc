// Reads handwritten digits with an engine: runs it on all pictures, prints how well it did, and
// writes a picture of the readings and their counts as JSON.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "../common/png_file.h"
#include "cermet/engine.h"
#include "npy.h"
#include "picture.h"
#include "report.h"

using namespace examples;

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// The softmax of ten logits says how sure the network is.
Reading read_logits(const float* logits, int label) {
  const float* best = std::max_element(logits, logits + 10);
  double sum = 0;
  for (int i = 0; i < 10; ++i) sum += std::exp(static_cast<double>(logits[i]) - *best);
  return {label, static_cast<int>(best - logits), 1 / sum};
}

// Up to `batch` pictures a run: the engine takes any number, so the last run may be smaller.
Readings classify(const std::shared_ptr<const cermet::Engine>& engine,
                  const cermet::ConstTensorView& images, const cermet::ConstTensorView& labels,
                  int64_t batch) {
  cermet::ContextOptions options;
  options.threads = 1;
  cermet::ExecutionContext context(engine, options);
  const std::string input = engine->inputs().at(0).name, output = engine->outputs().at(0).name;
  const int64_t count = images.shape.at(0), pixels = images.elements() / count;
  Readings readings;
  for (int64_t begin = 0; begin < count; begin += batch) {
    cermet::Shape shape = images.shape;
    shape[0] = std::min(batch, count - begin);
    context.set_input(input, {images.type, shape, images.as<float>() + begin * pixels});
    context.execute();
    const cermet::ConstTensorView logits = context.output(output);
    for (int64_t i = 0; i < shape[0]; ++i)
      readings.push_back(read_logits(logits.as<float>() + 10 * i,
                                     static_cast<int>(labels.as<int64_t>()[begin + i])));
  }
  return readings;
}

void run(char** arguments) {
  Clock::time_point begin = Clock::now();
  const auto engine = cermet::Engine::load(arguments[0]);
  std::printf("   engine loaded in %.1f ms\n", milliseconds_since(begin));
  const cermet::Tensor images = read_npy(arguments[1]), labels = read_npy(arguments[2]);
  if (images.shape().empty() || images.shape()[0] == 0 || labels.elements() != images.shape()[0])
    throw std::runtime_error("expected a label for each picture, got pictures of shape " +
                             cermet::to_string(images.shape()) + " and " +
                             std::to_string(labels.elements()) + " labels");
  begin = Clock::now();
  const Readings readings = classify(engine, images.view(), labels.view(), 64);
  std::printf("   %zu pictures read in %.1f ms\n", readings.size(), milliseconds_since(begin));
  print_report(readings);
  write_png(arguments[3], draw(images.view(), readings));
  write_json(arguments[4], readings);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: digits ENGINE IMAGES.npy LABELS.npy PICTURE.png RESULTS.json\n");
    return 2;
  }
  try {
    run(argv + 1);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "digits: %s\n", error.what());
    return 1;
  }
}
