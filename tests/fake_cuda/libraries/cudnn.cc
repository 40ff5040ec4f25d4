// A library with the names of cuDNN that convolves images in the emulated card's memory.
//
// cudnn_version=N  as it counts: 91900
// cudnn_wrong=1    every result is off by a half
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "backends/cuda/run/cudnn_api.h"
#include "driver/pool.h"
#include "driver/state.h"
#include "libraries/library.h"
#include "machine/numbers.h"
#include "settings.h"

namespace cermet::cuda {

// NOLINTBEGIN(readability-identifier-naming): the library's names
struct cudnnContext {
  CUstream stream = nullptr;
};
struct cudnnTensorStruct {
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  std::vector<int> sizes, strides;
};
struct cudnnFilterStruct {
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  cudnnTensorFormat_t format = CUDNN_TENSOR_NCHW;
  std::vector<int> sizes;
};
struct cudnnConvolutionStruct {
  std::vector<int> padding, steps, gaps;
  int groups = 1;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};
struct cudnnActivationStruct {
  cudnnActivationMode_t mode = CUDNN_ACTIVATION_IDENTITY;
};
// NOLINTEND(readability-identifier-naming)

namespace {

constexpr cudnnStatus_t not_initialized = 1001, bad_parameter = CUDNN_STATUS_BAD_PARAM,
                        not_supported = CUDNN_STATUS_NOT_SUPPORTED;

template <class T>
cudnnStatus_t create(const char* name, T** into) {
  if (const int status = fake_cuda::begin_call(name); status != 0) return status;
  *into = new T;
  fake_cuda::count_object(1);
  return CUDNN_STATUS_SUCCESS;
}

template <class T>
cudnnStatus_t destroy(T* object) {
  delete object;
  fake_cuda::count_object(-1);
  return CUDNN_STATUS_SUCCESS;
}

fake_cuda::NumberType number_type(cudnnDataType_t type) {
  using fake_cuda::NumberType;
  if (type == CUDNN_DATA_FLOAT) return NumberType::float32;
  return type == CUDNN_DATA_HALF ? NumberType::float16 : NumberType::bfloat16;
}

bool is_channels_last(const cudnnTensorStruct& tensor) {
  return tensor.strides[1] == 1 && tensor.sizes[1] > 1;
}

int64_t last_of(const cudnnTensorStruct& tensor) {
  int64_t last = 0;
  for (size_t d = 0; d < tensor.sizes.size(); ++d)
    last += int64_t{tensor.sizes[d] - 1} * tensor.strides[d];
  return last;
}

struct Shapes {
  cudnnTensorStruct x;
  cudnnFilterStruct w;
  cudnnConvolutionStruct window;
  cudnnTensorStruct y;

  // Of what the library is asked for: whether it fits together.
  bool fit() const {
    const size_t rank = x.sizes.size();
    if (rank != y.sizes.size() || rank != w.sizes.size() || rank != window.padding.size() + 2 ||
        x.type != w.type || x.type != y.type || x.sizes[0] != y.sizes[0] ||
        w.sizes[0] != y.sizes[1] || w.sizes[1] * window.groups != x.sizes[1])
      return false;
    for (size_t d = 2; d < rank; ++d) {
      const int reach = (w.sizes[d] - 1) * window.gaps[d - 2] + 1;
      const int positions =
          (x.sizes[d] + 2 * window.padding[d - 2] - reach) / window.steps[d - 2] + 1;
      if (positions != y.sizes[d]) return false;
    }
    return true;
  }

  int64_t weight_at(int64_t filter, int64_t channel, const std::vector<int>& tap) const {
    const bool last = w.format == CUDNN_TENSOR_NHWC;
    int64_t at = last ? filter : filter * w.sizes[1] + channel;
    for (size_t d = 0; d < tap.size(); ++d) at = at * w.sizes[d + 2] + tap[d];
    return last ? at * w.sizes[1] + channel : at;
  }
};

// Which algorithms there are, with the workspace of each.
cudnnStatus_t workspace_of(const Shapes& shapes, cudnnConvolutionFwdAlgo_t algorithm,
                           size_t& bytes) {
  if (!shapes.fit()) return bad_parameter;
  const bool small = shapes.w.sizes.size() == 4 && shapes.w.sizes[2] == 3 && shapes.w.sizes[3] == 3;
  switch (algorithm) {
    case CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM:
      bytes = 0;
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM:
      bytes = 2048;
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_CONVOLUTION_FWD_ALGO_GEMM:
      bytes = 4096;
      return is_channels_last(shapes.x) ? not_supported : CUDNN_STATUS_SUCCESS;
    case CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD:
    case CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED:
      bytes = 8192;
      return small && !is_channels_last(shapes.x) ? CUDNN_STATUS_SUCCESS : not_supported;
    default:
      return not_supported;
  }
}

struct Convolution {
  Shapes shapes;
  float addend_factor = 0;
  const void *x = nullptr, *w = nullptr, *z = nullptr, *bias = nullptr;
  void *y = nullptr, *workspace = nullptr;
  size_t workspace_bytes = 0;
  bool relu = false;

  bool is_in_memory() const {
    const int64_t unit = fake_cuda::bytes_of(number_type(shapes.x.type));
    int64_t weights = 1;
    for (const int size : shapes.w.sizes) weights *= size;
    const int64_t result = (last_of(shapes.y) + 1) * unit;
    return fake_cuda::is_operand(x, (last_of(shapes.x) + 1) * unit) &&
           fake_cuda::is_operand(w, weights * unit) && fake_cuda::is_operand(y, result) &&
           (addend_factor == 0 || fake_cuda::is_operand(z, result)) &&
           (bias == nullptr || fake_cuda::is_operand(bias, shapes.y.sizes[1] * unit)) &&
           (workspace_bytes == 0 ||
            fake_cuda::is_operand(workspace, static_cast<int64_t>(workspace_bytes)));
  }

  float read(const void* base, int64_t at) const {
    const float value = fake_cuda::read_number(base, number_type(shapes.x.type), at);
    if (shapes.x.type != CUDNN_DATA_FLOAT || shapes.window.math == CUDNN_FMA_MATH) return value;
    return emulation::as_float(emulation::float_to_tf32(value));
  }

  // The next of a box's places, the last dimension first; false behind the last one.
  static bool advance(std::vector<int>& place, const int* sizes) {
    for (size_t d = place.size(); d-- > 0;) {
      if (++place[d] < sizes[d]) return true;
      place[d] = 0;
    }
    return false;
  }

  double at_tap(int item, int filter, const std::vector<int>& position,
                const std::vector<int>& tap) const {
    const cudnnTensorStruct& image = shapes.x;
    int64_t at = int64_t{item} * image.strides[0];
    for (size_t d = 0; d < tap.size(); ++d) {
      const int place = position[d] * shapes.window.steps[d] + tap[d] * shapes.window.gaps[d] -
                        shapes.window.padding[d];
      if (place < 0 || place >= image.sizes[d + 2]) return 0;
      at += int64_t{place} * image.strides[d + 2];
    }
    const int channels = shapes.w.sizes[1];
    const int first = filter / (shapes.w.sizes[0] / shapes.window.groups) * channels;
    double sum = 0;
    for (int c = 0; c < channels; ++c)
      sum += static_cast<double>(read(x, at + int64_t{first + c} * image.strides[1])) *
             read(w, shapes.weight_at(filter, c, tap));
    return sum;
  }

  float result(int item, int filter, const std::vector<int>& position, int64_t at) const {
    double sum = fake_cuda::setting("cudnn_wrong", 0) != 0 ? 0.5 : 0;
    std::vector<int> tap(position.size(), 0);
    do sum += at_tap(item, filter, position, tap);
    while (advance(tap, shapes.w.sizes.data() + 2));
    const auto type = number_type(shapes.y.type);
    auto value = static_cast<float>(sum);
    if (addend_factor != 0) value += addend_factor * fake_cuda::read_number(z, type, at);
    if (bias != nullptr) value += fake_cuda::read_number(bias, type, filter);
    return relu && value < 0 ? 0 : value;
  }

  void run() const {
    if (workspace_bytes > 0) std::memset(workspace, 0xff, workspace_bytes);
    const cudnnTensorStruct& image = shapes.y;
    for (int item = 0; item < image.sizes[0]; ++item)
      for (int filter = 0; filter < image.sizes[1]; ++filter) {
        std::vector<int> position(image.sizes.size() - 2, 0);
        do {
          int64_t at = int64_t{item} * image.strides[0] + int64_t{filter} * image.strides[1];
          for (size_t d = 0; d < position.size(); ++d)
            at += int64_t{position[d]} * image.strides[d + 2];
          fake_cuda::write_number(y, number_type(image.type), at,
                                  result(item, filter, position, at));
        } while (advance(position, image.sizes.data() + 2));
      }
  }
};

cudnnStatus_t convolve(cudnnHandle_t handle, cudnnConvolutionFwdAlgo_t algorithm,
                       const Convolution& work) {
  size_t needed = 0;
  if (const auto status = workspace_of(work.shapes, algorithm, needed); status != 0) return status;
  if (!work.is_in_memory() || work.workspace_bytes < needed || !is_stream(handle->stream))
    return bad_parameter;
  const CUresult submitted = submit(handle->stream, [work] {
    const Access access;
    work.run();
    return CUDA_SUCCESS;
  });
  return submitted == CUDA_SUCCESS ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED;
}

}  // namespace
}  // namespace cermet::cuda

using namespace cermet::cuda;

#define FAKE_CALL(name) \
  if (const int status = fake_cuda::begin_call(name); status != 0) return status

// NOLINTBEGIN(readability-identifier-naming): the library's names
extern "C" {

size_t cudnnGetVersion() { return static_cast<size_t>(fake_cuda::setting("cudnn_version", 91900)); }

const char* cudnnGetErrorString(cudnnStatus_t status) {
  if (status == not_supported) return "CUDNN_STATUS_NOT_SUPPORTED";
  return status == bad_parameter ? "CUDNN_STATUS_BAD_PARAM" : "CUDNN_STATUS_EXECUTION_FAILED";
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  if (const int status = fake_cuda::begin_call_on_card("cudnnCreate", not_initialized); status != 0)
    return status;
  *handle = new cudnnContext;
  fake_cuda::count_object(1);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) { return destroy(handle); }

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, CUstream stream) {
  FAKE_CALL("cudnnSetStream");
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* descriptor) {
  return create("cudnnCreateTensorDescriptor", descriptor);
}
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t descriptor) {
  return destroy(descriptor);
}
cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t descriptor, cudnnDataType_t type,
                                         int count, const int* sizes, const int* strides) {
  FAKE_CALL("cudnnSetTensorNdDescriptor");
  if (count < 4 || count > 5) return bad_parameter;
  *descriptor = {type, {sizes, sizes + count}, {strides, strides + count}};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* descriptor) {
  return create("cudnnCreateFilterDescriptor", descriptor);
}
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t descriptor) {
  return destroy(descriptor);
}
cudnnStatus_t cudnnSetFilterNdDescriptor(cudnnFilterDescriptor_t descriptor, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int count, const int* sizes) {
  FAKE_CALL("cudnnSetFilterNdDescriptor");
  *descriptor = {type, format, {sizes, sizes + count}};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* descriptor) {
  return create("cudnnCreateConvolutionDescriptor", descriptor);
}
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t descriptor) {
  return destroy(descriptor);
}
cudnnStatus_t cudnnSetConvolutionNdDescriptor(cudnnConvolutionDescriptor_t descriptor, int count,
                                              const int* padding, const int* steps, const int* gaps,
                                              cudnnConvolutionMode_t mode,
                                              cudnnDataType_t compute) {
  FAKE_CALL("cudnnSetConvolutionNdDescriptor");
  if (mode != CUDNN_CROSS_CORRELATION || compute != CUDNN_DATA_FLOAT) return not_supported;
  descriptor->padding.assign(padding, padding + count);
  descriptor->steps.assign(steps, steps + count);
  descriptor->gaps.assign(gaps, gaps + count);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t descriptor, int groups) {
  FAKE_CALL("cudnnSetConvolutionGroupCount");
  descriptor->groups = groups;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t descriptor,
                                          cudnnMathType_t type) {
  FAKE_CALL("cudnnSetConvolutionMathType");
  descriptor->math = type;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t* descriptor) {
  return create("cudnnCreateActivationDescriptor", descriptor);
}
cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t descriptor) {
  return destroy(descriptor);
}
cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t descriptor,
                                           cudnnActivationMode_t mode, cudnnNanPropagation_t,
                                           double) {
  FAKE_CALL("cudnnSetActivationDescriptor");
  descriptor->mode = mode;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, cudnnTensorDescriptor_t x,
                                                      cudnnFilterDescriptor_t w,
                                                      cudnnConvolutionDescriptor_t convolution,
                                                      cudnnTensorDescriptor_t y,
                                                      cudnnConvolutionFwdAlgo_t algorithm,
                                                      size_t* bytes) {
  FAKE_CALL("cudnnGetConvolutionForwardWorkspaceSize");
  return workspace_of({*x, *w, *convolution, *y}, algorithm, *bytes);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void*,
                                      cudnnTensorDescriptor_t x_descriptor, const void* x,
                                      cudnnFilterDescriptor_t w_descriptor, const void* w,
                                      cudnnConvolutionDescriptor_t convolution,
                                      cudnnConvolutionFwdAlgo_t algorithm, void* workspace,
                                      size_t workspace_bytes, const void*,
                                      cudnnTensorDescriptor_t y_descriptor, void* y) {
  const Call call("cudnnConvolutionForward");
  if (call.error != 0) return call.error;
  Convolution work{{*x_descriptor, *w_descriptor, *convolution, *y_descriptor}};
  work.x = x;
  work.w = w;
  work.y = y;
  work.workspace = workspace;
  work.workspace_bytes = workspace_bytes;
  return convolve(handle, algorithm, work);
}

cudnnStatus_t cudnnConvolutionBiasActivationForward(
    cudnnHandle_t handle, const void*, cudnnTensorDescriptor_t x_descriptor, const void* x,
    cudnnFilterDescriptor_t w_descriptor, const void* w, cudnnConvolutionDescriptor_t convolution,
    cudnnConvolutionFwdAlgo_t algorithm, void* workspace, size_t workspace_bytes, const void* beta,
    cudnnTensorDescriptor_t, const void* z, cudnnTensorDescriptor_t bias_descriptor,
    const void* bias, cudnnActivationDescriptor_t activation, cudnnTensorDescriptor_t y_descriptor,
    void* y) {
  const Call call("cudnnConvolutionBiasActivationForward");
  if (call.error != 0) return call.error;
  if (bias_descriptor->sizes[1] != y_descriptor->sizes[1]) return bad_parameter;
  const bool relu = activation->mode == CUDNN_ACTIVATION_RELU;
  if (!relu && algorithm != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM) return not_supported;
  const Convolution work{{*x_descriptor, *w_descriptor, *convolution, *y_descriptor},
                         *static_cast<const float*>(beta),
                         x,
                         w,
                         z,
                         bias,
                         y,
                         workspace,
                         workspace_bytes,
                         relu};
  return convolve(handle, algorithm, work);
}
}
// NOLINTEND(readability-identifier-naming)
