#include "tests/cuda/convolution_case.h"

namespace cermet::testing {
namespace {

Attributes attributes_of(const ConvolutionCase& what) {
  Attributes attributes;
  const auto set = [&](std::string_view name, const std::vector<int64_t>& list) {
    if (!list.empty()) attributes.set(name, list);
  };
  set("strides", what.strides);
  set("dilations", what.dilations);
  set("pads", what.pads);
  set("output_padding", what.output_padding);
  attributes.set("group", what.group);
  if (!what.auto_pad.empty()) attributes.set("auto_pad", what.auto_pad);
  return attributes;
}

Tolerance tolerance_of(ElementType type) {
  if (type == ElementType::bfloat16) return {1.6e-2, 2e-2};
  if (type == ElementType::float16) return {2e-3, 4e-3};
  if (type == ElementType::float64) return {1e-12, 1e-12};
  return {1e-5, 2e-5};
}

}  // namespace

KernelCase kernel_case(const ConvolutionCase& what) {
  const int64_t filters = what.transposed ? what.weights[1] * what.group : what.weights[0];
  std::vector<std::optional<Tensor>> inputs{random_tensor(what.type, what.image, -1, 1, 1),
                                            random_tensor(what.type, what.weights, -1, 1, 2)};
  if (what.bias) inputs.emplace_back(random_tensor(what.type, {filters}, -1, 1, 3));
  KernelCase made =
      kernel_case(ProblemKind::convolution, what.transposed ? "ConvTranspose" : "Conv",
                  std::move(inputs), attributes_of(what));
  const int rank = static_cast<int>(what.image.size());
  if (what.input_channels_last) made.layouts = {Layout::channels_last(rank)};
  if (what.output_channels_last) made.output_layouts = {Layout::channels_last(rank)};
  made.constant = {false, what.constant_weights};
  if (what.bias) made.constant.push_back(what.constant_weights);
  if (!what.residual) return made;
  const Shape result = run_reference(made)[0].shape();
  add_epilogue(made, fmt::format("%0 = input {0} 0; %1 = input {0} 1; %2 = add {0} %0 %1; %3 = "
                                 "constant {0} 0; %4 = max {0} %2 %3; -> %4",
                                 name(what.type)));
  made.inputs.emplace_back(random_tensor(what.type, result, -1, 1, 4));
  made.layouts.resize(made.inputs.size());
  if (what.output_channels_last) made.layouts.back() = Layout::channels_last(rank);
  made.constant.resize(made.inputs.size());
  return made;
}

void check_convolution(const ConvolutionCase& what, std::string_view tactic) {
  expect_same_on_device(kernel_case(what), cuda_tactic(tactic), tolerance_of(what.type));
}

}  // namespace cermet::testing
