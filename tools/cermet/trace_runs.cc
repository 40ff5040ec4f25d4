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
    // Before any of them stops to, so that all count from one point.
    context.profile_steps(true);
    ready.arrive_and_wait();
    return context;
  } catch (...) {
    ready.arrive_and_drop();
    throw;
  }
}

void trace_stream(ExecutionContext& context, int runs, Stream& stream) {
  for (int run = 0; run < runs; ++run) {
    const Clock::time_point begin = Clock::now();
    context.execute();
    const Microseconds spent = Clock::now() - begin;
    stream.trace.runs.push_back({context.run_begin(), spent.count(), context.step_times()});
  }
}

// Where a run began is told by the engine's clock, on a GPU its own, and how long it took by the
// host's, which sees the end a little later: it is cut where the next one begins.
std::vector<StreamTrace> joined(std::vector<Stream> streams) {
  double first = streams[0].trace.runs[0].begin_us;
  for (const Stream& stream : streams) first = std::min(first, stream.trace.runs[0].begin_us);
  std::vector<StreamTrace> traces;
  for (Stream& stream : streams) {
    std::vector<RunTrace>& runs = stream.trace.runs;
    for (size_t run = 0; run < runs.size(); ++run) {
      if (run + 1 < runs.size())
        runs[run].microseconds =
            std::min(runs[run].microseconds, runs[run + 1].begin_us - runs[run].begin_us);
      runs[run].begin_us -= first;
    }
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
