#include "backends/cuda/build/plain_convolution.h"

#include "backends/cuda/build/convolution_sizes.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 256;

std::optional<std::string> rejects(const TacticQuery& query) {
  return rejects_convolution(query.problem());
}

DeviceSource generate(const TacticQuery& query, std::string_view) {
  const Problem& problem = query.problem();
  KernelWriter writer(problem, "plain_convolution_kernel");
  const ConvolutionSizes sizes(writer);
  writer.include("plain_convolution.cu");
  sizes.text().write(writer);
  write_finish(writer, sizes.spatial);
  writer.body(fmt::format("plain_convolution<{}, {}>(sizes, {}, {}, {}, {}, finish);\n",
                          sizes.transposed, is_channels_last(*problem.outputs[0]), writer.input(0),
                          writer.input(1), convolution_bias(writer), writer.output(0)));
  Dim elements = sizes.batch * sizes.filters * sizes.groups;
  for (const ConvolutionSizes::Axis& axis : sizes.axes) elements = elements * axis.output;
  DeviceSource source;
  writer.finish({{blocks_for(elements, threads), 1, 1}, {threads, 1, 1}}, source);
  return source;
}

}  // namespace

Tactic plain_convolution_tactic() {
  Tactic tactic;
  tactic.name = "cuda.plain_convolution";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) {
    return convolution_us(query, 0.02);
  };
  tactic.generate = generate;
  return tactic;
}

}  // namespace cermet::cuda
