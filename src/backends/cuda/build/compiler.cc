#include "backends/cuda/build/compiler.h"

#include <algorithm>
#include <map>

#include "backends/cuda/build/limits.h"
#include "base/error.h"
#include "base/parallel.h"

namespace cermet::cuda {
namespace {

const Tactic& tactic_of(const Step& step, std::span<const Tactic> tactics) {
  for (const Tactic& tactic : tactics)
    if (tactic.name == step.choice.tactic) return tactic;
  fail(ErrorCode::internal, "step '{}' has the tactic {}, which is unknown", step.name,
       step.choice.tactic);
}

}  // namespace

const Nvrtc& Compiler::nvrtc() {
  const std::lock_guard lock(mutex_);
  if (!nvrtc_) nvrtc_.emplace();
  return *nvrtc_;
}

KernelImage Compiler::compile(const std::string& source, const std::string& architecture) {
  const std::pair key(source, architecture);
  {
    const std::lock_guard lock(mutex_);
    const auto known = images_.find(key);
    if (known != images_.end()) return known->second;
  }
  const Nvrtc& compiler = nvrtc();
  auto bytes = cache_.find(source, architecture, compiler.version());
  const bool recalled = bytes.has_value();
  if (!bytes) {
    bytes = compiler.compile(source, architecture);
    cache_.add(source, architecture, compiler.version(), *bytes);
  }
  const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(*bytes));
  KernelImage image{architecture, *owner, owner};
  const std::lock_guard lock(mutex_);
  ++(recalled ? recalled_ : compiled_);
  return images_.emplace(key, std::move(image)).first->second;
}

void compile_programs(Plan& plan, std::span<const Tactic> tactics,
                      const std::vector<std::string>& architectures, Compiler& compiler,
                      int threads) {
  std::vector<std::string> sources;
  std::map<std::string, int32_t> known;
  plan.modules.clear();
  for_each_step(plan.root.steps, [&](Step& step) {
    if (step.place != Place::device || !needs_kernel(step.problem.kind)) return;
    const TacticQuery query{&plan, &step, 1, false, architectures.front()};
    DeviceSource made = tactic_of(step, tactics).generate(query, step.choice.configuration);
    with_context(
        [&] {
          return fmt::format("step '{}': {} {}", step.name, step.choice.tactic,
                             step.choice.configuration);
        },
        [&] { check_limits(made.program, architectures); });
    for (Launch& launch : made.program.launches) {
      const std::string& source = made.sources.at(launch.module);
      const auto [entry, fresh] = known.emplace(source, static_cast<int32_t>(sources.size()));
      if (fresh) sources.push_back(source);
      launch.module = entry->second;
    }
    step.program = std::move(made.program);
  });
  plan.modules.resize(sources.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    plan.modules[i].name = source_name(sources[i]);
    plan.modules[i].images.resize(architectures.size());
  }
  each_in_parallel(sources.size() * architectures.size(), static_cast<size_t>(std::max(threads, 1)),
                   [&](size_t i) {
                     const size_t source = i / architectures.size(), at = i % architectures.size();
                     plan.modules[source].images[at] =
                         compiler.compile(sources[source], architectures[at]);
                   });
}

}  // namespace cermet::cuda
