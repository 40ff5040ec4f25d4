#include "layer_times.h"

namespace cermet::tools {

std::vector<LayerTime> layer_times(const std::shared_ptr<const Engine>& engine,
                                   const std::vector<Value>& inputs, MeasureOptions options) {
  constexpr int64_t most_runs = 100;
  options.warm_up_runs = 1;
  options.runs = 3;
  options.seconds = 2;
  const LayerMeasurement measured = measure_layers(engine, inputs, options, most_runs);
  std::vector<LayerTime> layers;
  double sum = 0;
  for (const LayerTimes& layer : measured.layers) {
    layers.push_back({layer.step, 1000 * Spread(layer.milliseconds).median(), 0});
    sum += layers.back().microseconds;
  }
  for (LayerTime& layer : layers) layer.share = sum > 0 ? layer.microseconds / sum : 0;
  return layers;
}

}  // namespace cermet::tools
