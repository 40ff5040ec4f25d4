// Convolutions by cuDNN:
//   result[n][filter][position] = max(sum + addend[n][filter][position] + bias[filter], 0)
// where the sum is that of ONNX's Conv, addend, bias and bound may be absent.
// Sizes: type (of all operands, as ElementType), tf32, spatial (2 or 3); batch, channels, filters,
// groups; by axis, outermost first, input_0, output_0, window_0, stride_0, dilation_0, padding_0;
// channels_last (of image, result, addend and weights: [filter][tap][channel]); relu; algorithm, as
// cudnnConvolutionFwdAlgo_t. Arguments: image, weights, result, bias, addend.
//
// Sums are float32. The library takes an addend and a bound only with a bias, and a bias without a
// bound only by the algorithm IMPLICIT_PRECOMP_GEMM.
#include <algorithm>
#include <array>

#include "backends/cuda/run/cudnn.h"
#include "backends/cuda/run/library_calls.h"
#include "base/error.h"
#include "cermet/element_type.h"

namespace cermet::cuda {
namespace {

constexpr size_t most_workspace_bytes = size_t{256} << 20;
constexpr int most_axes = 3;

cudnnDataType_t type_of(int64_t type) {
  switch (static_cast<ElementType>(type)) {
    case ElementType::float32:
      return CUDNN_DATA_FLOAT;
    case ElementType::float16:
      return CUDNN_DATA_HALF;
    case ElementType::bfloat16:
      return CUDNN_DATA_BFLOAT16;
    default:
      fail(ErrorCode::invalid_engine, "convolution of cudnn: there is no type {}", type);
  }
}

using TensorDescriptor =
    LibraryHandle<CudnnCalls, cudnnTensorDescriptor_t, &CudnnCalls::cudnnDestroyTensorDescriptor>;
using FilterDescriptor =
    LibraryHandle<CudnnCalls, cudnnFilterDescriptor_t, &CudnnCalls::cudnnDestroyFilterDescriptor>;
using ConvolutionDescriptor = LibraryHandle<CudnnCalls, cudnnConvolutionDescriptor_t,
                                            &CudnnCalls::cudnnDestroyConvolutionDescriptor>;
using ActivationDescriptor = LibraryHandle<CudnnCalls, cudnnActivationDescriptor_t,
                                           &CudnnCalls::cudnnDestroyActivationDescriptor>;

class BoundConvolution : public BoundCall {
 public:
  BoundConvolution(std::shared_ptr<const Cudnn> library, const LibraryCall& call,
                   const CallSizes& sizes)
      : library_(std::move(library)),
        sizes_(sizes),
        spatial_(sizes.get_int("spatial", 2)),
        type_(type_of(sizes.get("type"))) {
    require(call.arguments.size() == 5 && spatial_ <= most_axes, ErrorCode::invalid_engine,
            "convolution of cudnn: expected 5 arguments and 2 or 3 axes, got {} and {}",
            call.arguments.size(), spatial_);
    const std::vector<int> result = image_sizes("filters", "output");
    empty_ = std::any_of(result.begin(), result.end(), [](int size) { return size == 0; });
    if (empty_) return;
    algorithm_ = static_cast<cudnnConvolutionFwdAlgo_t>(sizes.get_int("algorithm"));
    has_bias_ = call.arguments[3].kind != LaunchArgument::Kind::size;
    describe_images(result);
    describe_window();
    if (has_bias_) describe_bias();
    ask_workspace();
  }

  size_t workspace_bytes() const override { return workspace_bytes_; }

  void run(std::span<void* const> pointers, void* workspace, CUstream stream) override {
    if (empty_) return;
    library_->use(stream, [&](cudnnHandle_t handle) { convolve(handle, pointers, workspace); });
  }

 private:
  void convolve(cudnnHandle_t handle, std::span<void* const> pointers, void* workspace) {
    const float one = 1, zero = 0;
    void* const result = pointers[2];
    if (!has_bias_)
      return check(calls().cudnnConvolutionForward(
                       handle, &one, x_.get(), pointers[0], w_.get(), pointers[1], window_.get(),
                       algorithm_, workspace, workspace_bytes_, &zero, y_.get(), result),
                   "convolving an image");
    const void* const addend = pointers[4];
    check(calls().cudnnConvolutionBiasActivationForward(
              handle, &one, x_.get(), pointers[0], w_.get(), pointers[1], window_.get(), algorithm_,
              workspace, workspace_bytes_, addend != nullptr ? &one : &zero, y_.get(),
              addend != nullptr ? addend : result, bias_.get(), pointers[3], activation_.get(),
              y_.get(), result),
          "convolving an image");
  }

  const CudnnCalls& calls() const { return library_->calls(); }
  void check(cudnnStatus_t status, const char* what) const { library_->check(status, what); }

  int of_axis(const char* name, int axis, int least = 0) const {
    return sizes_.get_int(fmt::format("{}_{}", name, axis).c_str(), least);
  }

  std::vector<int> by_axis(const char* name, int least) const {
    std::vector<int> values;
    for (int axis = 0; axis < spatial_; ++axis) values.push_back(of_axis(name, axis, least));
    return values;
  }

  // [batch, channels, axes], in whatever order they lie.
  std::vector<int> image_sizes(const char* channels, const char* axes) const {
    std::vector<int> result{sizes_.get_int("batch"), sizes_.get_int(channels)};
    for (const int size : by_axis(axes, 0)) result.push_back(size);
    return result;
  }

  std::vector<int> strides_of(const std::vector<int>& sizes) const {
    std::vector<size_t> order(sizes.size());  // outermost first
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (sizes_.get("channels_last") != 0)
      std::rotate(order.begin() + 1, order.begin() + 2, order.end());
    std::vector<int> strides(sizes.size());
    int64_t stride = 1;
    for (size_t i = order.size(); i-- > 0;) {
      require(stride <= INT32_MAX, ErrorCode::unsupported,
              "cuDNN takes no image of more than {} elements", INT32_MAX);
      strides[order[i]] = static_cast<int>(stride);
      stride *= sizes[order[i]];
    }
    return strides;
  }

  TensorDescriptor tensor(const std::vector<int>& sizes, const std::vector<int>& strides) const {
    cudnnTensorDescriptor_t made = nullptr;
    check(calls().cudnnCreateTensorDescriptor(&made), "describing an image");
    TensorDescriptor result(calls(), made);
    check(calls().cudnnSetTensorNdDescriptor(made, type_, static_cast<int>(sizes.size()),
                                             sizes.data(), strides.data()),
          "describing an image");
    return result;
  }

  void describe_images(const std::vector<int>& result) {
    const std::vector<int> image = image_sizes("channels", "input");
    x_ = tensor(image, strides_of(image));
    y_ = tensor(result, strides_of(result));
    const int groups = sizes_.get_int("groups", 1);
    std::vector<int> weights = by_axis("window", 1);
    weights.insert(weights.begin(), {result[1], image[1] / groups});
    cudnnFilterDescriptor_t made = nullptr;
    check(calls().cudnnCreateFilterDescriptor(&made), "describing weights");
    w_ = {calls(), made};
    check(calls().cudnnSetFilterNdDescriptor(
              made, type_, sizes_.get("channels_last") != 0 ? CUDNN_TENSOR_NHWC : CUDNN_TENSOR_NCHW,
              static_cast<int>(weights.size()), weights.data()),
          "describing weights");
  }

  cudnnMathType_t math_type() const {
    if (type_ != CUDNN_DATA_FLOAT) return CUDNN_TENSOR_OP_MATH;
    return sizes_.get("tf32") != 0 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH;
  }

  void describe_window() {
    cudnnConvolutionDescriptor_t made = nullptr;
    check(calls().cudnnCreateConvolutionDescriptor(&made), "describing a convolution");
    window_ = {calls(), made};
    const std::vector<int> padding = by_axis("padding", 0), steps = by_axis("stride", 1),
                           gaps = by_axis("dilation", 1);
    check(calls().cudnnSetConvolutionNdDescriptor(made, spatial_, padding.data(), steps.data(),
                                                  gaps.data(), CUDNN_CROSS_CORRELATION,
                                                  CUDNN_DATA_FLOAT),
          "describing a convolution");
    check(calls().cudnnSetConvolutionGroupCount(made, sizes_.get_int("groups", 1)),
          "describing a convolution");
    check(calls().cudnnSetConvolutionMathType(made, math_type()), "describing a convolution");
  }

  void describe_bias() {
    std::vector<int> sizes(static_cast<size_t>(spatial_) + 2, 1), strides(sizes.size(), 1);
    sizes[1] = strides[0] = sizes_.get_int("filters", 1);
    bias_ = tensor(sizes, strides);
    cudnnActivationDescriptor_t made = nullptr;
    check(calls().cudnnCreateActivationDescriptor(&made), "describing an activation");
    activation_ = {calls(), made};
    check(calls().cudnnSetActivationDescriptor(
              made, sizes_.get("relu") != 0 ? CUDNN_ACTIVATION_RELU : CUDNN_ACTIVATION_IDENTITY,
              CUDNN_PROPAGATE_NAN, 0),
          "describing an activation");
  }

  void ask_workspace() {
    library_->ask([&](cudnnHandle_t handle) {
      check(calls().cudnnGetConvolutionForwardWorkspaceSize(
                handle, x_.get(), w_.get(), window_.get(), y_.get(), algorithm_, &workspace_bytes_),
            "asking for the memory of an algorithm");
    });
    require(workspace_bytes_ <= most_workspace_bytes, ErrorCode::unsupported,
            "cuDNN's algorithm {} wants {} bytes for itself, at most {} are given",
            static_cast<int>(algorithm_), workspace_bytes_, most_workspace_bytes);
  }

  std::shared_ptr<const Cudnn> library_;
  CallSizes sizes_;
  int spatial_;
  cudnnDataType_t type_;
  bool empty_ = false, has_bias_ = false;
  cudnnConvolutionFwdAlgo_t algorithm_{};
  TensorDescriptor x_, y_, bias_;
  FilterDescriptor w_;
  ConvolutionDescriptor window_;
  ActivationDescriptor activation_;
  size_t workspace_bytes_ = 0;
};

}  // namespace

std::unique_ptr<BoundCall> bind_convolution(std::shared_ptr<const Cudnn> library,
                                            const LibraryCall& call, const CallSizes& sizes) {
  return std::make_unique<BoundConvolution>(std::move(library), call, sizes);
}

}  // namespace cermet::cuda
