// A library with the names of cuBLASLt that multiplies matrices in the emulated card's memory.
//
// cublaslt_version=N     as it counts: 130100
// cublaslt_algorithms=N  how many it offers for each product
// cublaslt_wrong=1       every result is off by a half
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "backends/cuda/run/cublaslt_api.h"
#include "driver/pool.h"
#include "driver/state.h"
#include "libraries/library.h"
#include "machine/numbers.h"
#include "settings.h"

namespace cermet::cuda {

// NOLINTBEGIN(readability-identifier-naming): the library's names
struct cublasLtContext {};
struct cublasLtMatmulDescOpaque {
  cublasComputeType_t compute;
  std::array<int, 2> turned{};  // of A and B
  int epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;
};
struct cublasLtMatrixLayoutOpaque {
  cudaDataType_t type;
  int64_t rows, columns, pitch;
  int32_t batch = 1;
  int64_t step = 0;
};
struct cublasLtMatmulPreferenceOpaque {
  uint64_t workspace = 0;
  uint32_t schemes = ~0U;
  std::array<uint32_t, 4> alignment{256, 256, 256, 256};
};
// NOLINTEND(readability-identifier-naming)

namespace {

constexpr cublasStatus_t not_initialized = 1;
constexpr uint64_t magic = 0x6c6162656c746c74;
constexpr size_t workspace_of_algorithm = 1024;

template <class T>
cublasStatus_t create(T** into, T value) {
  *into = new T(std::move(value));
  fake_cuda::count_object(1);
  return CUBLAS_STATUS_SUCCESS;
}

template <class T>
cublasStatus_t destroy(T* object) {
  delete object;
  fake_cuda::count_object(-1);
  return CUBLAS_STATUS_SUCCESS;
}

template <class T>
cublasStatus_t take(T& into, const void* value, size_t bytes) {
  if (bytes != sizeof(T)) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&into, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

int64_t version() { return fake_cuda::setting("cublaslt_version", 130100); }

fake_cuda::NumberType number_type(cudaDataType_t type) {
  using fake_cuda::NumberType;
  if (type == CUDA_R_32F) return NumberType::float32;
  return type == CUDA_R_16F ? NumberType::float16 : NumberType::bfloat16;
}

struct Matrices {
  cublasLtMatmulDescOpaque product;
  cublasLtMatrixLayoutOpaque a, b, c, d;

  int64_t rows() const { return d.rows; }
  int64_t columns() const { return d.columns; }
  int64_t depth() const { return product.turned[0] != 0 ? a.rows : a.columns; }

  bool fit() const {
    const auto outer = [](const cublasLtMatrixLayoutOpaque& m, bool turned) {
      return turned ? m.columns : m.rows;
    };
    const auto lies = [&](const cublasLtMatrixLayoutOpaque& m) {
      return m.rows > 0 && m.columns > 0 && m.pitch >= m.rows && m.batch == d.batch;
    };
    const int64_t depth_of_b = product.turned[1] != 0 ? b.columns : b.rows;
    const int64_t columns_of_b = product.turned[1] != 0 ? b.rows : b.columns;
    return lies(a) && lies(b) && lies(c) && lies(d) && a.type == b.type && c.type == d.type &&
           outer(a, product.turned[0] != 0) == d.rows && depth() == depth_of_b &&
           columns_of_b == d.columns && c.rows == d.rows && c.columns == d.columns;
  }
};

int64_t bytes_of(const cublasLtMatrixLayoutOpaque& m) {
  const int64_t last = (m.batch - 1) * m.step + (m.columns - 1) * m.pitch + m.rows - 1;
  return (last + 1) * fake_cuda::bytes_of(number_type(m.type));
}

float activated(float value, int epilogue) {
  if ((epilogue & CUBLASLT_EPILOGUE_RELU) != 0)
    return std::isnan(value) ? value : std::max(value, 0.0F);
  if ((epilogue & CUBLASLT_EPILOGUE_GELU) == 0) return value;
  const double x = value;
  return static_cast<float>(0.5 * x *
                            (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))));
}

struct Multiplication {
  Matrices shape;
  float alpha, beta;
  const void *a, *b, *c;
  void *d, *workspace;
  size_t workspace_bytes;

  float factor(const cublasLtMatrixLayoutOpaque& m, const void* base, bool turned, int64_t row,
               int64_t column, int64_t item) const {
    if (turned) std::swap(row, column);
    const float value =
        fake_cuda::read_number(base, number_type(m.type), item * m.step + column * m.pitch + row);
    if (shape.product.compute != CUBLAS_COMPUTE_32F_FAST_TF32) return value;
    return emulation::as_float(emulation::float_to_tf32(value));
  }

  float sum(int64_t item, int64_t row, int64_t column) const {
    double sum = 0;
    for (int64_t k = 0; k < shape.depth(); ++k)
      sum += static_cast<double>(factor(shape.a, a, shape.product.turned[0] != 0, row, k, item)) *
             factor(shape.b, b, shape.product.turned[1] != 0, k, column, item);
    return static_cast<float>(sum);
  }

  void run() const {
    const auto type = number_type(shape.d.type);
    const float wrong = fake_cuda::setting("cublaslt_wrong", 0) != 0 ? 0.5F : 0.0F;
    std::memset(workspace, 0xff, workspace_bytes);
    for (int64_t item = 0; item < shape.d.batch; ++item)
      for (int64_t column = 0; column < shape.columns(); ++column)
        for (int64_t row = 0; row < shape.rows(); ++row) {
          const int64_t at = item * shape.d.step + column * shape.d.pitch + row;
          float value = alpha * sum(item, row, column) + wrong;
          if (beta != 0) value += beta * fake_cuda::read_number(c, type, at);
          if ((shape.product.epilogue & CUBLASLT_EPILOGUE_BIAS) != 0)
            value += fake_cuda::read_number(shape.product.bias, type, row);
          fake_cuda::write_number(d, type, at, activated(value, shape.product.epilogue));
        }
  }

  bool is_in_memory() const {
    const auto& bias = shape.product.bias;
    const int64_t bias_bytes = shape.rows() * fake_cuda::bytes_of(number_type(shape.d.type));
    return fake_cuda::is_operand(a, bytes_of(shape.a)) &&
           fake_cuda::is_operand(b, bytes_of(shape.b)) &&
           (beta == 0 || fake_cuda::is_operand(c, bytes_of(shape.c))) &&
           fake_cuda::is_operand(d, bytes_of(shape.d)) &&
           reinterpret_cast<uintptr_t>(workspace) % 256 == 0 &&
           fake_cuda::is_operand(workspace, static_cast<int64_t>(workspace_bytes)) &&
           ((shape.product.epilogue & CUBLASLT_EPILOGUE_BIAS) == 0 ||
            fake_cuda::is_operand(bias, bias_bytes));
  }
};

cublasLtMatmulHeuristicResult_t algorithm(int rank) {
  cublasLtMatmulHeuristicResult_t result{};
  result.algo.data[0] = magic;
  result.algo.data[1] = static_cast<uint64_t>(rank);
  result.algo.data[2] = static_cast<uint64_t>(version());
  result.workspaceSize = workspace_of_algorithm * static_cast<size_t>(rank + 1);
  return result;
}

bool is_algorithm(const cublasLtMatmulAlgo_t& algo) {
  return algo.data[0] == magic && algo.data[2] == static_cast<uint64_t>(version()) &&
         static_cast<int64_t>(algo.data[1]) < fake_cuda::setting("cublaslt_algorithms", 4);
}

}  // namespace
}  // namespace cermet::cuda

using namespace cermet::cuda;

#define FAKE_CALL(name) \
  if (const int status = fake_cuda::begin_call(name); status != 0) return status

// NOLINTBEGIN(readability-identifier-naming): the library's names
extern "C" {

size_t cublasLtGetVersion() { return static_cast<size_t>(version()); }

const char* cublasLtGetStatusName(cublasStatus_t status) {
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) return "CUBLAS_STATUS_NOT_SUPPORTED";
  return status == CUBLAS_STATUS_ALLOC_FAILED ? "CUBLAS_STATUS_ALLOC_FAILED"
                                              : "CUBLAS_STATUS_EXECUTION_FAILED";
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  if (const int status = fake_cuda::begin_call_on_card("cublasLtCreate", not_initialized);
      status != 0)
    return status;
  return create(handle, cublasLtContext{});
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) { return destroy(handle); }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* description,
                                        cublasComputeType_t compute, cudaDataType_t scale) {
  FAKE_CALL("cublasLtMatmulDescCreate");
  if (scale != CUDA_R_32F) return CUBLAS_STATUS_NOT_SUPPORTED;
  return create(description, cublasLtMatmulDescOpaque{compute});
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description) {
  return destroy(description);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t description,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t bytes) {
  FAKE_CALL("cublasLtMatmulDescSetAttribute");
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return take(description->turned[0], value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return take(description->turned[1], value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return take(description->epilogue, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return take(description->bias, value, bytes);
  }
  return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type,
                                          uint64_t rows, uint64_t columns, int64_t pitch) {
  FAKE_CALL("cublasLtMatrixLayoutCreate");
  return create(layout, cublasLtMatrixLayoutOpaque{type, static_cast<int64_t>(rows),
                                                   static_cast<int64_t>(columns), pitch});
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  return destroy(layout);
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute,
                                                const void* value, size_t bytes) {
  FAKE_CALL("cublasLtMatrixLayoutSetAttribute");
  return attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT ? take(layout->batch, value, bytes)
                                                         : take(layout->step, value, bytes);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  FAKE_CALL("cublasLtMatmulPreferenceCreate");
  return create(preference, cublasLtMatmulPreferenceOpaque{});
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return destroy(preference);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, size_t bytes) {
  FAKE_CALL("cublasLtMatmulPreferenceSetAttribute");
  if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
    return take(preference->workspace, value, bytes);
  if (attribute == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK)
    return take(preference->schemes, value, bytes);
  return take(preference->alignment.at(attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES),
              value, bytes);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t description,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t* results,
                                              int* found) {
  FAKE_CALL("cublasLtMatmulAlgoGetHeuristic");
  *found = 0;
  if (!Matrices{*description, *a, *b, *c, *d}.fit()) return CUBLAS_STATUS_INVALID_VALUE;
  const auto offered = static_cast<int>(fake_cuda::setting("cublaslt_algorithms", 4));
  for (int rank = 0; rank < std::min(wanted, offered); ++rank)
    if (algorithm(rank).workspaceSize <= preference->workspace)
      results[(*found)++] = algorithm(rank);
  return *found > 0 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t description,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                       cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                       const cublasLtMatmulAlgo_t* algo,
                                       cublasLtMatmulHeuristicResult_t* result) {
  FAKE_CALL("cublasLtMatmulAlgoCheck");
  if (!Matrices{*description, *a, *b, *c, *d}.fit() || !is_algorithm(*algo))
    return CUBLAS_STATUS_NOT_SUPPORTED;
  *result = algorithm(static_cast<int>(algo->data[1]));
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t description, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* algo,
                              void* workspace, size_t workspace_bytes, CUstream stream) {
  const Call call("cublasLtMatmul");
  if (call.error != 0) return call.error;
  const Multiplication work{{*description, *a_layout, *b_layout, *c_layout, *d_layout},
                            *static_cast<const float*>(alpha),
                            *static_cast<const float*>(beta),
                            a,
                            b,
                            c,
                            d,
                            workspace,
                            workspace_bytes};
  if (!is_algorithm(*algo) || !work.shape.fit() || !work.is_in_memory() || !is_stream(stream) ||
      workspace_bytes < algorithm(static_cast<int>(algo->data[1])).workspaceSize)
    return CUBLAS_STATUS_INVALID_VALUE;
  const CUresult submitted = submit(stream, [work] {
    const Access access;
    work.run();
    return CUDA_SUCCESS;
  });
  return submitted == CUDA_SUCCESS ? CUBLAS_STATUS_SUCCESS : 13;
}
}
// NOLINTEND(readability-identifier-naming)
