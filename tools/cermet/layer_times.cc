#include "layer_times.h"

namespace cermet::tools {

std::vector<LayerTime> layer_times(const std::shared_ptr<const Engine>& engine,
                                   const std::vector<Value>& inputs, MeasureOptions options) {
  constexpr int64_t most_runs = 100;
  options.warm_up_runs = 1;
  options.runs = 3;
  options.seconds = 2;
  const LayerMeasurement measured = measure_layers(engine, inputs, options, most_runs);
  const double sum = measured.sum_ms();
  std::vector<LayerTime> layers;
  for (const LayerTimes& layer : measured.layers)
    layers.push_back({layer.step, 1000 * layer.sum_ms() / static_cast<double>(measured.runs),
                      sum > 0 ? layer.sum_ms() / sum : 0});
  return layers;
}

}  // namespace cermet::tools
