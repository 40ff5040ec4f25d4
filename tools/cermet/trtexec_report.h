// What trtexec prints about a measurement, in its words and order: other programs read it.
#pragma once

#include "trtexec_measure.h"

namespace cermet::tools::trtexec {

struct Spread {
  double min = 0, max = 0, mean = 0, median = 0;
  std::vector<double> percentiles;  // one for each asked for
};
// Of at least one value; a percentile P is the smallest value that P% of them do not exceed.
Spread spread_of(std::vector<double> values, const std::vector<double>& percentiles);

void print_options(const Options& options);
void print_timing(const Timing& timing, const Options& options);
void print_profile(const Profile& profile, const EngineSummary& summary);
void print_layers(const Engine& engine);
void print_outputs(const Engine& engine, const ExecutionContext& context);

}  // namespace cermet::tools::trtexec
