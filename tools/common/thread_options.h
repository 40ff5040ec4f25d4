// The flags that say which threads and streams run an engine, and who watches: --threads, --spin,
// --cpus, --max-aux-streams and --nvtx.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cermet/engine.h"

namespace cermet::tools {

inline constexpr int most_aux_streams = 1000;  // that flags take

struct ThreadOptions {
  int threads = 0;  // of each context; 0: one a core
  int spin_us = ContextOptions{}.spin_us;
  std::vector<int> cpus = {};
  int max_aux_streams = ContextOptions{}.max_aux_streams;
  bool nvtx = false;

  // For the context of stream `stream`: with CPUs given, streams take turns through the list.
  ContextOptions context(int stream = 0) const;
  // Keeps the calling thread, which is the first of that stream's team, on its CPU. Does nothing
  // without CPUs; throws invalid_argument for one that this process may not use.
  void keep_caller(int stream = 0) const;
};

// Defines the flags; `options` must outlive the command.
void add_thread_options(CLI::App& command, ThreadOptions& options, const std::string& threads_help);

}  // namespace cermet::tools
