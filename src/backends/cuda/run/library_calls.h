// Calls of cuBLASLt and cuDNN that steps make in place of launches.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "backends/cuda/run/device.h"
#include "expr/dim.h"
#include "plan/plan.h"

namespace cermet::cuda {

class CublasLt;
class Cudnn;

// What cuBLASLt asks for, and more than a step's workspace has.
inline constexpr size_t workspace_alignment = 256;
// Bytes in which so many can be aligned.
constexpr size_t with_alignment(size_t bytes) {
  return bytes == 0 ? 0 : bytes + workspace_alignment;
}

// A call at one set of shapes. Belongs to one context.
class BoundCall {
 public:
  virtual ~BoundCall() = default;
  virtual size_t workspace_bytes() const = 0;
  // `pointers` are those of the call's arguments, nullptr where absent; the workspace is aligned to
  // workspace_alignment. Puts the work into the
  // stream, which may be captured; allocates nothing.
  virtual void run(std::span<void* const> pointers, void* workspace, CUstream stream) = 0;
  // The algorithm that was taken, for LibraryCall::algorithm; empty where the call says it all.
  virtual std::string algorithm() const { return {}; }
};

// Both libraries count major * 10000 + minor * 100 + patch: "13.1.0".
std::string library_version(int64_t version);
// "cuBLASLt 13.1.0 or newer", for what an engine requires of a machine.
std::string requirement_text(const LibraryCall& call);

// The libraries that a plan's steps call, open on one card. Safe to share between threads.
class CallLibraries {
 public:
  // Throws device naming library, version and a step where one is missing or too old.
  CallLibraries(const DevicePointer& device, const Plan& plan);

  // `symbols` are the sizes of the step's operands. Throws unsupported where the library has no
  // algorithm for these, invalid_engine where the call is none that it makes.
  std::unique_ptr<BoundCall> bind(const LibraryCall& call, const SymbolValues& symbols) const;
  // The version of the library that makes the call.
  int64_t version_of(const LibraryCall& call) const;

 private:
  std::shared_ptr<const CublasLt> cublaslt_;
  std::shared_ptr<const Cudnn> cudnn_;
};

// The sizes of a call as numbers.
class CallSizes {
 public:
  CallSizes(const LibraryCall& call, const SymbolValues& symbols);

  // Throws invalid_engine where the call has none of that name, or it is not within the bounds.
  int64_t get(const char* name, int64_t least = 0, int64_t most = INT64_MAX) const;
  int get_int(const char* name, int least = 0) const;
  // In the order of LibraryCall::sizes.
  std::vector<int64_t> all() const;

 private:
  const LibraryCall& call_;
  std::map<std::string, int64_t> values_;
};

// Of the two libraries; called by CallLibraries.
std::unique_ptr<BoundCall> bind_matmul(std::shared_ptr<const CublasLt> library,
                                       const LibraryCall& call, const CallSizes& sizes);
std::unique_ptr<BoundCall> bind_convolution(std::shared_ptr<const Cudnn> library,
                                            const LibraryCall& call, const CallSizes& sizes);

}  // namespace cermet::cuda
