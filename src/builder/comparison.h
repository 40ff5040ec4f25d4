// How far results are from what the model says, in parts of what rounding explains.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/rounding.h"
#include "cermet/tensor.h"

namespace cermet {

// A result at some of its points.
struct Expectation {
  Tensor exact;                 // as the model says
  std::vector<double> allowed;  // the largest error at each point
};

// What is allowed: what the rounding of the kernel explains, and a multiple of what shaking the
// model's own rounding moved. `shaken` are tensors like `exact`; anything is allowed where the
// range of the kernel's type may not suffice.
Expectation expectation(Tensor exact, const std::vector<Tensor>& shaken,
                        const KernelRounding& rounding);

struct Comparison {
  int64_t points = 0;  // where the model gives finite numbers
  int64_t wrong = 0;
  int64_t worst = 0;   // the point of the largest error
  double error = 0;    // there
  double allowed = 0;  // there
  double part = 0;     // error / allowed, infinite for NaN and infinity
  double expected = 0, got = 0;
};
// `got` has the shape of `exact`.
Comparison compare(const Expectation& expectation, const Tensor& got);

}  // namespace cermet
