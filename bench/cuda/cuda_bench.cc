// Times every configuration of the GPU's products, convolutions and attention (--filter attention):
//   cermet_cuda_bench [--filter TEXT] [--tactic NAME] [--all] [--list]
// prints, for each problem whose name holds TEXT, the best configuration with microseconds, TFLOP/s
// and the part of what the card's rates allow, and what the estimate would have chosen; --all: each
// configuration. CERMET_KERNEL_CACHE names the folder of compiled kernels.
//   cermet_cuda_bench --compile sm_90 [--filter TEXT]
// only fills that folder, on a machine without a GPU; with --list, it only says what is estimated.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/lone_run.h"
#include "backends/cuda/build/tactics.h"
#include "base/error.h"
#include "bench/cuda/product_case.h"
#include "expr/relayout.h"
#include "tactics/lone_step.h"

namespace cermet::bench {
namespace {

struct Settings {
  std::string filter, tactic, compile_for;
  bool all = false, list = false;
};

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
    else if (word == "--all")
      settings.all = true;
    else if (word == "--list")
      settings.list = true;
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

std::vector<Configuration> configurations_of(const ProductPlan& plan, const Settings& settings,
                                             const std::string& architecture) {
  std::vector<Configuration> list;
  TacticQuery query{&plan.plan, plan.plan.root.steps.data(), 1, false, architecture};
  query.allow_tf32 = true;
  for (const Tactic& tactic : cuda::tactics()) {
    if (!settings.tactic.empty() && !tactic.name.starts_with(settings.tactic)) continue;
    if (tactic.reason_against(query)) continue;
    const auto texts = tactic.configurations != nullptr ? tactic.configurations(query)
                                                        : std::vector<std::string>{""};
    for (const std::string& text : texts)
      list.push_back({&tactic, text, tactic.estimate ? tactic.estimate(query, text) : -1});
  }
  return list;
}

Plan plan_with(const ProductPlan& plan, const Configuration& configuration) {
  return lone_step(plan.plan, plan.plan.root.steps[0], *configuration.tactic, configuration.text,
                   1);
}

void compile(const ProductCase& what, const Settings& settings, cuda::Compiler& compiler) {
  const ProductPlan plan = plan_of(what);
  for (const Configuration& configuration :
       configurations_of(plan, settings, settings.compile_for)) {
    Plan lone = plan_with(plan, configuration);
    cuda::compile_programs(lone, cuda::tactics(), {settings.compile_for}, compiler, 1);
  }
}

void list(const ProductCase& what, const Settings& settings) {
  fmt::print("{}\n", what.name);
  if (settings.compile_for.empty()) return;
  for (const Configuration& configuration :
       configurations_of(plan_of(what), settings, settings.compile_for))
    fmt::print("  {:<20} {:<24} {:9.2f} us\n", configuration.tactic->name, configuration.text,
               configuration.estimate_us);
}

// The best of three.
double best_time(cuda::LoneRun& run) {
  run.capture();
  double best = run.time_captured();
  for (int i = 0; i < 2; ++i) best = std::min(best, run.time_captured());
  return best;
}

class Bench {
 public:
  explicit Bench(Settings settings) : settings_(std::move(settings)) {}

  void run(const ProductCase& what) {
    const std::string architecture = device_->card().architecture();
    const ProductPlan plan = plan_of(what);
    std::optional<Configuration> best, promised;
    double best_us = 0, promised_us = 0;
    for (const Configuration& configuration : configurations_of(plan, settings_, architecture)) {
      cuda::LoneRun run(device_, compiler_, plan_with(plan, configuration), plan.shapes);
      for (size_t i = 0; i < plan.inputs.size(); ++i)
        if (!plan.plan.root.steps[0].problem.inputs[i]->constant) run.set_input(i, *plan.inputs[i]);
      run.poison_outputs();
      const double us = best_time(run);
      const auto& output = *plan.plan.root.steps[0].problem.outputs[0];
      const double error =
          error_of(what, plan, relayout(*run.outputs()[0], output.layout, Layout{}));
      if (settings_.all || error > 2e-2)
        print(what, configuration, us, error > 2e-2 ? "WRONG" : "");
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
    print(what, *best, best_us,
          fmt::format("best; estimate chooses {} {:.2f} us ({:.2f}x)", promised->text, promised_us,
                      promised_us / best_us));
  }

 private:
  void print(const ProductCase& what, const Configuration& configuration, double us,
             const std::string& remark) const {
    const cuda::CardRates rates = cuda::rates_of(device_->card().architecture());
    const double peak =
        what.type == ElementType::float32 ? rates.float32_per_us : rates.tensor16_per_us;
    const double least = std::max(what.operations() / peak, what.bytes() / rates.bytes_per_us);
    fmt::print("{:<46} {:<20} {:<24} {:9.2f} us (estimate {:8.2f}) {:7.1f} TFLOP/s {:5.1f} % {}\n",
               what.name, configuration.tactic->name, configuration.text, us,
               configuration.estimate_us, what.operations() / us / 1e6, 100 * least / us, remark);
    std::fflush(stdout);
  }

  Settings settings_;
  cuda::DevicePointer device_ = cuda::Device::open(0);
  cuda::Compiler compiler_;
};

void compile_all(const std::vector<ProductCase>& cases, const Settings& settings) {
  cuda::Compiler compiler;
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < std::max(1u, std::thread::hardware_concurrency()); ++t)
    threads.emplace_back([&] {
      for (size_t i = next++; i < cases.size(); i = next++) compile(cases[i], settings, compiler);
    });
  for (std::thread& thread : threads) thread.join();
  fmt::print("{} kernels compiled, {} were there\n", compiler.compiled(), compiler.recalled());
}

int run(int argc, char** argv) {
  const Settings settings = settings_of(argc, argv);
  std::vector<ProductCase> cases;
  for (ProductCase& what : product_cases())
    if (what.name.find(settings.filter) != std::string::npos) cases.push_back(std::move(what));
  if (settings.list) {
    for (const ProductCase& what : cases) list(what, settings);
  } else if (!settings.compile_for.empty()) {
    compile_all(cases, settings);
  } else {
    Bench bench(settings);
    for (const ProductCase& what : cases) bench.run(what);
  }
  return 0;
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
