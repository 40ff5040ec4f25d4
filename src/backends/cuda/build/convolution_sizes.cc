#include "backends/cuda/build/convolution_sizes.h"

#include <algorithm>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/scalar_printer.h"
#include "ops/convolution/convolution.attrs.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

const Dim& known(const Dim& a, const Dim& b) { return a.is_constant() ? a : b; }

// Of a tensor [n, c, spatial...], the strides as batch, channel and three axes.
std::array<Dim, 5> five_strides(const Dims& dims, const Layout& layout) {
  const Dims strides = strides_of(dims, layout);
  std::array<Dim, 5> result{strides[0], strides[1], 0, 0, 0};
  const size_t spatial = dims.size() - 2;
  for (size_t d = 0; d < spatial; ++d) result[5 - spatial + d] = strides[d + 2];
  return result;
}

template <class Padded>
void fill_axes(const Padded& attributes, const Dims& input, const Dims& output,
               std::array<ConvolutionSizes::Axis, 3>& axes) {
  const size_t spatial = input.size() - 2;
  for (size_t d = 0; d < spatial; ++d)
    axes[3 - spatial + d] = {input[d + 2],
                             output[d + 2],
                             attributes.window.kernel[d],
                             attributes.window.strides[d],
                             attributes.window.dilations[d],
                             attributes.padding(input[d + 2], d).begin};
}

}  // namespace

bool is_channels_last(const Operand& operand) {
  return operand.layout == Layout::channels_last(operand.type.rank());
}

ConvolutionSizes::ConvolutionSizes(const KernelWriter& writer) {
  const Problem& problem = writer.problem();
  Dims input = writer.input_dims(0), output = writer.output_dims(0);
  const Dims weights = writer.input_dims(1);
  const Dims kernel(weights.begin() + 2, weights.end());
  transposed = problem.op == "ConvTranspose";
  spatial = static_cast<int>(input.size()) - 2;
  batch = known(input[0], output[0]);
  if (transposed) {
    const auto attributes = TransposedConvolutionAttributes::from(problem.attributes, kernel);
    groups = attributes.group;
    fill_axes(attributes, input, output, axes);
    input[1] = known(weights[0], input[1]);
    output[1] = known(weights[1] * groups, output[1]);
  } else {
    const auto attributes = ConvolutionAttributes::from(problem.attributes, kernel);
    groups = attributes.group;
    fill_axes(attributes, input, output, axes);
    input[1] = known(weights[1] * groups, input[1]);
    output[1] = known(weights[0], output[1]);
  }
  channels = floor_div(input[1], groups);
  filters = floor_div(output[1], groups);
  input_strides = five_strides(input, problem.inputs[0]->layout);
  output_strides = five_strides(output, problem.outputs[0]->layout);
  weight_strides = five_strides(weights, problem.inputs[1]->layout);
  if (transposed) std::swap(weight_strides[0], weight_strides[1]);
  index_type = cuda::index_type({input, output, weights});
}

SizeStruct ConvolutionSizes::text() const {
  SizeStruct text(index_type);
  text.add("batch", batch);
  text.add("groups", groups);
  text.add("channels", channels);
  text.add("filters", filters);
  for (int d = 0; d < 3; ++d) {
    const Axis& axis = axes[d];
    text.add(fmt::format("input_{}", d), axis.input);
    text.add(fmt::format("output_{}", d), axis.output);
    text.add(fmt::format("window_{}", d), axis.window);
    text.add(fmt::format("stride_{}", d), axis.stride);
    text.add(fmt::format("dilation_{}", d), axis.dilation);
    text.add(fmt::format("padding_{}", d), axis.padding);
  }
  constexpr std::array<std::string_view, 5> operand_names{"n", "c", "0", "1", "2"},
      weight_names{"m", "c", "0", "1", "2"};
  for (int d = 0; d < 5; ++d) {
    text.add(fmt::format("x_{}", operand_names[d]), input_strides[d]);
    text.add(fmt::format("y_{}", operand_names[d]), output_strides[d]);
    text.add(fmt::format("w_{}", weight_names[d]), weight_strides[d]);
  }
  return text;
}

std::optional<std::string> rejects_convolution(const Problem& problem, bool takes_bytes) {
  if (problem.kind != ProblemKind::convolution) return "computes convolutions only";
  if (auto reason = rejects_operands(problem)) return reason;
  if (problem.inputs.size() < 2 || !problem.inputs[0] || !problem.inputs[1])
    return "the image or the weights are absent";
  const int rank = problem.inputs[0]->type.rank();
  if (rank < 3 || rank > 5) return fmt::format("{} dimensions, expected 3 to 5", rank);
  if (problem.inputs[1]->type.rank() != rank) return "image and weights have different ranks";
  const ElementType type = problem.inputs[0]->type.element;
  if (!is_floating(type) && !takes_bytes) return "the elements are no floats";
  if (is_floating(type) && problem.inputs[1]->type.element != type)
    return "image and weights have different types";
  if (!problem.has_epilogue()) return std::nullopt;
  if (problem.expression.results().size() != 1) return "the epilogue has several results";
  return scalar_rejects(problem.expression);
}

bool convolution_has_bias(const Problem& problem) {
  const size_t own = problem.has_epilogue() ? problem.epilogue_first : problem.inputs.size();
  return own > 2 && problem.inputs[2].has_value() && problem.op != "ConvInteger";
}

std::string convolution_bias(KernelWriter& writer) {
  const Problem& problem = writer.problem();
  if (convolution_has_bias(problem)) return writer.input(2);
  return fmt::format("static_cast<const {}*>(nullptr)",
                     storage_type(problem.inputs[0]->type.element));
}

void write_finish(KernelWriter& writer, int spatial) {
  const Problem& problem = writer.problem();
  const ElementType image = problem.inputs[0]->type.element;
  std::vector<std::string> coordinates{"n", "m"};
  for (int d = 3 - spatial; d < 3; ++d) coordinates.push_back(fmt::format("o{}", d));
  const PrintedExpression printed = print_epilogue(writer, "value", coordinates, "e");
  writer.body(fmt::format(
      "const auto finish = [&]({} value, index_t n, index_t m, index_t o0, index_t o1, index_t o2) "
      "{{\n{}return from_compute<{}>({});\n}};\n",
      is_floating(image) ? compute_type(image) : "int", printed.statements,
      storage_type(problem.outputs[0]->type.element), printed.results[0]));
}

double convolution_us(const TacticQuery& query, double efficiency) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes) return -1;
  const bool transposed = query.problem().op == "ConvTranspose";
  const Shape &weights = *shapes->inputs[1],
              &places = transposed ? *shapes->inputs[0] : *shapes->outputs[0];
  double terms = 1;
  for (size_t d = 1; d < weights.size(); ++d) terms *= static_cast<double>(weights[d]);
  const double operations = 2.0 * static_cast<double>(element_count(places)) * terms;
  const CardRates rates = rates_of(query.architecture);
  // One thread adds up the terms of a sum, each of which it waits for.
  constexpr double term_us = 0.003;
  return std::max(traffic_us(query),
                  rates.launch_us + operations / (rates.float32_per_us * efficiency)) +
         terms * term_us;
}

}  // namespace cermet::cuda
