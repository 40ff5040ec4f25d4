// The flags that steer a build.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cermet/builder.h"
#include "tensor_formats.h"

namespace cermet::tools {

struct BuildFlags {
  std::string shapes, min_shapes, opt_shapes, max_shapes;
  std::string memory_limit;
  std::string passes;
  FormatFlags input_formats, output_formats;
  BuildOptions options;
};

void add_build_flags(CLI::App& command, BuildFlags& flags);
// What the flags mean together. Throws invalid_argument.
BuildOptions build_options(const BuildFlags& flags);

// Where the flags of measuring and comparing go.
struct TuningFlags {
  double& budget;
  std::string& cache;
  bool& frozen;
  bool& validate;
};
void add_tuning_flags(CLI::App& command, const TuningFlags& flags);

// Adds --arch.
void add_architectures(CLI::App& command, std::vector<std::string>& architectures,
                       const char* purpose);

// Adds --fp16 and --bf16.
void add_precision(CLI::App& command, Precision& precision);

// "64M", "1.5GiB", "4096" in bytes; suffixes are powers of 1024. Throws invalid_argument.
size_t parse_bytes(const std::string& text);

}  // namespace cermet::tools
