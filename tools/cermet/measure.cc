#include "measure.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <exception>
#include <map>
#include <numeric>
#include <thread>

#include "timed_context.h"

namespace cermet::tools {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

double between_ms(Clock::time_point from, Clock::time_point to) {
  return Milliseconds(to - from).count();
}

void sleep_ms(double milliseconds) {
  if (milliseconds > 0) std::this_thread::sleep_for(Milliseconds(milliseconds));
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

struct Stream {
  std::vector<std::pair<Clock::time_point, Clock::time_point>> runs;
  std::vector<double> gpu_ms;
  int64_t warm_up_runs = 0;
  double warm_up_ms = 0;
  size_t peak_bytes = 0;
  std::exception_ptr failure;
};

void warm_up(TimedContext& context, const MeasureOptions& options, Stream& stream) {
  const Clock::time_point start = Clock::now();
  while (stream.warm_up_runs < options.warm_up_runs || stream.warm_up_ms < options.warm_up_ms) {
    context.run();
    ++stream.warm_up_runs;
    stream.warm_up_ms = between_ms(start, Clock::now());
  }
}

// Whether a stream that did so many runs since `start` has to do another.
bool goes_on(int64_t done, Clock::time_point start, const MeasureOptions& options) {
  return done < std::max<int64_t>(1, options.runs) ||
         between_ms(start, Clock::now()) < 1000 * options.seconds;
}

// Every stream must arrive at `ready`, whatever happens, or the others would wait forever.
void run_stream(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                const MeasureOptions& options, int number, std::barrier<>& ready, Stream& stream) {
  bool arrived = false;
  try {
    TimedContext context(engine, inputs, options, number);
    warm_up(context, options, stream);
    arrived = true;
    ready.arrive_and_wait();
    sleep_ms(options.sleep_ms);
    const Clock::time_point start = Clock::now();
    while (goes_on(static_cast<int64_t>(stream.runs.size()), start, options)) {
      if (!stream.runs.empty()) sleep_ms(options.idle_ms);
      const Clock::time_point begin = Clock::now();
      context.run();
      stream.runs.emplace_back(begin, Clock::now());
      if (context.gpu_ms()) stream.gpu_ms.push_back(*context.gpu_ms());
    }
    stream.peak_bytes = context.context().peak_activation_bytes();
  } catch (...) {
    stream.failure = std::current_exception();
    if (!arrived) ready.arrive_and_drop();
  }
}

Measurement joined(const std::vector<Stream>& streams) {
  Clock::time_point first = streams.front().runs.front().first;
  for (const Stream& stream : streams) first = std::min(first, stream.runs.front().first);
  Measurement result;
  for (const Stream& stream : streams) {
    result.warm_up_runs += stream.warm_up_runs;
    result.warm_up_ms = std::max(result.warm_up_ms, stream.warm_up_ms);
    result.peak_activation_bytes = std::max(result.peak_activation_bytes, stream.peak_bytes);
    result.gpu_ms.insert(result.gpu_ms.end(), stream.gpu_ms.begin(), stream.gpu_ms.end());
    for (const auto& [begin, end] : stream.runs)
      result.runs.push_back({between_ms(first, begin), between_ms(first, end)});
  }
  std::sort(result.runs.begin(), result.runs.end(),
            [](const Run& a, const Run& b) { return a.end_ms < b.end_ms; });
  return result;
}

}  // namespace

double first_run_ms(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                    const ThreadOptions& team) {
  const Clock::time_point start = Clock::now();
  TimedContext(engine, inputs, {.team = team}).run();
  return between_ms(start, Clock::now());
}

Measurement measure(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                    const MeasureOptions& options) {
  std::vector<Stream> streams(static_cast<size_t>(options.streams));
  std::barrier<> ready(options.streams);
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < streams.size(); ++i)
      threads.emplace_back(
          [&, i] { run_stream(engine, inputs, options, static_cast<int>(i), ready, streams[i]); });
    run_stream(engine, inputs, options, 0, ready, streams.front());
  }
  for (const Stream& stream : streams)
    if (stream.failure) std::rethrow_exception(stream.failure);
  return joined(streams);
}

LayerMeasurement measure_layers(const std::shared_ptr<const Engine>& engine,
                                const std::vector<Value>& inputs, const MeasureOptions& options,
                                int64_t most_runs) {
  TimedContext timed(engine, inputs, options);
  ExecutionContext& context = timed.context();
  Stream uncounted;
  warm_up(timed, options, uncounted);
  context.profile_steps(true);
  std::map<size_t, std::vector<double>> times;
  LayerMeasurement result;
  const Clock::time_point start = Clock::now();
  for (; result.runs < most_runs && goes_on(result.runs, start, options); ++result.runs) {
    context.execute();
    std::map<size_t, double> of_run;
    for (const StepTime& time : context.step_times()) of_run[time.step] += time.microseconds / 1000;
    for (const auto& [step, milliseconds] : of_run) times[step].push_back(milliseconds);
  }
  for (auto& [step, milliseconds] : times) result.layers.push_back({step, std::move(milliseconds)});
  return result;
}

double LayerTimes::sum_ms() const { return sum_of(milliseconds); }

double LayerMeasurement::sum_ms() const {
  double sum = 0;
  for (const LayerTimes& layer : layers) sum += layer.sum_ms();
  return sum;
}

Spread::Spread(std::vector<double> values) : sorted_(std::move(values)) {
  std::sort(sorted_.begin(), sorted_.end());
}

Spread Spread::of(const std::vector<Run>& runs) {
  std::vector<double> times;
  for (const Run& run : runs) times.push_back(run.milliseconds());
  return Spread(std::move(times));
}

double Spread::mean() const { return sum_of(sorted_) / static_cast<double>(sorted_.size()); }

double Spread::median() const {
  const size_t count = sorted_.size();
  return (sorted_[(count - 1) / 2] + sorted_[count / 2]) / 2;
}

double Spread::percentile(double percent) const {
  const auto rank =
      static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(sorted_.size())));
  return sorted_[std::clamp<size_t>(rank, 1, sorted_.size()) - 1];
}

}  // namespace cermet::tools
