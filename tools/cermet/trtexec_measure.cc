#include "trtexec_measure.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <exception>
#include <map>
#include <thread>

#include "common/inputs.h"

namespace cermet::tools::trtexec {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

double between_ms(Clock::time_point from, Clock::time_point to) {
  return Milliseconds(to - from).count();
}

void sleep_ms(double milliseconds) {
  if (milliseconds > 0) std::this_thread::sleep_for(Milliseconds(milliseconds));
}

struct Stream {
  std::vector<std::pair<Clock::time_point, Clock::time_point>> runs;
  size_t warm_up_runs = 0;
  double warm_up_ms = 0;
  std::exception_ptr failure;
};

ExecutionContext make_context(const std::shared_ptr<const Engine>& engine,
                              const std::vector<Value>& inputs, const Options& options) {
  ContextOptions context_options;
  context_options.threads = threads_of(options);
  ExecutionContext context(engine, context_options);
  set_inputs(context, *engine, inputs);
  return context;
}

// The first run also plans the memory, so there is always one that is not counted.
void warm_up(ExecutionContext& context, const Options& options, Stream& stream) {
  const Clock::time_point start = Clock::now();
  do {
    context.execute();
    ++stream.warm_up_runs;
    stream.warm_up_ms = between_ms(start, Clock::now());
  } while (stream.warm_up_ms < options.warm_up_ms);
}

// Whether a stream that did so many runs since `start` has to do another.
bool goes_on(size_t done, Clock::time_point start, const Options& options) {
  const auto wanted = static_cast<size_t>(std::max<int64_t>(1, options.iterations));
  return done < wanted || between_ms(start, Clock::now()) < 1000 * options.duration;
}

// Every stream must arrive at `ready`, whatever happens, or the others would wait forever.
void run_stream(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                const Options& options, std::barrier<>& ready, Stream& stream) {
  bool arrived = false;
  try {
    ExecutionContext context = make_context(engine, inputs, options);
    warm_up(context, options, stream);
    arrived = true;
    ready.arrive_and_wait();
    sleep_ms(options.sleep_ms);
    const Clock::time_point start = Clock::now();
    while (goes_on(stream.runs.size(), start, options)) {
      if (!stream.runs.empty()) sleep_ms(options.idle_ms);
      const Clock::time_point begin = Clock::now();
      context.execute();
      stream.runs.emplace_back(begin, Clock::now());
    }
  } catch (...) {
    stream.failure = std::current_exception();
    if (!arrived) ready.arrive_and_drop();
  }
}

Timing joined(const std::vector<Stream>& streams) {
  Clock::time_point first = streams.front().runs.front().first;
  for (const Stream& stream : streams) first = std::min(first, stream.runs.front().first);
  Timing timing;
  for (const Stream& stream : streams) {
    timing.warm_up_runs += stream.warm_up_runs;
    timing.warm_up_ms = std::max(timing.warm_up_ms, stream.warm_up_ms);
    for (const auto& [begin, end] : stream.runs)
      timing.traces.push_back({between_ms(first, begin), between_ms(first, end)});
  }
  std::sort(timing.traces.begin(), timing.traces.end(),
            [](const Trace& a, const Trace& b) { return a.end_ms < b.end_ms; });
  timing.wall_ms = timing.traces.back().end_ms;
  return timing;
}

}  // namespace

Timing measure_runs(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                    const Options& options) {
  std::vector<Stream> streams(static_cast<size_t>(options.streams));
  std::barrier<> ready(options.streams);
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < streams.size(); ++i)
      threads.emplace_back([&, i] { run_stream(engine, inputs, options, ready, streams[i]); });
    run_stream(engine, inputs, options, ready, streams.front());
  }
  for (const Stream& stream : streams)
    if (stream.failure) std::rethrow_exception(stream.failure);
  return joined(streams);
}

Profile measure_profile(const std::shared_ptr<const Engine>& engine,
                        const std::vector<Value>& inputs, const Options& options) {
  ExecutionContext context = make_context(engine, inputs, options);
  Stream uncounted;
  warm_up(context, options, uncounted);
  context.profile_steps(true);
  std::map<size_t, std::vector<double>> times;
  Profile profile;
  for (const Clock::time_point start = Clock::now(); goes_on(profile.runs, start, options);
       ++profile.runs) {
    context.execute();
    std::map<size_t, double> of_run;  // a step in a loop runs more than once
    for (const StepTime& time : context.step_times()) of_run[time.step] += time.microseconds / 1000;
    for (const auto& [step, milliseconds] : of_run) times[step].push_back(milliseconds);
  }
  for (auto& [step, milliseconds] : times)
    profile.layers.push_back({step, std::move(milliseconds)});
  return profile;
}

}  // namespace cermet::tools::trtexec
