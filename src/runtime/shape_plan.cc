#include "runtime/shape_plan.h"

#include <atomic>
#include <exception>

#include "base/error.h"
#include "runtime/check_step.h"
#include "runtime/step_order.h"

namespace cermet {
namespace {

// Symbols take the sizes of the inputs; sizes that contradict the model are refused.
SymbolValues bind_symbols(const Engine::Impl& engine,
                          const std::vector<std::optional<Shape>>& inputs) {
  SymbolValues symbols;
  std::map<std::string, std::string, std::less<>> bound_by;
  const Plan& plan = engine.plan();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueType type = plan.outer_type(plan.root.inputs[i]);
    if (!inputs[i] || !type.has_rank()) continue;
    const std::string& name = plan.input_names[i];
    require(inputs[i]->size() == type.dims->size(), ErrorCode::out_of_range,
            "input '{}': expected {} dimensions {}, got shape {}", name, type.dims->size(),
            to_string(*type.dims), to_string(*inputs[i]));
    for (size_t d = 0; d < type.dims->size(); ++d) {
      const Dim& dim = (*type.dims)[d];
      const int64_t size = (*inputs[i])[d];
      if (const auto symbol = dim.as_symbol()) {
        const auto [entry, fresh] = symbols.emplace(*symbol, size);
        if (fresh) bound_by[*symbol] = fmt::format("input '{}', dimension {}", name, d);
        require(entry->second == size, ErrorCode::out_of_range,
                "input '{}', dimension {}: {} is {} in {}, but {} here", name, d, *symbol,
                entry->second, bound_by[*symbol], size);
      } else if (dim.is_constant()) {
        require(dim.is_constant(size), ErrorCode::out_of_range,
                "input '{}', dimension {}: expected {}, got {}", name, d, dim.constant(), size);
      }
    }
  }
  return symbols;
}

// The first contradiction to a profile, or nothing.
std::optional<std::string> outside(const Engine::Impl& engine, const Profile& profile,
                                   const std::vector<std::optional<Shape>>& inputs) {
  for (const ProfileInput& range : profile.inputs) {
    const size_t i = engine.input_index(range.name);
    if (!inputs[i]) continue;
    for (size_t d = 0; d < inputs[i]->size() && d < range.min.size(); ++d) {
      const int64_t size = (*inputs[i])[d];
      if (size < range.min[d] || size > range.max[d])
        return fmt::format("input '{}', dimension {}: {} is outside the profile's range {} to {}",
                           range.name, d, size, range.min[d], range.max[d]);
    }
  }
  return std::nullopt;
}

void check_profiles(const Engine::Impl& engine, const std::vector<std::optional<Shape>>& inputs) {
  std::optional<std::string> reason;
  for (const Profile& profile : engine.plan().profiles) {
    const auto fault = outside(engine, profile, inputs);
    if (!fault) return;
    if (!reason) reason = fault;
  }
  const size_t count = engine.plan().profiles.size();
  require(!reason, ErrorCode::out_of_range, "{}{}", reason.value_or(""),
          count > 1 ? fmt::format(" (and no other of the {} profiles takes it)", count) : "");
}

std::optional<Shape> shape_of(const ValueType& type, const SymbolValues& symbols) {
  if (!type.has_rank()) return std::nullopt;
  Shape shape;
  for (const Dim& dim : *type.dims) {
    const auto size = dim.try_evaluate(symbols);
    if (!size) return std::nullopt;
    shape.push_back(*size);
  }
  return shape;
}

// ShapePlan::alias_offsets. A value that would not lie within the one whose memory it uses is
// refused.
std::vector<std::optional<size_t>> find_alias_offsets(const Plan& plan, const ShapePlan& shapes) {
  std::vector<std::optional<size_t>> offsets(plan.buffers.size());
  for (size_t id = 0; id < plan.buffers.size(); ++id) {
    const Buffer& buffer = plan.buffers[id];
    if (buffer.alias == no_buffer) continue;
    const auto offset = buffer.alias_offset.try_evaluate(shapes.symbols);
    const auto& shape = shapes.shapes[id];
    const auto& within = shapes.shapes[buffer.alias];
    if (!offset || !shape || !within) continue;
    check_part(plan, static_cast<BufferId>(id), *shape, *within, *offset);
    offsets[id] = static_cast<size_t>(*offset);
  }
  return offsets;
}

std::vector<std::optional<Shape>> gather(const std::vector<BufferId>& ids,
                                         const std::vector<std::optional<Shape>>& shapes,
                                         bool& all_known) {
  std::vector<std::optional<Shape>> result;
  for (BufferId id : ids) {
    result.push_back(id == no_buffer ? std::nullopt : shapes[id]);
    if (id != no_buffer && !shapes[id]) all_known = false;
  }
  return result;
}

void collect_bindable(const RuntimeRegion& region, std::vector<const RuntimeStep*>& into) {
  for (const RuntimeStep& runtime : region.steps) {
    for (const RuntimeRegion& body : runtime.regions) collect_bindable(body, into);
    if (runtime.kernel != nullptr && !runtime.kernel->dynamic()) into.push_back(&runtime);
  }
}

void bind_step(const Plan& engine, const RuntimeStep& runtime, int threads, ShapePlan& plan) {
  bool all_known = true;
  const auto inputs = gather(runtime.step->inputs, plan.shapes, all_known);
  const auto outputs = gather(runtime.step->outputs, plan.shapes, all_known);
  if (!all_known) return;
  with_context([&] { return fmt::format("step '{}'", runtime.step->name); },
               [&] {
                 const BindContext context{inputs, outputs, threads};
                 check_step(engine, *runtime.step, context);
                 plan.bound[runtime.index] = runtime.kernel->bind(context);
               });
}

// Kernels that write their code when they are bound take far longer than others, so that each
// thread takes the next step when it is done with one.
void bind_steps(const Plan& engine, const RuntimeRegion& root, ThreadTeam& team, ShapePlan& plan) {
  std::vector<const RuntimeStep*> steps;
  collect_bindable(root, steps);
  std::vector<std::exception_ptr> errors(steps.size());
  std::atomic<size_t> next = 0;
  const auto bind = [&](size_t i) {
    try {
      bind_step(engine, *steps[i], team.size(), plan);
    } catch (...) {
      errors[i] = std::current_exception();
      next = steps.size();
    }
  };
  team.run([&](int, int) {
    for (size_t i = next++; i < steps.size(); i = next++) bind(i);
  });
  for (const std::exception_ptr& error : errors)  // that of the first step, whoever was faster
    if (error) std::rethrow_exception(error);
}

// How many slices the batch has.
int64_t slices_of(const Plan& plan, const SymbolValues& symbols) {
  if (!plan.batch) return 1;
  const int64_t items = plan.batch->evaluate(symbols);
  const int64_t slice = plan.slice_items();
  require(items % slice == 0, ErrorCode::out_of_range,
          "input '{}', dimension 0: expected a multiple of {}, got {}", plan.input_names[0], slice,
          items);
  // What goes round more often would have items of no elements, or no end.
  constexpr int64_t most = 1 << 24;
  require(items / slice <= most, ErrorCode::out_of_range,
          "input '{}', dimension 0: expected at most {}, got {}", plan.input_names[0], most * slice,
          items);
  return items / slice;
}

// Makes room behind the arena for the results of all slices.
void gather_outputs(const Plan& plan, ShapePlan& shapes) {
  if (shapes.slices == 1) return;
  for (size_t i = 0; i < plan.root.outputs.size(); ++i) {
    const BufferId id = plan.root.outputs[i];
    const auto& slice = shapes.shapes[id];
    require(slice.has_value(), ErrorCode::invalid_engine,
            "output '{}' of a batch in slices: its shape does not follow from the inputs'",
            plan.output_names[i]);
    Shape whole = *slice;
    require(!__builtin_mul_overflow(whole.front(), shapes.slices, &whole.front()),
            ErrorCode::out_of_range, "output '{}': {} times {} rows are too many",
            plan.output_names[i], shapes.slices, slice->front());
    const size_t bytes = byte_size(plan.buffer(id).type.element, element_count(whole));
    const size_t room = arena_aligned(bytes);
    shapes.gathered.push_back({std::move(whole), bytes, shapes.memory.arena_bytes});
    require(!__builtin_add_overflow(shapes.memory.arena_bytes, room, &shapes.memory.arena_bytes),
            ErrorCode::out_of_memory, "output '{}' takes {} bytes, more than can be addressed",
            plan.output_names[i], bytes);
  }
}

// An arena for each place.
void plan_memories(const Engine::Impl& engine, const std::vector<std::optional<size_t>>& bytes,
                   const std::vector<size_t>& workspace, ShapePlan& result) {
  const Plan& plan = engine.plan();
  if (!plan.uses_device()) {
    result.memory = plan_memory(plan, bytes, result.alias_offsets, workspace);
    return;
  }
  const StepOrder order(engine, result);
  for (const Place place : {Place::host, Place::device}) {
    std::vector<std::optional<size_t>> here = bytes;
    for (size_t id = 0; id < here.size(); ++id)
      if (plan.buffers[id].place != place) here[id].reset();
    std::vector<size_t> needed = workspace;
    size_t index = 0;
    for_each_step(plan.root.steps, [&](const Step& step) {
      if (step.place != place) needed[index] = 0;
      ++index;
    });
    if (place == Place::host)
      result.memory = plan_memory(plan, here, result.alias_offsets, needed);
    else
      result.device_memory = plan_memory(plan, here, result.alias_offsets, needed, order.in_turn());
  }
}

}  // namespace

std::unique_ptr<ShapePlan> make_shape_plan(const Engine::Impl& engine,
                                           const std::vector<std::optional<Shape>>& inputs,
                                           ThreadTeam& team) {
  auto result = std::make_unique<ShapePlan>();
  const Plan& plan = engine.plan();
  result->symbols = bind_symbols(engine, inputs);
  check_profiles(engine, inputs);
  result->slices = slices_of(plan, result->symbols);
  result->shapes.resize(plan.buffers.size());
  std::vector<std::optional<size_t>> bytes(plan.buffers.size());
  for (size_t id = 0; id < plan.buffers.size(); ++id) {
    const Buffer& buffer = plan.buffers[id];
    result->shapes[id] = with_context([&] { return fmt::format("the shape of '{}'", buffer.name); },
                                      [&] { return shape_of(buffer.type, result->symbols); });
    if (engine.has_place[id] && result->shapes[id])
      bytes[id] = byte_size(buffer.type.element, *result->shapes[id], buffer.layout);
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::optional<Shape>& shape = result->shapes[plan.root.inputs[i]];
    if (inputs[i]) shape = *inputs[i];
    if (plan.batch) shape->front() = plan.slice_items();
  }
  result->bound.resize(engine.kernels.size());
  bind_steps(plan, engine.root, team, *result);
  std::vector<size_t> workspace(engine.kernels.size(), 0);
  for (size_t step = 0; step < workspace.size(); ++step)
    if (result->bound[step]) workspace[step] = result->bound[step]->workspace_bytes();
  result->alias_offsets = find_alias_offsets(plan, *result);
  plan_memories(engine, bytes, workspace, *result);
  gather_outputs(plan, *result);
  return result;
}

std::vector<std::optional<Shape>> ordered_shapes(const Engine::Impl& engine,
                                                 const InputShapes& shapes) {
  std::vector<std::optional<Shape>> ordered(engine.inputs.size());
  for (const auto& [name, shape] : shapes) ordered[engine.input_index(name)] = shape;
  for (size_t i = 0; i < ordered.size(); ++i) {
    const ValueType type = engine.plan().outer_type(engine.plan().root.inputs[i]);
    if (ordered[i] || !type.is_tensor()) continue;
    require(type.is_static(), ErrorCode::invalid_argument,
            "input '{}' of type {} needs a shape: give it with a profile or with --shapes",
            engine.inputs[i].name, type.to_string());
    ordered[i] = constants(*type.dims);
  }
  return ordered;
}

MemoryUse largest_memory_use(const Engine::Impl& engine, const InputShapes& shapes, int threads) {
  ThreadTeam team(threads);
  const auto plan = make_shape_plan(engine, ordered_shapes(engine, shapes), team);
  const std::vector<Lifetime> lives = lifetimes(engine.plan());
  std::vector<size_t> in_use(engine.kernels.size() + 1, 0);
  for (size_t id = 0; id < lives.size(); ++id) {
    const auto buffer = static_cast<BufferId>(id);
    const Buffer& what = engine.plan().buffers[id];
    if (!plan->memory_of(what.place).offsets[id] || engine.plan().root_of(buffer) != buffer)
      continue;
    const size_t bytes = byte_size(what.type.element, *plan->shapes[id], what.layout);
    for (int32_t at = lives[id].first; at >= 0 && at <= lives[id].last; ++at) in_use[at] += bytes;
  }
  for (size_t step = 0; step < plan->bound.size(); ++step)
    if (plan->bound[step]) in_use[step] += plan->bound[step]->workspace_bytes();
  MemoryUse use;
  use.bytes = plan->arena_bytes();
  int32_t at = 0;
  for_each_step(engine.plan().root.steps, [&](const Step& step) {
    if (in_use[at] > use.step_bytes) {
      use.step_bytes = in_use[at];
      use.step = step.name;
    }
    ++at;
  });
  return use;
}

}  // namespace cermet
