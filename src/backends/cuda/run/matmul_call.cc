// Products by cuBLASLt:
//   result[b][row][column] = epilogue(sum over depth of left[b][row][depth] *
//   right[b][depth][column]
//                                     + addend[b][row][column] + bias[column])
// Sizes: type (of the factors, as ElementType), result_type (also of addend and bias), tf32, rows,
// columns, depth, batch; left_pitch between rows, or where left_turned between places of the depth,
// left_step between items of the batch; right_* likewise, where right_turned says that pitches are
// between columns; result_pitch, result_step; epilogue, as cublasLtEpilogue_t; rank, which of the
// algorithms that the library offers is taken, 0 being its first choice. Steps and pitches are in
// elements. Arguments: left, right, result, bias, addend.
//
// Sums are float32. Pointers are aligned to 16 bytes. The algorithm is a cublasLtMatmulAlgo_t.
#include <cstring>
#include <optional>

#include "backends/cuda/run/cublaslt.h"
#include "backends/cuda/run/library_calls.h"
#include "base/error.h"
#include "cermet/element_type.h"

namespace cermet::cuda {
namespace {

constexpr uint64_t most_workspace_bytes = uint64_t{32} << 20;
constexpr uint32_t alignment = 16;
constexpr int most_algorithms = 16;

cudaDataType_t type_of(int64_t type) {
  switch (static_cast<ElementType>(type)) {
    case ElementType::float32:
      return CUDA_R_32F;
    case ElementType::float16:
      return CUDA_R_16F;
    case ElementType::bfloat16:
      return CUDA_R_16BF;
    default:
      fail(ErrorCode::invalid_engine, "matmul of cublaslt: there is no type {}", type);
  }
}

using Description =
    LibraryHandle<CublasLtCalls, cublasLtMatmulDesc_t, &CublasLtCalls::cublasLtMatmulDescDestroy>;
using MatrixLayout = LibraryHandle<CublasLtCalls, cublasLtMatrixLayout_t,
                                   &CublasLtCalls::cublasLtMatrixLayoutDestroy>;
using Preference = LibraryHandle<CublasLtCalls, cublasLtMatmulPreference_t,
                                 &CublasLtCalls::cublasLtMatmulPreferenceDestroy>;

// The library's matrices lie by columns, so the right factor is its A, the left one its B, and the
// result's rows are its columns.
class BoundMatmul : public BoundCall {
 public:
  BoundMatmul(std::shared_ptr<const CublasLt> library, const LibraryCall& call,
              const CallSizes& sizes)
      : library_(std::move(library)) {
    empty_ = sizes.get("rows") == 0 || sizes.get("columns") == 0 || sizes.get("batch") == 0;
    if (empty_) return;
    has_bias_ = (sizes.get("epilogue") & CUBLASLT_EPILOGUE_BIAS) != 0;
    require(call.arguments.size() == 5, ErrorCode::invalid_engine,
            "matmul of cublaslt: expected 5 arguments, got {}", call.arguments.size());
    describe(sizes);
    lay_out(sizes);
    choose(call, sizes);
  }

  size_t workspace_bytes() const override { return workspace_bytes_; }

  void run(std::span<void* const> pointers, void* workspace, CUstream stream) override {
    if (empty_) return;
    const void *left = pointers[0], *right = pointers[1], *addend = pointers[4];
    void* const result = pointers[2];
    if (has_bias_) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, pointers[3]);
    const float one = 1, addend_factor = addend != nullptr ? 1.0F : 0.0F;
    check(calls().cublasLtMatmul(library_->handle(), description_.get(), &one, right, a_.get(),
                                 left, b_.get(), &addend_factor,
                                 addend != nullptr ? addend : result, d_.get(), result, d_.get(),
                                 &algorithm_, workspace, workspace_bytes_, stream),
          "multiplying matrices");
  }

  std::string algorithm() const override {
    if (empty_) return {};
    return {reinterpret_cast<const char*>(&algorithm_), sizeof(algorithm_)};
  }

 private:
  const CublasLtCalls& calls() const { return library_->calls(); }
  void check(cublasStatus_t status, const char* what) const { library_->check(status, what); }

  template <class Value>
  void set(cublasLtMatmulDescAttributes_t attribute, Value value) {
    check(calls().cublasLtMatmulDescSetAttribute(description_.get(), attribute, &value,
                                                 sizeof(value)),
          "describing a product");
  }

  void describe(const CallSizes& sizes) {
    cublasLtMatmulDesc_t made = nullptr;
    check(calls().cublasLtMatmulDescCreate(
              &made, sizes.get("tf32") != 0 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F,
              CUDA_R_32F),
          "describing a product");
    description_ = {calls(), made};
    // Their own way to lie is that of a right factor whose pitch is between rows, and of a left
    // one.
    const auto turn = [](bool turned) { return turned ? CUBLAS_OP_T : CUBLAS_OP_N; };
    set(CUBLASLT_MATMUL_DESC_TRANSA, turn(sizes.get("right_turned") != 0));
    set(CUBLASLT_MATMUL_DESC_TRANSB, turn(sizes.get("left_turned") != 0));
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, sizes.get_int("epilogue"));
    // The choice of an algorithm looks at how the address is aligned, and at nothing else of it.
    if (has_bias_) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, uintptr_t{alignment});
  }

  MatrixLayout layout(cudaDataType_t type, int64_t inner, int64_t outer, int64_t pitch,
                      int64_t step, int batch) {
    cublasLtMatrixLayout_t made = nullptr;
    // The pitch of a single line may be anything, and the library wants it to hold the line.
    if (outer == 1) pitch = std::max(pitch, inner);
    check(calls().cublasLtMatrixLayoutCreate(&made, type, static_cast<uint64_t>(inner),
                                             static_cast<uint64_t>(outer), pitch),
          "describing a matrix");
    MatrixLayout result(calls(), made);
    if (batch == 1) return result;
    check(calls().cublasLtMatrixLayoutSetAttribute(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch,
                                                   sizeof(batch)),
          "describing a batch");
    check(calls().cublasLtMatrixLayoutSetAttribute(
              made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &step, sizeof(step)),
          "describing a batch");
    return result;
  }

  void lay_out(const CallSizes& sizes) {
    const int64_t rows = sizes.get("rows"), columns = sizes.get("columns"),
                  depth = sizes.get("depth", 1);
    const int batch = sizes.get_int("batch", 1);
    const cudaDataType_t type = type_of(sizes.get("type"));
    const auto factor = [&](const std::string& name, int64_t inner, int64_t outer) {
      if (sizes.get((name + "_turned").c_str()) != 0) std::swap(inner, outer);
      return layout(type, inner, outer, sizes.get((name + "_pitch").c_str()),
                    sizes.get((name + "_step").c_str()), batch);
    };
    a_ = factor("right", columns, depth);
    b_ = factor("left", depth, rows);
    d_ = layout(type_of(sizes.get("result_type")), columns, rows, sizes.get("result_pitch"),
                sizes.get("result_step"), batch);
  }

  void choose(const LibraryCall& call, const CallSizes& sizes) {
    const bool is_known = call.algorithm.size() == sizeof(algorithm_) &&
                          call.version == calls().version() && call.algorithm_sizes == sizes.all();
    if (is_known && recall(call.algorithm)) return;
    const int rank = sizes.get_int("rank");
    ask(call.algorithm.empty() ? rank : 0);
  }

  // Whether the library takes the algorithm, on this card too.
  bool recall(const std::string& bytes) {
    std::memcpy(&algorithm_, bytes.data(), sizeof(algorithm_));
    cublasLtMatmulHeuristicResult_t found{};
    if (calls().cublasLtMatmulAlgoCheck(library_->handle(), description_.get(), a_.get(), b_.get(),
                                        d_.get(), d_.get(), &algorithm_,
                                        &found) != CUBLAS_STATUS_SUCCESS ||
        found.workspaceSize > most_workspace_bytes)
      return false;
    workspace_bytes_ = found.workspaceSize;
    return true;
  }

  Preference preference() const {
    cublasLtMatmulPreference_t made = nullptr;
    check(calls().cublasLtMatmulPreferenceCreate(&made), "asking for algorithms");
    Preference result(calls(), made);
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
      check(calls().cublasLtMatmulPreferenceSetAttribute(made, attribute, &value, sizeof(value)),
            "asking for algorithms");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, most_workspace_bytes);
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    for (const auto attribute :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(attribute, alignment);
    return result;
  }

  void ask(int rank) {
    require(rank < most_algorithms, ErrorCode::invalid_engine,
            "matmul of cublaslt: rank: expected less than {}, got {}", most_algorithms, rank);
    const Preference wish = preference();
    std::array<cublasLtMatmulHeuristicResult_t, most_algorithms> offers{};
    int count = 0;
    check(calls().cublasLtMatmulAlgoGetHeuristic(library_->handle(), description_.get(), a_.get(),
                                                 b_.get(), d_.get(), d_.get(), wish.get(), rank + 1,
                                                 offers.data(), &count),
          "asking for algorithms");
    require(count > rank, ErrorCode::unsupported,
            "cuBLASLt {} offers {} algorithms for this product, number {} was asked for",
            library_version(calls().version()), count, rank + 1);
    const cublasLtMatmulHeuristicResult_t& offer = offers[static_cast<size_t>(rank)];
    check(offer.state, "choosing an algorithm");
    algorithm_ = offer.algo;
    workspace_bytes_ = offer.workspaceSize;
  }

  std::shared_ptr<const CublasLt> library_;
  bool empty_ = false, has_bias_ = false;
  Description description_;
  MatrixLayout a_, b_, d_;
  cublasLtMatmulAlgo_t algorithm_{};
  size_t workspace_bytes_ = 0;
};

}  // namespace

std::unique_ptr<BoundCall> bind_matmul(std::shared_ptr<const CublasLt> library,
                                       const LibraryCall& call, const CallSizes& sizes) {
  return std::make_unique<BoundMatmul>(std::move(library), call, sizes);
}

}  // namespace cermet::cuda
