// What trtexec prints about a measurement, in its words and order: other programs read it.
#pragma once

#include "measure.h"
#include "trtexec_options.h"

namespace cermet::tools::trtexec {

void print_options(const Options& options);
void print_timing(const Measurement& measured, const Options& options, bool uses_gpu);
void print_profile(const LayerMeasurement& profile, const EngineSummary& summary);
void print_layers(const Engine& engine);
void print_outputs(const Engine& engine, const ExecutionContext& context);

}  // namespace cermet::tools::trtexec
