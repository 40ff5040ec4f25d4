// The calls of cuDNN that Cermet makes, by its own names, as cuDNN 9 documents them. Nothing of its
// headers is included.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/cuda/run/driver_api.h"

namespace cermet::cuda {

// NOLINTBEGIN(readability-identifier-naming): the library's names
using cudnnStatus_t = int;
using cudnnHandle_t = struct cudnnContext*;
using cudnnTensorDescriptor_t = struct cudnnTensorStruct*;
using cudnnFilterDescriptor_t = struct cudnnFilterStruct*;
using cudnnConvolutionDescriptor_t = struct cudnnConvolutionStruct*;
using cudnnActivationDescriptor_t = struct cudnnActivationStruct*;

inline constexpr cudnnStatus_t CUDNN_STATUS_SUCCESS = 0;
// From these on come the reasons of one kind: bad parameters, what is not supported, internal
// errors, failed executions.
inline constexpr cudnnStatus_t CUDNN_STATUS_BAD_PARAM = 2000;
inline constexpr cudnnStatus_t CUDNN_STATUS_NOT_SUPPORTED = 3000;
inline constexpr cudnnStatus_t CUDNN_STATUS_INTERNAL_ERROR = 4000;
inline constexpr cudnnStatus_t CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED = 4004;
inline constexpr cudnnStatus_t CUDNN_STATUS_EXECUTION_FAILED = 5000;

enum cudnnDataType_t : int { CUDNN_DATA_FLOAT = 0, CUDNN_DATA_HALF = 2, CUDNN_DATA_BFLOAT16 = 9 };
enum cudnnTensorFormat_t : int { CUDNN_TENSOR_NCHW = 0, CUDNN_TENSOR_NHWC = 1 };
enum cudnnConvolutionMode_t : int { CUDNN_CROSS_CORRELATION = 1 };
enum cudnnMathType_t : int {
  CUDNN_DEFAULT_MATH = 0,  // TF32 for float32
  CUDNN_TENSOR_OP_MATH = 1,
  CUDNN_FMA_MATH = 3,
};
enum cudnnActivationMode_t : int { CUDNN_ACTIVATION_RELU = 1, CUDNN_ACTIVATION_IDENTITY = 5 };
enum cudnnNanPropagation_t : int { CUDNN_PROPAGATE_NAN = 1 };
enum cudnnConvolutionFwdAlgo_t : int {
  CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM = 0,
  CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM = 1,
  CUDNN_CONVOLUTION_FWD_ALGO_GEMM = 2,
  CUDNN_CONVOLUTION_FWD_ALGO_FFT = 4,
  CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING = 5,
  CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD = 6,
  CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED = 7,
};

// X(result, name, parameters): what the library has to have under that name.
#define CERMET_CUDNN_CALLS(X)                                                                      \
  X(size_t, cudnnGetVersion, ())                                                                   \
  X(const char*, cudnnGetErrorString, (cudnnStatus_t status))                                      \
  X(cudnnStatus_t, cudnnCreate, (cudnnHandle_t * handle))                                          \
  X(cudnnStatus_t, cudnnDestroy, (cudnnHandle_t handle))                                           \
  X(cudnnStatus_t, cudnnSetStream, (cudnnHandle_t handle, CUstream stream))                        \
  X(cudnnStatus_t, cudnnCreateTensorDescriptor, (cudnnTensorDescriptor_t * descriptor))            \
  X(cudnnStatus_t, cudnnDestroyTensorDescriptor, (cudnnTensorDescriptor_t descriptor))             \
  X(cudnnStatus_t, cudnnSetTensorNdDescriptor,                                                     \
    (cudnnTensorDescriptor_t descriptor, cudnnDataType_t type, int count, const int* sizes,        \
     const int* strides))                                                                          \
  X(cudnnStatus_t, cudnnCreateFilterDescriptor, (cudnnFilterDescriptor_t * descriptor))            \
  X(cudnnStatus_t, cudnnDestroyFilterDescriptor, (cudnnFilterDescriptor_t descriptor))             \
  X(cudnnStatus_t, cudnnSetFilterNdDescriptor,                                                     \
    (cudnnFilterDescriptor_t descriptor, cudnnDataType_t type, cudnnTensorFormat_t format,         \
     int count, const int* sizes))                                                                 \
  X(cudnnStatus_t, cudnnCreateConvolutionDescriptor, (cudnnConvolutionDescriptor_t * descriptor))  \
  X(cudnnStatus_t, cudnnDestroyConvolutionDescriptor, (cudnnConvolutionDescriptor_t descriptor))   \
  X(cudnnStatus_t, cudnnSetConvolutionNdDescriptor,                                                \
    (cudnnConvolutionDescriptor_t descriptor, int count, const int* padding, const int* steps,     \
     const int* gaps, cudnnConvolutionMode_t mode, cudnnDataType_t compute))                       \
  X(cudnnStatus_t, cudnnSetConvolutionGroupCount,                                                  \
    (cudnnConvolutionDescriptor_t descriptor, int groups))                                         \
  X(cudnnStatus_t, cudnnSetConvolutionMathType,                                                    \
    (cudnnConvolutionDescriptor_t descriptor, cudnnMathType_t type))                               \
  X(cudnnStatus_t, cudnnCreateActivationDescriptor, (cudnnActivationDescriptor_t * descriptor))    \
  X(cudnnStatus_t, cudnnDestroyActivationDescriptor, (cudnnActivationDescriptor_t descriptor))     \
  X(cudnnStatus_t, cudnnSetActivationDescriptor,                                                   \
    (cudnnActivationDescriptor_t descriptor, cudnnActivationMode_t mode,                           \
     cudnnNanPropagation_t nan, double limit))                                                     \
  X(cudnnStatus_t, cudnnGetConvolutionForwardWorkspaceSize,                                        \
    (cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,                   \
     cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y,                          \
     cudnnConvolutionFwdAlgo_t algorithm, size_t* bytes))                                          \
  X(cudnnStatus_t, cudnnConvolutionForward,                                                        \
    (cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_descriptor, const void* x, \
     cudnnFilterDescriptor_t w_descriptor, const void* w,                                          \
     cudnnConvolutionDescriptor_t convolution, cudnnConvolutionFwdAlgo_t algorithm,                \
     void* workspace, size_t workspace_bytes, const void* beta,                                    \
     cudnnTensorDescriptor_t y_descriptor, void* y))                                               \
  X(cudnnStatus_t, cudnnConvolutionBiasActivationForward,                                          \
    (cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_descriptor, const void* x, \
     cudnnFilterDescriptor_t w_descriptor, const void* w,                                          \
     cudnnConvolutionDescriptor_t convolution, cudnnConvolutionFwdAlgo_t algorithm,                \
     void* workspace, size_t workspace_bytes, const void* beta,                                    \
     cudnnTensorDescriptor_t z_descriptor, const void* z, cudnnTensorDescriptor_t bias_descriptor, \
     const void* bias, cudnnActivationDescriptor_t activation,                                     \
     cudnnTensorDescriptor_t y_descriptor, void* y))

// NOLINTEND(readability-identifier-naming)

}  // namespace cermet::cuda
