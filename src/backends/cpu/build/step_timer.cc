#include "backends/cpu/build/step_timer.h"

#include <sys/resource.h>

#include <chrono>
#include <random>

#include "backends/cpu/run/kernel_library.h"
#include "backends/cpu/run/kernels.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "tactics/typical_shapes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cermet::cpu {
namespace {

constexpr size_t line_bytes = 64;
// Of a step's operands that are no constants: larger ones come of sizes that nobody knows.
constexpr size_t most_operand_bytes = size_t{4} << 30;
constexpr int most_attempts = 6;  // at an undisturbed run
constexpr std::chrono::milliseconds longest_wake(1);

// Of all threads of the process, since it began.
int64_t involuntary_switches() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}

void evict([[maybe_unused]] const Tensor& tensor) {
#if defined(__x86_64__)
  const auto* bytes = static_cast<const char*>(tensor.data());
  for (size_t i = 0; i < tensor.bytes(); i += line_bytes) _mm_clflush(bytes + i);
  _mm_mfence();
#endif
}

void fill(const TensorView& view, std::mt19937& generator) {
  if (view.type != ElementType::float32) {
    std::memset(view.data, 0, byte_size(view.type, element_count(view.shape)));
    return;
  }
  std::uniform_real_distribution<float> values(-1, 1);
  for (int64_t i = 0, n = element_count(view.shape); i < n; ++i)
    view.as<float>()[i] = values(generator);
}

size_t operand_bytes(const Plan& plan, const std::vector<BufferId>& ids,
                     const std::vector<std::optional<Shape>>& shapes) {
  size_t bytes = 0;
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] != no_buffer && plan.buffer(ids[i]).storage != Storage::constant)
      bytes += byte_size(plan.buffer(ids[i]).type.element, element_count(*shapes[i]));
  return bytes;
}

class TimedStep : public TimedKernel {
 public:
  TimedStep(const Plan& plan, std::shared_ptr<ThreadTeam> team, bool cold)
      : plan_(plan), team_(std::move(team)), evicts_(cold) {
    const Step& step = plan_.root.steps[0];
    const auto shapes = typical_shapes(plan_, step);
    require(shapes.has_value(), ErrorCode::unsupported, "step '{}': its sizes are unknown",
            step.name);
    const size_t bytes = operand_bytes(plan_, step.inputs, shapes->inputs) +
                         operand_bytes(plan_, step.outputs, shapes->outputs);
    require(bytes <= most_operand_bytes, ErrorCode::out_of_memory,
            "step '{}': its operands take {} bytes at its typical shapes, at most {} are measured",
            step.name, bytes, most_operand_bytes);
    kernel_ = make_kernel({&plan_, &step});
    require(!kernel_->dynamic(), ErrorCode::unsupported,
            "step '{}': {} finds its shapes only when it runs", step.name, step.choice.tactic);
    bound_ = kernel_->bind({shapes->inputs, shapes->outputs, team_->size()});
    std::mt19937 generator(1);
    for (size_t i = 0; i < step.inputs.size(); ++i)
      inputs_.push_back(operand(step.inputs[i], shapes->inputs[i], generator));
    for (size_t i = 0; i < step.outputs.size(); ++i)
      outputs_.push_back(
          const_cast<void*>(operand(step.outputs[i], shapes->outputs[i], generator)));
    workspace_ = Tensor(ElementType::uint8, {static_cast<int64_t>(bound_->workspace_bytes() + 1)});
  }

  // A run in which the system took a core from a thread says little about the kernel.
  double run() override {
    double best = -1;
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
      evict_constants();
      team_->wake(longest_wake);
      const int64_t switches = involuntary_switches();
      const double time = run_once();
      best = best < 0 ? time : std::min(best, time);
      if (involuntary_switches() == switches) return time;
    }
    return best;
  }

 private:
  void evict_constants() const {
    if (!evicts_) return;
    for (BufferId id : plan_.root.steps[0].inputs)
      if (id != no_buffer && plan_.buffer(id).storage == Storage::constant)
        evict(plan_.constants[plan_.buffer(id).constant].tensor);
  }

  double run_once() {
    const auto start = std::chrono::steady_clock::now();
    bound_->run({inputs_, outputs_, workspace_.view().data, team_.get()});
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - start;
    return spent.count();
  }

  const void* operand(BufferId id, const std::optional<Shape>& shape, std::mt19937& generator) {
    if (id == no_buffer) return nullptr;
    const Buffer& buffer = plan_.buffer(id);
    if (buffer.storage == Storage::constant) return plan_.constants[buffer.constant].tensor.data();
    tensors_.emplace_back(buffer.type.element, *shape);
    fill(tensors_.back().view(), generator);
    return tensors_.back().data();
  }

  Plan plan_;
  std::shared_ptr<ThreadTeam> team_;
  std::unique_ptr<Kernel> kernel_;
  std::unique_ptr<BoundKernel> bound_;
  std::vector<Tensor> tensors_;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
  Tensor workspace_;
  bool evicts_;
};

}  // namespace

KernelTimer step_timer() {
  return [team = std::shared_ptr<ThreadTeam>()](const Plan& plan, int threads, bool cold) mutable {
    if (!team || team->size() != threads) team = std::make_shared<ThreadTeam>(threads);
    return std::make_unique<TimedStep>(plan, team, cold);
  };
}

std::string device_name() {
  return fmt::format("{}, {}, Cermet {}, {}", processor_name(), name(best_instruction_set()),
                     CERMET_VERSION_STRING,
                     onednn_missing().empty() ? onednn_library().version : "no oneDNN");
}

}  // namespace cermet::cpu
