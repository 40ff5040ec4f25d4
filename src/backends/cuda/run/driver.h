// NVIDIA's driver, opened when it is asked for: a program that needs no GPU needs no driver.
#pragma once

#include <string>

#include "backends/cuda/run/driver_api.h"

namespace cermet::cuda {

// The library, initialised, and its calls. Safe to use from any thread.
class Driver {
 public:
  // Throws device, naming what is missing: the library, a function of it, or a card.
  explicit Driver(const std::string& library = "libcuda.so.1");
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

// NOLINTBEGIN(readability-identifier-naming, bugprone-macro-parentheses): names and types
#define CERMET_CUDA_CALL(name, parameters) CUresult(*name) parameters = nullptr;
  CERMET_CUDA_CALLS(CERMET_CUDA_CALL)
#undef CERMET_CUDA_CALL
  // NOLINTEND(readability-identifier-naming, bugprone-macro-parentheses)

  // Throws unless `result` is success, with the driver's name for the error and its words:
  // out_of_memory where the card's memory ran out, else device. `what` was tried: "the name of
  // cuda:0".
  void check(CUresult result, const std::string& what) const;
  // "13.0": the newest CUDA that it runs.
  std::string version() const;

 private:
  void open_calls(const std::string& library);

  void* library_ = nullptr;
};

}  // namespace cermet::cuda
