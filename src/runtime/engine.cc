#include <future>
#include <set>

#include "backends/cpu/run/kernels.h"
#include "base/error.h"
#include "base/log.h"
#include "runtime/at_run_time.h"
#include "runtime/engine_impl.h"
#include "runtime/kernel_libraries.h"
#include "runtime/shape_plan.h"

namespace cermet {
namespace {

std::unique_ptr<Kernel> make_kernel(const Engine::Impl& engine, const Step& step) {
  if (!needs_kernel(step.problem.kind)) return nullptr;
  if (step.place == Place::device)
    return cuda::make_program_kernel(engine.device ? &engine.device->modules() : nullptr, step);
  return with_context([&] { return fmt::format("step '{}'", step.name); },
                      [&] { return cpu::make_kernel({&engine.plan(), &step, &engine.plugins}); });
}

class Assembler {
 public:
  explicit Assembler(Engine::Impl& impl) : impl_(impl) {}

  RuntimeRegion region(const Region& from) {
    RuntimeRegion result;
    result.region = &from;
    // Indices follow for_each_step: a step, its bodies, the next step.
    for (const Step& step : from.steps) {
      RuntimeStep made;
      made.step = &step;
      made.index = impl_.kernels.size();
      impl_.kernels.push_back(make_kernel(impl_, step));
      made.kernel = impl_.kernels.back().get();
      for (const Region& body : step.regions) made.regions.push_back(region(body));
      result.steps.push_back(std::move(made));
    }
    return result;
  }

 private:
  Engine::Impl& impl_;
};

// What bodies of loops receive in each iteration are values of their own, never in the arena.
void exclude_loop_places(const std::vector<Step>& steps, std::vector<bool>& has_place) {
  for_each_step(steps, [&](const Step& step) {
    const std::set<BufferId> outer(step.inputs.begin(), step.inputs.end());
    for (const Region& body : step.regions)
      for (BufferId id : body.inputs)
        if (id != no_buffer && !outer.contains(id)) has_place[id] = false;
  });
}

std::vector<bool> places(const Plan& plan) {
  std::vector<bool> result(plan.buffers.size());
  for (BufferId id = 0; id < static_cast<BufferId>(result.size()); ++id) {
    const Storage storage = plan.buffers[id].storage;
    result[id] = (storage == Storage::activation || storage == Storage::output) &&
                 plan.buffers[id].alias == no_buffer && has_planned_size(plan, id);
  }
  exclude_loop_places(plan.root.steps, result);
  return result;
}

std::vector<bool> only_copied(const Plan& plan) {
  std::vector<bool> result(plan.root.inputs.size(), plan.uses_device());
  const auto exclude = [&](BufferId id) {
    for (size_t i = 0; i < result.size(); ++i)
      if (id != no_buffer && plan.root_of(id) == plan.root.inputs[i]) result[i] = false;
  };
  for (BufferId id : plan.root.outputs) exclude(id);
  for_each_step(plan.root.steps, [&](const Step& step) {
    if (step.problem.kind == ProblemKind::copy) return;
    for (BufferId id : step.inputs) exclude(id);
  });
  return result;
}

// Values are followed through views and copies to the device, not through what is computed.
std::vector<Engine::Impl::InputReaders> readers_of_inputs(const Plan& plan) {
  std::vector<Engine::Impl::InputReaders> result(plan.root.inputs.size());
  std::vector<int> input_of(plan.buffers.size(), -1);
  for (size_t i = 0; i < result.size(); ++i) input_of[plan.root.inputs[i]] = static_cast<int>(i);
  for (size_t at = 0; at < plan.root.steps.size(); ++at) {
    const Step& step = plan.root.steps[at];
    const bool copies = step.problem.kind == ProblemKind::copy;
    for (BufferId id : step.inputs) {
      if (id == no_buffer || input_of[id] < 0) continue;
      Engine::Impl::InputReaders& readers = result[input_of[id]];
      readers.last = at;
      if (copies) readers.last_copy = at;
      if (!copies && step.problem.kind != ProblemKind::view) continue;
      for (BufferId made : step.outputs)
        if (made != no_buffer && plan.buffer(made).place == Place::device)
          input_of[made] = input_of[id];
    }
  }
  return result;
}

TensorInfo describe(const std::string& name, const ValueType& type) {
  TensorInfo info{name, type.kind, type.element, std::nullopt};
  if (!type.has_rank()) return info;
  info.dims.emplace();
  for (const Dim& dim : *type.dims) info.dims->push_back(dim.to_string());
  return info;
}

size_t index_of(const std::vector<TensorInfo>& infos, std::string_view name,
                std::string_view what) {
  for (size_t i = 0; i < infos.size(); ++i)
    if (infos[i].name == name) return i;
  std::string known;
  for (const TensorInfo& info : infos) known += (known.empty() ? "" : ", ") + info.name;
  fail(ErrorCode::invalid_argument, "the engine has no {} '{}'; it has: {}", what, name, known);
}

void collect_steps(const RuntimeRegion& region, int depth, std::vector<StepInfo>& into) {
  for (const RuntimeStep& runtime : region.steps) {
    const Step& step = *runtime.step;
    into.push_back({step.name, std::string(name(step.problem.kind)), step.problem.to_string(),
                    step.choice.tactic, step.choice.configuration, step.origin, depth,
                    std::string(name(step.place))});
    for (const RuntimeRegion& body : runtime.regions) collect_steps(body, depth + 1, into);
  }
}

}  // namespace

namespace {

void open_device(Engine::Impl& impl, const EngineOptions& options) {
  impl.device_error.reset();
  if (!impl.plan().uses_device()) return;
  try {
    impl.device = std::make_unique<EngineDevice>(impl.plan(), options);
  } catch (const Error& error) {
    impl.device_error = error;
  }
}

// Keeps the plan that is to run, with the device open that it needs.
void choose_plan(Engine::Impl& impl, const EngineOptions& options) {
  const PlanChoice choice = options.plan;
  const std::shared_ptr<EngineImage> on_cpu = std::move(impl.image.on_cpu);
  impl.image.on_cpu = nullptr;
  require(choice != PlanChoice::cpu || on_cpu || !impl.plan().uses_device(),
          ErrorCode::invalid_argument,
          "the engine has no plan for the CPU; build it with --device cuda,cpu");
  if (on_cpu == nullptr || choice != PlanChoice::cpu) open_device(impl, options);
  const bool unusable = impl.device_error && impl.device_error->code() == ErrorCode::device;
  if (on_cpu == nullptr || choice == PlanChoice::gpu || (choice == PlanChoice::usable && !unusable))
    return;
  if (unusable)
    log_warning(options.logger,
                "the engine's plan for the CPU runs, for that for the GPU can't: {}",
                impl.device_error->message());
  impl.image = std::move(*on_cpu);
  impl.device_error.reset();
}

// Of what is in the file beside the plan that runs.
void note_contents(Engine::Impl& impl) {
  impl.plans.push_back(impl.image.info.options);
  if (impl.image.on_cpu) impl.plans.push_back(impl.image.on_cpu->info.options);
  impl.model_bytes = impl.image.model.bytes();
}

}  // namespace

Engine::Impl::Impl(EngineImage from, Plugins from_plugins, const EngineOptions& options)
    : image(std::move(from)), plugins(std::move(from_plugins)) {
  note_contents(*this);
  choose_plan(*this, options);
  check_processor(image.info);
  plugins.check(image.info.requirements);
  load_kernel_libraries(image.info, options.logger);
  root = Assembler(*this).region(plan().root);
  has_place = places(plan());
  copied_inputs = only_copied(plan());
  input_readers = readers_of_inputs(plan());
  for (size_t i = 0; i < plan().root.inputs.size(); ++i)
    inputs.push_back(describe(plan().input_names[i], plan().outer_type(plan().root.inputs[i])));
  for (size_t i = 0; i < plan().root.outputs.size(); ++i)
    outputs.push_back(describe(plan().output_names[i], plan().outer_type(plan().root.outputs[i])));
}

size_t Engine::Impl::input_index(std::string_view name) const {
  return index_of(inputs, name, "input");
}
size_t Engine::Impl::output_index(std::string_view name) const {
  return index_of(outputs, name, "output");
}

namespace {

// Kernels are made while the weights' checksum is verified. That they are altered is what is told
// whatever else comes of it.
std::unique_ptr<Engine::Impl> load_file(const std::string& path, Plugins plugins,
                                        const EngineOptions& options) {
  std::future<void> weights;
  std::unique_ptr<Engine::Impl> impl;
  try {
    EngineImage image = read_engine(std::make_shared<MappedFile>(path), {.weights = &weights});
    impl = std::make_unique<Engine::Impl>(std::move(image), std::move(plugins), options);
  } catch (...) {
    if (weights.valid()) weights.get();
    throw;
  }
  weights.get();
  return impl;
}

}  // namespace

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

std::shared_ptr<const Engine> Engine::load(const std::string& path, const EngineOptions& options) {
  return with_context([&] { return path; },
                      [&] {
                        return std::shared_ptr<const Engine>(new Engine(
                            load_file(path, Plugins(options.plugins, options.logger), options)));
                      });
}

std::shared_ptr<const Engine> Engine::from_memory(std::span<const std::byte> bytes,
                                                  const EngineOptions& options) {
  return std::shared_ptr<const Engine>(new Engine(std::make_unique<Impl>(
      read_engine(bytes), Plugins(options.plugins, options.logger), options)));
}

const std::vector<TensorInfo>& Engine::inputs() const { return impl_->inputs; }
const std::vector<TensorInfo>& Engine::outputs() const { return impl_->outputs; }

std::string Engine::runs_on() const {
  if (!impl_->plan().uses_device()) return "cpu";
  return impl_->device ? impl_->device->device()->name() : "";
}

EngineSummary Engine::summary() const {
  EngineSummary summary;
  summary.version = impl_->image.info.version;
  summary.options = impl_->image.info.options;
  summary.requirements = impl_->image.info.requirements;
  summary.model_bytes = impl_->model_bytes;
  summary.runs_on = runs_on();
  summary.plans = impl_->plans;
  summary.slice_items = impl_->plan().slice_items();
  for (const PlanConstant& constant : impl_->plan().constants)
    summary.constant_bytes += constant.tensor.bytes();
  for (const Profile& profile : impl_->plan().profiles) {
    ShapeProfile shown;
    for (const ProfileInput& input : profile.inputs)
      shown.push_back({input.name, input.min, input.opt, input.max});
    summary.profiles.push_back(std::move(shown));
  }
  collect_steps(impl_->root, 0, summary.steps);
  return summary;
}

size_t Engine::device_activation_bytes(const InputShapes& shapes) const {
  return at_run_time([&] {
    ThreadTeam team(1);
    return make_shape_plan(*impl_, ordered_shapes(*impl_, shapes), team)->device_memory.arena_bytes;
  });
}

size_t Engine::activation_bytes(const InputShapes& shapes, int threads) const {
  return at_run_time([&] {
    ThreadTeam team(threads);
    return make_shape_plan(*impl_, ordered_shapes(*impl_, shapes), team)->arena_bytes();
  });
}

}  // namespace cermet
