// What this machine can do at most: the roofs under which the steps of an engine lie.
#pragma once

namespace cermet::tools {

struct MachinePeak {
  double gflops = 0;         // 10^9 float32 operations a second, a multiply-add as two
  double gigabytes = 0;      // 10^9 bytes a second, read and written, from and to memory
  bool is_measured = false;  // else a person gave them
};

// Measures what is 0 in `given` with so many threads; takes about half a second.
MachinePeak machine_peak(MachinePeak given, int threads);

}  // namespace cermet::tools
