#include "plan/plan.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "expr/same_bytes.h"
#include "plan/handed_values.h"

namespace cermet {

std::string_view name(Place place) { return place == Place::host ? "host" : "device"; }

std::string_view name(Storage storage) {
  constexpr std::array<std::string_view, 6> names{"constant",   "input",     "output",
                                                  "activation", "workspace", "state"};
  return names.at(static_cast<size_t>(storage));
}

bool Plan::uses_device() const {
  return std::any_of(buffers.begin(), buffers.end(),
                     [](const Buffer& buffer) { return buffer.place == Place::device; });
}

BufferId Plan::root_of(BufferId id) const {
  while (buffers[id].alias != no_buffer) id = buffers[id].alias;
  return id;
}

bool Plan::begins_at_root(BufferId id) const {
  for (; buffers[id].alias != no_buffer; id = buffers[id].alias)
    if (!buffers[id].alias_offset.is_constant(0)) return false;
  return true;
}

int64_t Plan::slice_items() const {
  return batch ? buffers[root.inputs.front()].type.dims->front().constant() : 0;
}

ValueType Plan::outer_type(BufferId id) const {
  ValueType type = buffers[id].type;
  if (batch) type.dims->front() = *batch * (type.dims->front().constant() / slice_items());
  return type;
}

ViewForm view_form(const Problem& problem) {
  if (problem.op == "Concat") return ViewForm::whole;
  const bool parts = problem.op == "Split" || problem.op == "Slice" || problem.op == "Gather";
  return parts ? ViewForm::parts : ViewForm::reshape;
}

namespace {

template <class... Args>
void law(bool holds, fmt::format_string<Args...> text, Args&&... args) {
  if (!holds)
    fail(ErrorCode::internal, "illegal plan: {}", fmt::format(text, std::forward<Args>(args)...));
}

class Verifier {
 public:
  explicit Verifier(const Plan& plan) : plan_(plan), written_(plan.buffers.size(), false) {}

  void run() {
    verify_buffers();
    law(plan_.root.inputs.size() == plan_.input_names.size(), "{} inputs have {} names",
        plan_.root.inputs.size(), plan_.input_names.size());
    law(plan_.root.outputs.size() == plan_.output_names.size(), "{} outputs have {} names",
        plan_.root.outputs.size(), plan_.output_names.size());
    if (plan_.batch) verify_batch();
    verify_region(plan_.root);
    verify_on_host(plan_.root);
  }

 private:
  void verify_batch() {
    law(!plan_.root.inputs.empty(), "a batch comes in by no input");
    for (const auto* ends : {&plan_.root.inputs, &plan_.root.outputs})
      for (BufferId id : *ends) {
        known(id);
        const ValueType& type = plan_.buffers[id].type;
        law(type.has_rank() && !type.dims->empty() && type.dims->front().is_constant() &&
                bit_width(type.element) >= 8,
            "'{}' belongs to a batch in slices, its first dimension has to be a number",
            plan_.buffers[id].name);
        for (const Dim& dim : *type.dims) {
          std::set<std::string> of_data;
          dim.collect_data_symbols(of_data);
          law(of_data.empty(), "'{}' belongs to a batch in slices, its size {} is known from data",
              plan_.buffers[id].name, dim.to_string());
        }
      }
    const int64_t items = plan_.slice_items();
    law(items > 0, "a slice of a batch has {} items", items);
    const Dim& whole = *plan_.batch;
    law(whole.is_constant() ? whole.constant() > 0 && whole.constant() % items == 0
                            : whole.as_symbol() && !whole.is_data_symbol(),
        "a batch of {} in slices of {}: expected a multiple or a symbol", whole.to_string(), items);
    for (BufferId id : plan_.root.inputs)
      law(plan_.buffers[id].type.dims->front().is_constant(items),
          "input '{}' has another number of items than the first", plan_.buffers[id].name);
    for (BufferId id : plan_.root.outputs)
      law(plan_.buffers[id].type.dims->front().constant() % items == 0,
          "output '{}' has no whole number of rows for each item", plan_.buffers[id].name);
  }

  void known(BufferId id) {
    law(id >= 0 && id < static_cast<BufferId>(plan_.buffers.size()), "buffer {} does not exist",
        id);
  }

  void verify_buffers() {
    const auto count = static_cast<BufferId>(plan_.buffers.size());
    for (BufferId id = 0; id < count; ++id) {
      const Buffer& buffer = plan_.buffers[id];
      // An alias names an earlier buffer, so that chains end.
      law(buffer.alias == no_buffer ||
              (buffer.alias >= 0 && buffer.alias < count && buffer.alias != id),
          "buffer '{}' is an alias of buffer {}", buffer.name, buffer.alias);
      law(buffer.alias == no_buffer || plan_.buffers[buffer.alias].place == buffer.place,
          "buffer '{}' is elsewhere than its alias", buffer.name);
      law(buffer.place == Place::host ||
              (buffer.type.is_tensor() && bit_width(buffer.type.element) > 0),
          "buffer '{}' on the device is no tensor of numbers", buffer.name);
      BufferId at = id;
      for (BufferId hops = 0; plan_.buffers[at].alias != no_buffer; ++hops) {
        law(hops < count, "buffer '{}' is an alias of itself", buffer.name);
        at = plan_.buffers[at].alias;
      }
      if (buffer.storage != Storage::constant) continue;
      law(buffer.constant >= 0 && buffer.constant < static_cast<int>(plan_.constants.size()),
          "constant buffer '{}' has no constant", buffer.name);
      written_[id] = true;
    }
  }

  // A step reads and writes in its own place; a copy goes from one to the other. What bodies read
  // from outside they read wherever it is. Control flow is the host's, and what it hands on has one
  // place, the host's where that reads or makes it.
  void verify_here(const Step& step, BufferId id, std::string_view does) {
    if (id == no_buffer) return;
    law(plan_.buffers[id].place == step.place, "step '{}' on the {} {} '{}', which is elsewhere",
        step.name, name(step.place), does, plan_.buffers[id].name);
  }

  void verify_places(const Step& step) {
    const ProblemKind kind = step.problem.kind;
    law(step.place == Place::host || ((kind == ProblemKind::view || needs_kernel(kind)) &&
                                      std::any_of(step.outputs.begin(), step.outputs.end(),
                                                  [](BufferId id) { return id != no_buffer; })),
        "step '{}' of kind {} is on the device", step.name, name(kind));
    if (kind == ProblemKind::copy) {
      law(step.inputs.size() == 1 && step.outputs.size() == 1 && step.inputs[0] != no_buffer &&
              step.outputs[0] != no_buffer &&
              plan_.buffers[step.inputs[0]].place != plan_.buffers[step.outputs[0]].place,
          "step '{}' copies to the place where it reads", step.name);
      const Buffer &from = plan_.buffers[step.inputs[0]], &to = plan_.buffers[step.outputs[0]];
      law(from.type == to.type &&
              (from.layout == to.layout ||
               (from.type.has_rank() && same_bytes(*from.type.dims, from.layout, to.layout))),
          "step '{}' copies '{}' to '{}', which is of another type or layout", step.name, from.name,
          to.name);
      return;
    }
    if (!step.regions.empty()) return verify_handed_values(step);
    for (BufferId id : step.outputs) verify_here(step, id, "writes");
    for (BufferId id : step.inputs) verify_here(step, id, "reads");
  }

  // What comes into the plan and goes out of it.
  void verify_on_host(const Region& root) {
    for (const auto* ends : {&root.inputs, &root.outputs})
      for (BufferId id : *ends)
        law(id == no_buffer || plan_.buffers[id].place == Place::host,
            "'{}' comes in or goes out on the device", plan_.buffers[id].name);
  }

  void verify_handed_values(const Step& step) {
    for (const HandedValue& value : handed_values(step)) {
      std::vector<BufferId> names;
      const auto add = [&](const std::vector<BufferId>& ids, std::optional<size_t> i) {
        if (i && *i < ids.size() && ids[*i] != no_buffer) names.push_back(ids[*i]);
      };
      add(step.inputs, value.input);
      add(step.outputs, value.output);
      for (const Region& region : step.regions) {
        add(region.inputs, value.region_input);
        add(region.outputs, value.region_output);
      }
      for (BufferId id : names) {
        law(plan_.buffers[id].place == plan_.buffers[names.front()].place,
            "step '{}' hands on '{}' and '{}', which is elsewhere", step.name,
            plan_.buffers[names.front()].name, plan_.buffers[id].name);
        law(!value.is_hosts || plan_.buffers[id].place == Place::host,
            "step '{}' reads or makes '{}', which is on the device", step.name,
            plan_.buffers[id].name);
      }
    }
  }

  void verify_region(const Region& region) {
    for (BufferId id : region.inputs) {
      if (id == no_buffer) continue;
      known(id);
      written_[id] = true;
    }
    for (const Step& step : region.steps) verify_step(step);
    for (BufferId id : region.outputs) {
      known(id);
      law(written_[id], "result '{}' is never written", plan_.buffers[id].name);
    }
  }

  void verify_step(const Step& step) {
    for (BufferId id : step.inputs) {
      if (id == no_buffer) continue;
      known(id);
      law(written_[id], "step '{}' reads '{}', which nothing wrote before", step.name,
          plan_.buffers[id].name);
    }
    law(step.problem.inputs.size() == step.inputs.size(), "step '{}' has {} inputs, its problem {}",
        step.name, step.inputs.size(), step.problem.inputs.size());
    law(step.problem.outputs.size() == step.outputs.size(),
        "step '{}' has {} outputs, its problem {}", step.name, step.outputs.size(),
        step.problem.outputs.size());
    for (const Region& region : step.regions) verify_region(region);
    for (BufferId id : step.outputs) {
      if (id == no_buffer) continue;
      known(id);
      law(plan_.buffers[id].storage != Storage::constant &&
              plan_.buffers[id].storage != Storage::input,
          "step '{}' writes '{}', which is {}", step.name, plan_.buffers[id].name,
          name(plan_.buffers[id].storage));
      written_[id] = true;
    }
    verify_places(step);
    if (step.problem.kind == ProblemKind::view) verify_view(step);
  }

  // Operands of a view lie where it says.
  void verify_view(const Step& step) {
    law(!step.inputs.empty() && !step.outputs.empty() && step.inputs[0] != no_buffer &&
            step.outputs[0] != no_buffer,
        "step '{}' is a view without an input or an output", step.name);
    const bool whole = view_form(step.problem) == ViewForm::whole;
    const BufferId home = whole ? step.outputs[0] : step.inputs[0];
    for (BufferId id : whole ? step.inputs : step.outputs)
      law(id == no_buffer || lies_in(id, home), "step '{}' is a view, but '{}' lies not in '{}'",
          step.name, plan_.buffers[id].name, plan_.buffers[home].name);
  }

  bool lies_in(BufferId id, BufferId home) const {
    while (id != no_buffer && id != home) id = plan_.buffers[id].alias;
    return id == home;
  }

  const Plan& plan_;
  std::vector<bool> written_;
};

void print_region(const Plan& plan, const Region& region, int depth, std::string& text) {
  const std::string indent(2 * depth, ' ');
  const auto names = [&](const std::vector<BufferId>& ids) {
    std::string list;
    for (BufferId id : ids)
      list += (list.empty() ? "" : ", ") + (id == no_buffer ? "-" : plan.buffers[id].name);
    return list;
  };
  text += fmt::format("{}in {}\n", indent, names(region.inputs));
  for (const Step& step : region.steps) {
    text += fmt::format("{}{} = {} ({})\n", indent, names(step.outputs), step.problem.to_string(),
                        names(step.inputs));
    if (!step.choice.tactic.empty())
      text += fmt::format("{}  by {} {}\n", indent, step.choice.tactic, step.choice.configuration);
    for (const Region& inner : step.regions) print_region(plan, inner, depth + 2, text);
  }
  text += fmt::format("{}out {}\n", indent, names(region.outputs));
}

}  // namespace

size_t first_captured(const Step& step) {
  const size_t count = step.inputs.size();
  if (step.regions.empty()) return count;
  if (step.problem.kind == ProblemKind::branch) return std::min<size_t>(1, count);
  const int64_t captured = step.problem.attributes.integer("captured", 0);
  return captured < 0 || static_cast<uint64_t>(captured) > count
             ? count
             : count - static_cast<size_t>(captured);
}

void verify(const Plan& plan) { Verifier(plan).run(); }

std::string print(const Plan& plan) {
  std::string text;
  if (plan.batch)
    text = fmt::format("batch {} in slices of {}\n", plan.batch->to_string(), plan.slice_items());
  print_region(plan, plan.root, 0, text);
  return text;
}

}  // namespace cermet
