#include "measure.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "common/inputs.h"

namespace cermet::tools {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int64_t fewest_runs = 3;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Stream {
  std::vector<double> latencies_ms;
  size_t peak_bytes = 0;
  Clock::time_point begin, end;
  std::exception_ptr failure;
};

ExecutionContext make_context(const std::shared_ptr<const Engine>& engine,
                              const std::vector<Value>& inputs, int threads) {
  ContextOptions options;
  options.threads = threads;
  ExecutionContext context(engine, options);
  set_inputs(context, *engine, inputs);
  return context;
}

// Every stream must arrive at `ready`, whatever happens, or the others would wait forever.
void run_stream(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                const MeasureOptions& options, std::barrier<>& ready, Stream& stream) {
  bool arrived = false;
  try {
    ExecutionContext context = make_context(engine, inputs, options.threads);
    for (int i = 0; i < options.warmup; ++i) context.execute();
    arrived = true;
    ready.arrive_and_wait();
    stream.begin = Clock::now();
    const auto goes_on = [&](int64_t done) {
      if (options.iterations > 0) return done < options.iterations;
      return done < fewest_runs || seconds_since(stream.begin) < options.seconds;
    };
    for (int64_t done = 0; goes_on(done); ++done) {
      const Clock::time_point start = Clock::now();
      context.execute();
      stream.latencies_ms.push_back(1000 * seconds_since(start));
    }
    stream.end = Clock::now();
    stream.peak_bytes = context.peak_activation_bytes();
  } catch (...) {
    stream.failure = std::current_exception();
    if (!arrived) ready.arrive_and_drop();
  }
}

Measurement joined(const std::vector<Stream>& streams) {
  Measurement result;
  Clock::time_point begin = streams.front().begin, end = streams.front().end;
  for (const Stream& stream : streams) {
    begin = std::min(begin, stream.begin);
    end = std::max(end, stream.end);
    result.peak_activation_bytes = std::max(result.peak_activation_bytes, stream.peak_bytes);
    result.latencies_ms.insert(result.latencies_ms.end(), stream.latencies_ms.begin(),
                               stream.latencies_ms.end());
  }
  result.seconds = std::chrono::duration<double>(end - begin).count();
  std::sort(result.latencies_ms.begin(), result.latencies_ms.end());
  return result;
}

}  // namespace

double Measurement::mean_ms() const {
  return std::accumulate(latencies_ms.begin(), latencies_ms.end(), 0.0) /
         static_cast<double>(latencies_ms.size());
}

double Measurement::percentile_ms(double part) const {
  const auto rank = static_cast<size_t>(std::ceil(part * static_cast<double>(latencies_ms.size())));
  return latencies_ms[std::clamp<size_t>(rank, 1, latencies_ms.size()) - 1];
}

double Measurement::median_ms() const {
  const size_t count = latencies_ms.size();
  return (latencies_ms[(count - 1) / 2] + latencies_ms[count / 2]) / 2;
}

Measurement measure(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                    const MeasureOptions& options) {
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

std::vector<LayerTime> measure_layers(const std::shared_ptr<const Engine>& engine,
                                      const std::vector<Value>& inputs,
                                      const MeasureOptions& options) {
  constexpr int64_t most_runs = 100;
  constexpr double most_seconds = 2;
  ExecutionContext context = make_context(engine, inputs, options.threads);
  context.execute();
  context.profile_steps(true);
  std::map<size_t, double> totals;
  int64_t runs = 0;
  const Clock::time_point start = Clock::now();
  for (; runs < fewest_runs || (runs < most_runs && seconds_since(start) < most_seconds); ++runs) {
    context.execute();
    for (const StepTime& time : context.step_times()) totals[time.step] += time.microseconds;
  }
  double sum = 0;
  for (const auto& [step, total] : totals) sum += total;
  std::vector<LayerTime> layers;
  for (const auto& [step, total] : totals)
    layers.push_back({step, total / static_cast<double>(runs), sum > 0 ? total / sum : 0});
  return layers;
}

}  // namespace cermet::tools
