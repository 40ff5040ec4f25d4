#include "tactics/place_steps.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

#include "base/error.h"
#include "base/scalar.h"
#include "plan/handed_values.h"
#include "tactics/size_scan.h"

namespace cermet {
namespace {

// Integers up to so many are computed faster than they are sent to the device.
constexpr int64_t small_elements = 4096;

class Placer {
 public:
  Placer(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics), options_(options), sizes_(plan) {}

  std::vector<HostStep> run() {
    find_read_buffers();
    region(plan_.root, std::vector<Place>(plan_.root.outputs.size(), Place::host));
    return std::move(host_steps_);
  }

 private:
  // What a region makes its inner regions see too, but not its outer ones. `ends`: where its
  // results are handed on.
  void region(Region& region, const std::vector<Place>& ends) {
    sizes_.enter(region);
    const std::map<BufferId, BufferId> outer = copies_;
    std::vector<Step> steps = std::move(region.steps);
    region.steps.clear();
    for (Step& step : steps) {
      if (become_constant(step, steps)) continue;
      if (step.regions.empty())
        place_step(step, region.steps);
      else
        place_control(step, region.steps);
      region.steps.push_back(std::move(step));
    }
    for (size_t i = 0; i < region.outputs.size(); ++i)
      region.outputs[i] = as_output(region.outputs[i], ends[i], region);
    copies_ = outer;
  }

  void place_step(Step& step, std::vector<Step>& before) {
    step.place = place_of(step, sizes_.visit(step));
    for (BufferId& id : step.inputs) id = in_place(id, step.place, before);
    for (BufferId id : step.outputs) put(id, step.place);
  }

  // The host decides, but what goes round or comes out of a branch stays where it is computed.
  void place_control(Step& step, std::vector<Step>& before) {
    std::vector<std::vector<Place>> ends;
    for (const Region& body : step.regions) ends.emplace_back(body.outputs.size(), Place::host);
    for (const HandedValue& value : handed_values(step)) {
      const Place place = is_of_device(step, value) ? Place::device : Place::host;
      if (value.input) {
        BufferId& id = step.inputs[*value.input];
        id = in_place(id, place, before);
      }
      if (value.output) put(step.outputs[*value.output], place);
      for (size_t r = 0; r < step.regions.size(); ++r) {
        if (value.region_input) put(step.regions[r].inputs[*value.region_input], place);
        if (value.region_output) ends[r][*value.region_output] = place;
      }
    }
    for (size_t r = 0; r < step.regions.size(); ++r) region(step.regions[r], ends[r]);
    // A body's sizes are defined before those of the step that it belongs to.
    sizes_.visit(step);
  }

  void put(BufferId id, Place place) {
    if (id != no_buffer) plan_.buffers[id].place = place;
  }

  // Whether the device reads it in a body, or makes it there. Integers are counts and tokens, which
  // the host decides by.
  bool is_of_device(const Step& step, const HandedValue& value) const {
    // A slice along another axis is many pieces, each a copy.
    if (value.is_hosts || value.axis.value_or(0) != 0) return false;
    return std::any_of(step.regions.begin(), step.regions.end(), [&](const Region& body) {
      const BufferId in = value.region_input ? body.inputs[*value.region_input] : no_buffer;
      const BufferId out = value.region_output ? body.outputs[*value.region_output] : no_buffer;
      return is_read_by_device(in, body) || is_made_by_device(out, body);
    });
  }

  bool is_floats(BufferId id) const {
    return id != no_buffer && plan_.buffers[id].type.is_tensor() &&
           is_floating(plan_.buffers[id].type.element) &&
           bit_width(plan_.buffers[id].type.element) >= 8;
  }

  bool runs_on_device(const Step& step) const {
    std::string ignored;
    return needs_kernel(step.problem.kind) && is_taken_by_device(step, false, ignored);
  }

  bool is_read_by_device(BufferId id, const Region& body) const {
    if (!is_floats(id)) return false;
    std::set<BufferId> names = {id};
    for (const Step& step : body.steps) {
      if (std::none_of(step.inputs.begin(), step.inputs.end(),
                       [&](BufferId input) { return names.contains(input); }))
        continue;
      if (step.problem.kind == ProblemKind::view)
        names.insert(step.outputs.begin(), step.outputs.end());
      else if (runs_on_device(step))
        return true;
    }
    return false;
  }

  bool is_made_by_device(BufferId id, const Region& body) const {
    if (!is_floats(id)) return false;
    for (const Step& step : std::ranges::reverse_view(body.steps)) {
      if (std::find(step.outputs.begin(), step.outputs.end(), id) == step.outputs.end()) continue;
      if (step.problem.kind != ProblemKind::view) return runs_on_device(step);
      id = step.inputs[0];
    }
    return false;
  }

  // Sizes that are numbers by now are nothing to compute while running, and to copy each time.
  bool become_constant(const Step& step, std::vector<Step>& region) {
    if (step.problem.kind != ProblemKind::dims || !all_constant(step.problem.dims)) return false;
    Buffer& buffer = plan_.buffers[step.outputs[0]];
    const bool shared =
        std::any_of(plan_.buffers.begin(), plan_.buffers.end(),
                    [&](const Buffer& view) { return view.alias == step.outputs[0]; });
    const bool fits =
        !shared && buffer.storage == Storage::activation && buffer.alias == no_buffer &&
        buffer.type.is_static() && bit_width(buffer.type.element) >= 8 &&
        product(*buffer.type.dims).constant() == static_cast<int64_t>(step.problem.dims.size());
    if (!fits) return false;
    Tensor tensor(buffer.type.element, constants(*buffer.type.dims));
    for (size_t i = 0; i < step.problem.dims.size(); ++i)
      store_element<int64_t>(tensor.view(), static_cast<int64_t>(i),
                             step.problem.dims[i].constant());
    buffer.storage = Storage::constant;
    buffer.constant = static_cast<int32_t>(plan_.constants.size());
    plan_.constants.push_back({std::move(tensor), {}, {"sizes"}});
    // Readers are told.
    for_each_step(region, [&](Step& reader) {
      for (size_t i = 0; i < reader.inputs.size(); ++i)
        if (reader.inputs[i] == step.outputs[0]) reader.problem.inputs[i]->constant = true;
    });
    return true;
  }

  // A result of the region in that place. An output of the plan keeps its buffer, and the device's
  // steps get another one; a body may give that value too, which was made outside of it.
  BufferId as_output(BufferId id, Place place, Region& region) {
    if (id == no_buffer || plan_.buffers[id].place == place) return id;
    if (plan_.buffers[id].storage != Storage::output || &region != &plan_.root)
      return in_place(id, place, region.steps);
    const BufferId inner = add_buffer(id, Place::device);
    plan_.buffers[inner].storage = Storage::activation;
    plan_.buffers[inner].alias = plan_.buffers[id].alias;
    plan_.buffers[inner].alias_offset = plan_.buffers[id].alias_offset;
    plan_.buffers[id].alias = no_buffer;
    plan_.buffers[id].alias_offset = {};
    plan_.buffers[id].place = Place::host;
    rename(region, id, inner);
    for (Buffer& buffer : plan_.buffers)
      if (buffer.alias == id) buffer.alias = inner;
    region.steps.push_back(copy_step(inner, id));
    return id;
  }

  static void rename(Region& region, BufferId from, BufferId to) {
    for_each_step(region.steps, [&](Step& step) {
      std::replace(step.inputs.begin(), step.inputs.end(), from, to);
      std::replace(step.outputs.begin(), step.outputs.end(), from, to);
      for (Region& body : step.regions)
        std::replace(body.outputs.begin(), body.outputs.end(), from, to);
    });
  }

  BufferId in_place(BufferId id, Place place, std::vector<Step>& before) {
    if (id == no_buffer || plan_.buffers[id].place == place) return id;
    const auto [entry, fresh] = copies_.emplace(id, no_buffer);
    if (!fresh) return entry->second;
    const BufferId copy = entry->second = add_buffer(id, place);
    if (plan_.buffers[id].storage == Storage::constant) return copy;
    plan_.buffers[copy].storage = Storage::activation;
    before.push_back(copy_step(id, copy));
    return copy;
  }

  BufferId add_buffer(BufferId like, Place place) {
    Buffer buffer = plan_.buffers[like];
    buffer.name += fmt::format(".{}", name(place));
    buffer.place = place;
    buffer.alias = no_buffer;
    buffer.alias_offset = {};
    plan_.buffers.push_back(std::move(buffer));
    return static_cast<BufferId>(plan_.buffers.size() - 1);
  }

  Step copy_step(BufferId from, BufferId to) const {
    const auto operand = [&](BufferId id) {
      return Operand{plan_.buffers[id].type, plan_.buffers[id].layout, false};
    };
    Step step;
    step.name = fmt::format("{}.to_{}", plan_.buffers[from].name, name(plan_.buffers[to].place));
    step.problem.kind = ProblemKind::copy;
    step.problem.domain = "cermet";
    step.problem.op = "Copy";
    step.problem.inputs = {operand(from)};
    step.problem.outputs = {operand(to)};
    step.inputs = {from};
    step.outputs = {to};
    step.place = Place::host;
    return step;
  }

  Place place_of(const Step& step, bool defines_sizes) {
    if (step.problem.kind == ProblemKind::view) return place_of_view(step);
    if (!needs_kernel(step.problem.kind) || is_small_and_of_host(step)) return Place::host;
    std::string reason;
    if (is_taken_by_device(step, defines_sizes, reason)) return Place::device;
    if (!asks_for_a_size(step) && !(defines_sizes && is_for_its_size(step)))
      host_steps_.push_back({step.name, step.problem.op, std::move(reason)});
    return Place::host;
  }

  // The host knows all sizes.
  static bool asks_for_a_size(const Step& step) {
    return step.problem.domain.empty() && (step.problem.op == "Shape" || step.problem.op == "Size");
  }

  void find_read_buffers() {
    const auto add = [&](BufferId id) {
      if (id != no_buffer) read_.insert(id);
    };
    const auto add_region = [&](const Region& region) {
      for (BufferId id : region.outputs) add(id);
    };
    add_region(plan_.root);
    for_each_step(plan_.root.steps, [&](const Step& step) {
      if (!asks_for_a_size(step))
        for (BufferId id : step.inputs) add(id);
      for (const Region& body : step.regions) add_region(body);
    });
    for (const Buffer& buffer : plan_.buffers) add(buffer.alias);
  }

  // Nobody reads what is in the results, only how many elements they have: the host reads a count,
  // as pad-results lets it, and computes nothing in the device's place.
  bool is_for_its_size(const Step& step) const {
    return std::none_of(step.outputs.begin(), step.outputs.end(),
                        [&](BufferId id) { return id != no_buffer && read_.contains(id); });
  }

  // Of an input the device has a view where it has the input, so that what comes after it is not
  // in two places.
  Place place_of_view(const Step& step) const {
    if (step.inputs[0] == no_buffer) return Place::host;
    const Buffer& whole = plan_.buffers[step.inputs[0]];
    const bool numbers = whole.type.is_tensor() && bit_width(whole.type.element) >= 8;
    return whole.storage == Storage::input && numbers ? Place::device : whole.place;
  }

  // Integers that nothing of the device has a part in, as shapes are computed. Inputs may lie on
  // the device already, and a step of the host in the midst of a run would keep it from a stream of
  // the caller's.
  bool is_small_and_of_host(const Step& step) const {
    const auto is_small = [&](BufferId id) {
      if (id == no_buffer) return true;
      const Buffer& buffer = plan_.buffers[id];
      if (buffer.place == Place::device || !buffer.type.is_static() ||
          buffer.storage == Storage::input)
        return false;
      const bool whole = is_integer(buffer.type.element) || buffer.storage == Storage::constant ||
                         buffer.type.element == ElementType::boolean;
      return whole && element_count(constants(*buffer.type.dims)) <= small_elements;
    };
    const bool reads_values = std::any_of(step.inputs.begin(), step.inputs.end(), [&](BufferId id) {
      return id != no_buffer && plan_.buffers[id].storage != Storage::constant;
    });
    return reads_values && std::all_of(step.inputs.begin(), step.inputs.end(), is_small) &&
           std::all_of(step.outputs.begin(), step.outputs.end(), is_small);
  }

  bool is_taken_by_device(const Step& step, bool defines_sizes, std::string& reason) const {
    Step trial = step;
    trial.place = Place::device;
    if (is_taken(trial, defines_sizes, reason)) return true;
    std::string ignored;
    Step last = channels_last(trial);
    if (is_taken(last, defines_sizes, ignored)) return true;
    if (!step.problem.has_epilogue()) return false;
    for (Step* whole : {&trial, &last}) {
      whole->problem.expression = {};
      whole->inputs.resize(step.problem.epilogue_first);
      whole->problem.inputs.resize(step.problem.epilogue_first);
      whole->problem.epilogue_first = 0;
      if (is_taken(*whole, defines_sizes, ignored)) return true;
    }
    return false;
  }

  // As assign_layouts would have it: all operands of the result's rank, but not weights.
  static Step channels_last(Step step) {
    if (step.problem.outputs.empty() || !step.problem.outputs[0] ||
        !step.problem.outputs[0]->type.has_rank())
      return step;
    const int rank = step.problem.outputs[0]->type.rank();
    if (rank < 3 || rank > 5) return step;
    const Layout layout = Layout::channels_last(rank);
    const bool has_weights = step.problem.kind == ProblemKind::convolution;
    for (size_t i = 0; i < step.problem.inputs.size(); ++i) {
      auto& operand = step.problem.inputs[i];
      const bool is_weights = has_weights && i > 0 &&
                              !(step.problem.has_epilogue() && i >= step.problem.epilogue_first);
      if (operand && operand->type.has_rank() && operand->type.rank() == rank && !is_weights)
        operand->layout = layout;
    }
    for (auto& operand : step.problem.outputs)
      if (operand && operand->type.has_rank() && operand->type.rank() == rank)
        operand->layout = layout;
    return step;
  }

  // A tactic's reason that begins so says that the problem is none of its business.
  static bool is_foreign(std::string_view reason) { return reason.starts_with("computes "); }

  bool is_taken(const Step& step, bool defines_sizes, std::string& reason) const {
    if (defines_sizes) {
      reason = "the shape of a result depends on the contents of the inputs";
      return false;
    }
    const TacticQuery query = options_.query(plan_, step, defines_sizes);
    for (const Tactic& tactic : tactics_) {
      if (tactic.place != Place::device || is_disabled(tactic, step, options_)) continue;
      const auto against = tactic.reason_against(query);
      if (!against) return true;
      if (is_foreign(*against)) continue;
      reason += fmt::format("{}{}: {}", reason.empty() ? "" : "; ", tactic.name, *against);
    }
    if (reason.empty())
      reason = fmt::format("no tactic of the device computes {}", step.problem.op);
    return false;
  }

  Plan& plan_;
  std::span<const Tactic> tactics_;
  const TacticOptions& options_;
  SizeScan sizes_;
  std::set<BufferId> read_;              // whose elements a step or a caller reads
  std::map<BufferId, BufferId> copies_;  // of a buffer, in the other place
  std::vector<HostStep> host_steps_;
};

}  // namespace

std::vector<HostStep> place_steps(Plan& plan, std::span<const Tactic> tactics,
                                  const TacticOptions& options) {
  return Placer(plan, tactics, options).run();
}

}  // namespace cermet
