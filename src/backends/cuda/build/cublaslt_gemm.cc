#include "backends/cuda/build/cublaslt_gemm.h"

#include <charconv>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/library_estimate.h"
#include "backends/cuda/build/plain_epilogue.h"
#include "backends/cuda/build/product.h"
#include "backends/cuda/run/cublaslt.h"
#include "base/error.h"

namespace cermet::cuda {
namespace {

constexpr int choices = 4;

// The call, or in words why there is none.
struct CallOrReason {
  std::optional<LibraryCall> call;
  std::string reason;
};

class CallMaker {
 public:
  CallMaker(const TacticQuery& query, const Product& product)
      : problem_(query.problem()), product_(product) {}

  CallOrReason make() {
    call_.library = CublasLt::name;
    call_.version = CublasLt::oldest;
    call_.operation = "matmul";
    for (const auto& reason : {add_result(), add_factor("left", product_.left, false),
                               add_factor("right", product_.right, true), add_epilogue()})
      if (reason) return {std::nullopt, *reason};
    return {std::move(call_), {}};
  }

 private:
  using Reason = std::optional<std::string>;

  void size(const std::string& name, const Dim& value) { call_.sizes[name] = value; }

  Reason add_result() {
    if (product_.bytes) return "products of bytes are not computed";
    const ElementType type = problem_.outputs[0]->type.element;
    if (type != product_.type && type != ElementType::float32)
      return fmt::format("the result is {}", name(type));
    if (!product_.depth.is_constant() || product_.depth.is_constant(0))
      return "the depth is not known, or 0";
    if (product_.alpha != 1) return "alpha is not 1";
    size("type", static_cast<int64_t>(product_.type));
    size("result_type", static_cast<int64_t>(type));
    size("rows", product_.rows);
    size("columns", product_.columns);
    size("depth", product_.depth);
    size("batch", product_.batches());
    size("result_pitch", product_.row_stride);
    size("result_step", product_.batch_stride);
    return std::nullopt;
  }

  // Elements lie side by side along one direction. A right factor is turned where that is the
  // depth.
  Reason add_factor(const std::string& name, const Factor& factor, bool right) {
    const bool along_depth = factor.depth_stride.is_constant(1);
    if (!along_depth && !factor.row_stride.is_constant(1))
      return fmt::format("elements of the {} factor do not lie side by side", name);
    const auto step = batch_step(factor);
    if (!step) return fmt::format("matrices of the {} factor do not lie at even distances", name);
    size(name + "_turned", along_depth == right ? 1 : 0);
    size(name + "_pitch", along_depth ? factor.row_stride : factor.depth_stride);
    size(name + "_step", *step);
    return std::nullopt;
  }

  std::optional<Dim> batch_step(const Factor& factor) const {
    std::optional<Dim> step;
    Dim next;  // the distance that the dimension further out has to have
    for (size_t d = product_.batch.size(); d-- > 0;) {
      if (product_.batch[d].is_constant(1)) continue;
      const bool repeats = factor.batch_sizes[d].is_constant(1);
      if (!repeats && !is_whole(factor, d)) return std::nullopt;
      const Dim stride = repeats ? Dim(0) : factor.batch_strides[d];
      if (step && stride != next) return std::nullopt;
      if (!step) step = stride;
      next = stride * factor.batch_sizes[d];
    }
    return step.value_or(Dim(0));
  }

  // Whether the factor has as many matrices along the batch's dimension as the result, for all
  // sizes.
  bool is_whole(const Factor& factor, size_t d) const {
    const Dims &dims = *problem_.inputs[factor.input]->type.dims,
               &result = *problem_.outputs[0]->type.dims;
    const size_t lead = product_.batch.size() - (dims.size() - 2);
    return dims[d - lead] == result[product_.batch_dimensions[d]];
  }

  Reason add_epilogue() {
    std::optional<size_t> own_bias;
    if (product_.addend) {
      if (product_.beta != 1) return "beta is not 1";
      const Dims& dims = *problem_.inputs[*product_.addend]->type.dims;
      const bool is_bias = !dims.empty() && dims.back() == problem_.outputs[0]->type.dims->back() &&
                           (dims.size() == 1 || dims[0].is_constant(1));
      if (!is_bias) return "the addend is no bias";
      own_bias = product_.addend;
    }
    const auto epilogue = plain_epilogue(problem_, product_.column_dimension, own_bias);
    if (!epilogue) return "the epilogue is more than an addend, a bias and ReLU or GELU";
    using Activation = PlainEpilogue::Activation;
    int kind = epilogue->bias ? CUBLASLT_EPILOGUE_BIAS : 0;
    if (epilogue->activation == Activation::relu) kind |= CUBLASLT_EPILOGUE_RELU;
    if (epilogue->activation == Activation::gelu) kind |= CUBLASLT_EPILOGUE_GELU;
    size("epilogue", kind != 0 ? kind : CUBLASLT_EPILOGUE_DEFAULT);
    const auto pointer = [](std::optional<size_t> input) {
      LaunchArgument argument;
      if (input) argument = {LaunchArgument::Kind::input, static_cast<int32_t>(*input), 0};
      return argument;
    };
    call_.arguments = {pointer(product_.left.input),
                       pointer(product_.right.input),
                       {LaunchArgument::Kind::output, 0, 0},
                       pointer(epilogue->bias),
                       pointer(epilogue->addend)};
    return std::nullopt;
  }

  const Problem& problem_;
  const Product& product_;
  LibraryCall call_;
};

CallOrReason call_of(const TacticQuery& query) {
  const ProductOrReason found = product_of(query);
  if (!found.product) return {std::nullopt, found.reason};
  return CallMaker(query, *found.product).make();
}

std::optional<std::string> rejects(const TacticQuery& query) {
  if (query.problem().kind != ProblemKind::matmul) return "computes matrix products only";
  CallOrReason found = call_of(query);
  if (!found.call) return std::move(found.reason);
  return std::nullopt;
}

std::vector<std::string> configurations(const TacticQuery& query) {
  std::vector<std::string> texts;
  for (int choice = 1; choice <= choices; ++choice)
    texts.push_back(fmt::format("choice {}{}", choice, tf32_suffix(query)));
  return texts;
}

int rank_of(std::string_view configuration) {
  constexpr std::string_view prefix = "choice ";
  int choice = 0;
  if (configuration.starts_with(prefix))
    std::from_chars(configuration.data() + prefix.size(),
                    configuration.data() + configuration.size(), choice);
  require(choice >= 1 && choice <= choices, ErrorCode::internal, "there is no configuration '{}'",
          configuration);
  return choice - 1;
}

double estimate(const TacticQuery& query, std::string_view configuration) {
  const auto sizes = typical_sizes(query, *product_of(query).product);
  if (!sizes) return -1;
  constexpr double worse = 0.02;  // each next choice
  return library_us(query,
                    2.0 * static_cast<double>(sizes->batches) * static_cast<double>(sizes->rows) *
                        static_cast<double>(sizes->columns) * static_cast<double>(sizes->depth)) *
         (1 + worse * rank_of(configuration));
}

DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  DeviceSource source;
  LibraryCall& call = source.program.call.emplace(*call_of(query).call);
  call.sizes["tf32"] = has_tf32_suffix(configuration) ? 1 : 0;
  call.sizes["rank"] = rank_of(configuration);
  return source;
}

}  // namespace

Tactic cublaslt_tactic() {
  Tactic tactic;
  tactic.name = "cublaslt.gemm";
  tactic.source = "cublaslt";
  tactic.requirement = "cuBLASLt";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.generate = generate;
  tactic.pack = pack_right;
  tactic.library_version = version_of_library<CublasLtCalls>;
  return tactic;
}

}  // namespace cermet::cuda
