#include "trace_runs.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <exception>
#include <thread>

#include "common/inputs.h"

namespace cermet::tools {
namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

struct Stream {
  StreamTrace trace;
  std::vector<Clock::time_point> begins;
  std::exception_ptr failure;
};

// A context that has warmed up, when those of all streams have. Every stream must arrive at
// `ready`, whatever happens, or the others would wait forever.
ExecutionContext warm_context(const std::shared_ptr<const Engine>& engine,
                              const std::vector<Value>& inputs, const MeasureOptions& options,
                              int stream, std::barrier<>& ready) {
  try {
    ExecutionContext context(engine, options.team.context(stream));
    options.team.keep_caller(stream);
    set_inputs(context, *engine, inputs);
    for (int64_t i = 0; i < options.warm_up_runs; ++i) context.execute();
    ready.arrive_and_wait();
    return context;
  } catch (...) {
    ready.arrive_and_drop();
    throw;
  }
}

void trace_stream(ExecutionContext& context, int runs, Stream& stream) {
  context.profile_steps(true);
  for (int run = 0; run < runs; ++run) {
    stream.begins.push_back(Clock::now());
    context.execute();
    const Microseconds spent = Clock::now() - stream.begins.back();
    stream.trace.runs.push_back({0, spent.count(), context.step_times()});
  }
}

std::vector<StreamTrace> joined(std::vector<Stream> streams) {
  Clock::time_point first = streams[0].begins[0];
  for (const Stream& stream : streams) first = std::min(first, stream.begins[0]);
  std::vector<StreamTrace> traces;
  for (Stream& stream : streams) {
    for (size_t run = 0; run < stream.begins.size(); ++run)
      stream.trace.runs[run].begin_us = Microseconds(stream.begins[run] - first).count();
    traces.push_back(std::move(stream.trace));
  }
  return traces;
}

}  // namespace

std::vector<StreamTrace> trace_runs(const std::shared_ptr<const Engine>& engine,
                                    const std::vector<Value>& inputs, const MeasureOptions& options,
                                    int runs) {
  std::vector<Stream> streams(static_cast<size_t>(options.streams));
  std::barrier<> ready(options.streams);
  const auto run = [&](size_t number) {
    Stream& stream = streams[number];
    try {
      ExecutionContext context =
          warm_context(engine, inputs, options, static_cast<int>(number), ready);
      trace_stream(context, runs, stream);
    } catch (...) {
      stream.failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < streams.size(); ++i) threads.emplace_back(run, i);
    run(0);
  }
  for (const Stream& stream : streams)
    if (stream.failure) std::rethrow_exception(stream.failure);
  return joined(std::move(streams));
}

}  // namespace cermet::tools
