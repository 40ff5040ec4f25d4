#include "backends/cuda/build/deformable.h"

#include "backends/cuda/build/convolution_sizes.h"
#include "backends/cuda/build/scalar_printer.h"
#include "ops/convolution/convolution.attrs.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 256;

enum : size_t { image, weights, offset, bias, mask };

bool has(const Problem& problem, size_t i) {
  const size_t own = problem.has_epilogue() ? problem.epilogue_first : problem.inputs.size();
  return i < own && problem.inputs[i].has_value();
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!problem.domain.empty() || problem.op != "DeformConv") return "computes DeformConv only";
  if (auto reason = rejects_operands(problem)) return reason;
  for (size_t i : {image, weights, offset})
    if (!has(problem, i)) return "an operand is absent";
  const int rank = problem.inputs[image]->type.rank();
  if (rank < 3 || rank > 5) return fmt::format("{} dimensions, expected 3 to 5", rank);
  if (!is_floating(problem.inputs[image]->type.element)) return "the elements are no floats";
  for (size_t i = 0; i < problem.inputs.size(); ++i)
    if (has(problem, i) && !problem.inputs[i]->layout.is_row_major())
      return "an operand is not row-major";
  if (!problem.outputs[0]->layout.is_row_major()) return "the result is not row-major";
  if (!problem.has_epilogue()) return std::nullopt;
  if (problem.expression.results().size() != 1) return "the epilogue has several results";
  return scalar_rejects(problem.expression);
}

std::string input_or_null(KernelWriter& writer, size_t i) {
  if (has(writer.problem(), i)) return writer.input(i);
  return fmt::format("static_cast<const {}*>(nullptr)",
                     storage_type(writer.problem().inputs[image]->type.element));
}

DeviceSource generate(const TacticQuery& query, std::string_view) {
  const Problem& problem = query.problem();
  const std::string_view compute = compute_type(problem.inputs[image]->type.element);
  KernelWriter reading(problem, "deformable_values_kernel");
  const ConvolutionSizes sizes(reading);
  SizeStruct text = sizes.text();
  text.add("spatial", sizes.spatial);
  text.add("offset_groups", problem.attributes.integer("offset_group", 1));
  reading.include("deformable.cu");
  text.write(reading);
  reading.body(fmt::format("deformable_values(sizes, {}, {}, {}, {});\n", reading.input(image),
                           reading.input(offset), input_or_null(reading, mask),
                           reading.workspace(compute, 0)));
  Dim places = sizes.batch, taps = 1;
  for (const ConvolutionSizes::Axis& axis : sizes.axes) {
    places = places * axis.output;
    taps = taps * axis.window;
  }
  const Dim values = places * sizes.groups * sizes.channels * taps;
  DeviceSource source;
  source.program.workspace_bytes = values * (compute == "double" ? 8 : 4);
  reading.finish({{blocks_for(values, threads), 1, 1}, {threads, 1, 1}}, source);

  KernelWriter product(problem, "deformable_product_kernel");
  product.include("deformable.cu");
  text.write(product);
  write_finish(product, sizes.spatial);
  product.body(fmt::format("deformable_product(sizes, {}, {}, {}, {}, finish);\n",
                           product.workspace(fmt::format("const {}", compute), 0),
                           product.input(weights), input_or_null(product, bias),
                           product.output(0)));
  const Dim parts = ceil_div(sizes.filters, Dim(8)) * sizes.groups;
  product.finish({{blocks_for(places * parts, threads), 1, 1}, {threads, 1, 1}}, source);
  return source;
}

}  // namespace

Tactic deformable_tactic() {
  Tactic tactic;
  tactic.name = "cuda.deformable";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) {
    return convolution_us(query, 0.1);
  };
  tactic.generate = generate;
  return tactic;
}

}  // namespace cermet::cuda
