// The kernels of a text in CUDA C++.
#pragma once

#include <string>
#include <vector>

namespace fake_cuda {

struct KernelText {
  std::string name;
  std::string max_threads;  // the first argument of __launch_bounds__, or "0"
};

// Those that are declared extern "C", as all of Cermet's are.
std::vector<KernelText> kernels_of(const std::string& source);

}  // namespace fake_cuda
