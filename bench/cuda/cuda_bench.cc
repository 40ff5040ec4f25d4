// Times every family of the GPU's kernels alone, with sizes from networks:
//   cermet_cuda_bench [--filter TEXT] [--tactic NAME] [--all] [--device N]
// prints, for each case whose name holds TEXT, the best configuration with microseconds, TFLOP/s,
// GB/s and the part of the speed that the card's roofs allow (docs/report.md), and what the
// estimate would have chosen; --all: each configuration. CERMET_KERNEL_CACHE names the folder of
// compiled kernels.
//   --families  without the long list of networks' convolutions, products and attention
//   --quick  these with small sizes, one configuration each: says that they run, no more
//   --list   only what there is; with --compile also what is estimated. Fails where a tactic does
//            not take the case that is there for it
//   --compile sm_90  only fills the folder of kernels, on a machine without a GPU
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "backends/cuda/build/tactics.h"
#include "backends/cuda/run/peaks.h"
#include "base/error.h"
#include "bench/cuda/bench_step.h"
#include "expr/relayout.h"
#include "runtime/step_work.h"
#include "tactics/lone_step.h"

namespace cermet::bench {
namespace {

struct Settings {
  std::string filter, tactic, compile_for;
  bool all = false, list = false, quick = false, families = false;
  int device = 0;
};

int number(const std::string& text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size() && value >= 0,
          ErrorCode::invalid_argument, "--device {}: expected the number of a GPU", text);
  return value;
}

Settings settings_of(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto next = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string(); };
    if (word == "--filter")
      settings.filter = next();
    else if (word == "--tactic")
      settings.tactic = next();
    else if (word == "--compile")
      settings.compile_for = next();
    else if (word == "--device")
      settings.device = number(next());
    else if (word == "--all")
      settings.all = true;
    else if (word == "--list")
      settings.list = true;
    else if (word == "--quick")
      settings.quick = true;
    else if (word == "--families")
      settings.families = true;
    else
      fail(ErrorCode::invalid_argument, "unknown option {}", word);
  }
  return settings;
}

struct Configuration {
  const Tactic* tactic;
  std::string text;
  double estimate_us = -1;
};

TacticQuery query_of(const BenchStep& step, std::string_view architecture) {
  TacticQuery query{&step.plan, step.plan.root.steps.data(), 1, false, architecture};
  query.allow_tf32 = true;
  return query;
}

bool is_wanted(const BenchEntry& entry, const Tactic& tactic, const Settings& settings) {
  return tactic.name.starts_with(settings.tactic) &&
         (entry.tactic.empty() || entry.tactic == tactic.name);
}

std::vector<Configuration> configurations_of(const BenchEntry& entry, const BenchStep& step,
                                             const Settings& settings,
                                             const std::string& architecture) {
  std::vector<Configuration> list;
  const TacticQuery query = query_of(step, architecture);
  for (const Tactic& tactic : cuda::tactics()) {
    if (!is_wanted(entry, tactic, settings) || tactic.reason_against(query)) continue;
    const auto texts = tactic.configurations != nullptr ? tactic.configurations(query)
                                                        : std::vector<std::string>{""};
    for (const std::string& text : texts)
      list.push_back({&tactic, text, tactic.estimate ? tactic.estimate(query, text) : -1});
  }
  if (!settings.quick || list.empty()) return list;
  return {*std::min_element(list.begin(), list.end(), [](const auto& a, const auto& b) {
    return a.estimate_us < b.estimate_us;
  })};
}

Plan plan_with(const BenchStep& step, const Configuration& configuration) {
  return lone_step(step.plan, step.step(), *configuration.tactic, configuration.text, 1);
}

void compile(const BenchEntry& entry, const Settings& settings, cuda::Compiler& compiler) {
  const BenchStep step = entry.make();
  for (const Configuration& configuration :
       configurations_of(entry, step, settings, settings.compile_for)) {
    Plan lone = plan_with(step, configuration);
    cuda::compile_programs(lone, cuda::tactics(), {settings.compile_for}, compiler, 1);
  }
}

// Why the tactic that an entry is for does not take it.
std::optional<std::string> reason_against(const BenchEntry& entry, const BenchStep& step,
                                          const std::string& architecture) {
  for (const Tactic& tactic : cuda::tactics())
    if (tactic.name == entry.tactic) return tactic.reason_against(query_of(step, architecture));
  return std::nullopt;
}

// Whether the entry is as it should be.
bool list(const BenchEntry& entry, const Settings& settings) {
  fmt::print("{:<46} {}\n", entry.name, entry.tactic);
  if (entry.tactic.empty() && settings.compile_for.empty()) return true;
  const std::string architecture =
      settings.compile_for.empty() ? std::string("sm_90a") : settings.compile_for;
  const BenchStep step = entry.make();
  const auto reason = reason_against(entry, step, architecture);
  if (reason) fmt::print("  {} does not take it for {}: {}\n", entry.tactic, architecture, *reason);
  if (!settings.compile_for.empty())
    for (const Configuration& configuration :
         configurations_of(entry, step, settings, architecture))
      fmt::print("  {:<20} {:<24} {:9.2f} us\n", configuration.tactic->name, configuration.text,
                 configuration.estimate_us);
  return !reason;
}

// The best of three.
double best_time(cuda::LoneRun& run) {
  run.capture();
  double best = run.time_captured();
  for (int i = 0; i < 2; ++i) best = std::min(best, run.time_captured());
  return best;
}

// Whether products of float32 are not computed in full.
bool rounds_to_tf32(std::string_view tactic) {
  return !tactic.ends_with("_fma") && !tactic.ends_with("-exact") && tactic != "cuda.gemv";
}

class Bench {
 public:
  explicit Bench(Settings settings)
      : settings_(std::move(settings)), device_(cuda::Device::open(settings_.device)) {
    const auto peaks = cuda::peaks_of(device_->card());
    require(peaks.has_value(), ErrorCode::unsupported, "{}: nothing is known of its peak rates",
            device_->name());
    peaks_ = *peaks;
    fmt::print(
        "{}: {:.1f} TFLOP/s of float32, {:.1f} of 16-bit floats on tensor cores, {:.0f} "
        "GB/s, L2 of {:.0f} MiB\n",
        device_->name(), peaks_.float32 / 1e3, peaks_.tensor_float16 / 1e3, peaks_.bytes,
        static_cast<double>(device_->card().l2_bytes) / (1 << 20));
  }

  void run(const BenchEntry& entry) {
    const std::string architecture = device_->card().architecture();
    const BenchStep step = entry.make();
    if (const auto reason = reason_against(entry, step, architecture)) {
      fmt::print("{:<46} {:<20} not on this card: {}\n", entry.name, entry.tactic, *reason);
      return;
    }
    std::optional<Configuration> best, promised;
    double best_us = 0, promised_us = 0;
    for (const Configuration& configuration :
         configurations_of(entry, step, settings_, architecture)) {
      const double us = time(entry, step, configuration);
      if (!best || us < best_us) {
        best = configuration;
        best_us = us;
      }
      if (!promised || configuration.estimate_us < promised->estimate_us) {
        promised = configuration;
        promised_us = us;
      }
    }
    if (!best) return;
    print(entry, step, *best, best_us,
          settings_.quick ? ""
                          : fmt::format("best; estimate chooses {} {:.2f} us ({:.2f}x)",
                                        promised->text, promised_us, promised_us / best_us));
  }

  // Whether a result was not what it should have been.
  bool found_wrong() const { return found_wrong_; }

 private:
  double time(const BenchEntry& entry, const BenchStep& step, const Configuration& configuration) {
    constexpr double largest_error = 2e-2;
    cuda::LoneRun run(device_, compiler_, plan_with(step, configuration), step.shapes);
    step.fill(run);
    run.poison_outputs();
    const double us = best_time(run);
    const std::vector<std::optional<Tensor>> results = run.outputs();
    const bool wrong =
        step.error && step.error(relayout(*results[0], step.step().problem.outputs[0]->layout,
                                          Layout{})) > largest_error;
    found_wrong_ = found_wrong_ || wrong;
    if (settings_.all || wrong) print(entry, step, configuration, us, wrong ? "WRONG" : "");
    return us;
  }

  // Operations a microsecond that the card allows; 0: not known.
  double arithmetic_peak(const BenchStep& step, const Tactic& tactic) const {
    const ElementType type = arithmetic_of(step.step());
    const double gflops = multiplies(step.step())
                              ? peaks_.products_of(type, rounds_to_tf32(tactic.name))
                              : peaks_.arithmetic_of(type);
    return 1e3 * gflops;
  }

  void print(const BenchEntry& entry, const BenchStep& step, const Configuration& configuration,
             double us, const std::string& remark) const {
    const double peak = arithmetic_peak(step, *configuration.tactic);
    const double memory = step.bytes / (1e3 * peaks_.bytes);
    const double arithmetic = peak > 0 ? std::max(step.operations, 0.0) / peak : 0;
    const std::string speed =
        step.operations > 0 ? fmt::format("{:.2f}", step.operations / us / 1e6) : "-";
    const bool in_cache = step.bytes < static_cast<double>(device_->card().l2_bytes);
    fmt::print(
        "{:<46} {:<20} {:<24} {:9.2f} us (estimate {:8.2f}) {:>7} TFLOP/s {:7.1f} GB/s "
        "{:5.1f} % of {}{} {}\n",
        entry.name, configuration.tactic->name, configuration.text, us, configuration.estimate_us,
        speed, step.bytes / us / 1e3, 100 * std::max(memory, arithmetic) / us,
        memory < arithmetic ? "arithmetic" : "memory", in_cache ? " (fits in L2)" : "", remark);
    std::fflush(stdout);
  }

  Settings settings_;
  bool found_wrong_ = false;
  cuda::DevicePointer device_;
  DevicePeaks peaks_;
  cuda::Compiler compiler_;
};

// Calls `work` for all entries by all cores. Throws what was thrown last.
template <class Work>
void for_all(const std::vector<BenchEntry>& entries, const Work& work) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < std::max(1u, std::thread::hardware_concurrency()); ++t)
      threads.emplace_back([&] {
        for (size_t i = next++; i < entries.size(); i = next++) try {
            work(entries[i]);
          } catch (...) {
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
          }
      });
  }
  if (failure) std::rethrow_exception(failure);
}

void compile_all(const std::vector<BenchEntry>& entries, const Settings& settings) {
  cuda::Compiler compiler;
  for_all(entries, [&](const BenchEntry& entry) { compile(entry, settings, compiler); });
  fmt::print("{} kernels compiled, {} were there\n", compiler.compiled(), compiler.recalled());
}

// Goes on behind a case that fails; whether none did and no result was wrong.
bool run_all(const std::vector<BenchEntry>& entries, const Settings& settings) {
  Bench bench(settings);
  bool good = true;
  for (const BenchEntry& entry : entries) try {
      bench.run(entry);
    } catch (const std::exception& error) {
      fmt::print("{:<46} {:<20} FAILED: {}\n", entry.name, entry.tactic, error.what());
      good = false;
    }
  return good && !bench.found_wrong();
}

int run(int argc, char** argv) {
  const Settings settings = settings_of(argc, argv);
  std::vector<BenchEntry> entries = bench_entries(settings.quick);
  expect_every_tactic(entries);
  std::erase_if(entries, [&](const BenchEntry& entry) {
    return entry.name.find(settings.filter) == std::string::npos ||
           (settings.families && entry.tactic.empty()) ||
           (!entry.tactic.empty() && !entry.tactic.starts_with(settings.tactic));
  });
  bool good = true;
  if (settings.list)
    for (const BenchEntry& entry : entries) good = list(entry, settings) && good;
  else if (!settings.compile_for.empty())
    compile_all(entries, settings);
  else
    good = run_all(entries, settings);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace cermet::bench

int main(int argc, char** argv) {
  try {
    return cermet::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
