// The flags of `cermet trtexec`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cermet/builder.h"
#include "measure.h"

namespace cermet::tools::trtexec {

struct Options {
  std::string onnx, save_engine, load_engine;
  std::string min_shapes, opt_shapes, max_shapes, shapes;
  std::string input_formats, output_formats;
  std::string load_inputs;      // "name:file,..."
  std::string device = "auto";  // as `cermet build --device` has it
  bool no_data_transfers = false;
  std::string memory_pools;
  std::vector<std::string> plugins;
  double tuning_budget = BuildOptions{}.tuning_budget;  // seconds
  std::string timing_cache;
  bool frozen = false;
  Precision precision = Precision::float32;
  int64_t iterations = 10;  // at least so many of each stream, and
  double duration = 3;      // at least so many seconds
  double warm_up_ms = 200;
  double idle_ms = 0;   // between two runs
  double sleep_ms = 0;  // before the first
  int64_t average_runs = 10;
  int streams = 1;
  int threads = 0;  // of each stream; 0: the cores, shared out
  int max_aux_streams = ContextOptions{}.max_aux_streams;
  std::vector<double> percentiles = {90, 95, 99};
  bool verbose = false, skip_inference = false;
  bool dump_profile = false, dump_output = false, dump_layers = false;
  std::string export_times, export_profile, export_output, export_layers;
  std::vector<std::string> without_effect;  // flags that change nothing
  bool help = false;
};

// Reads the flags, in their order on the command line. Throws invalid_argument for unknown ones and
// those that contradict each other, unsupported for trtexec's that Cermet can't honour.
// `help_text` is filled when `help` is set.
Options parse_options(std::vector<std::string> arguments, std::string* help_text);

// What the build flags mean; reads the model where they depend on it. Throws invalid_argument.
BuildOptions build_options_of(const Options& options);
// Shapes as the flags give them, without the quotes that trtexec allows round names.
InputShapes shapes_of(const std::string& flag);
// Threads of each stream.
int threads_of(const Options& options);
// How the flags say to measure an engine that uses a GPU, or none. The first run also plans the
// memory, so that there is always one that is not counted.
MeasureOptions measure_options(const Options& options, bool uses_gpu);

// "a,b" in its parts; an empty text has none.
std::vector<std::string> split_list(const std::string& text);
// A name without the quotes round it.
std::string unquoted(std::string name);

}  // namespace cermet::tools::trtexec
