// What a run writes and shows.
#pragma once

#include <optional>
#include <string>

#include "cermet/engine.h"

namespace cermet::tools {

enum class FileFormat { npy, pb };

struct OutputOptions {
  std::string folder;                // empty: nothing is written
  std::optional<FileFormat> format;  // nothing: .npy
  bool by_name = false;              // NAME.npy instead of output_0.npy
};

// Prints a table of the outputs and writes each to `folder`, which is made when missing.
void give_outputs(const Engine& engine, const ExecutionContext& context,
                  const OutputOptions& options);

}  // namespace cermet::tools
