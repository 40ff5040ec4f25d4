#include "tactics/assign_layouts.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "tactics/size_scan.h"

namespace cermet {
namespace {

bool starts_channels_last(const Problem& problem) {
  return problem.kind == ProblemKind::convolution || problem.kind == ProblemKind::pooling;
}

class LayoutAssigner {
 public:
  LayoutAssigner(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics), options_(options), sizes_(plan) {}

  int run() {
    outputs_.insert(plan_.root.outputs.begin(), plan_.root.outputs.end());
    region(plan_.root);
    return changes_;
  }

 private:
  using Place = std::pair<BufferId, std::string>;

  void region(Region& region) {
    sizes_.enter(region);
    // Results of a branch or body are handed over row-major.
    outputs_.insert(region.outputs.begin(), region.outputs.end());
    std::map<Place, BufferId> outer = std::move(reordered_);
    reordered_.clear();
    std::vector<Step> steps = std::move(region.steps);
    region.steps.clear();
    target_ = &region.steps;
    for (Step& step : steps) {
      std::vector<Step>* const here = target_;
      for (Region& body : step.regions) this->region(body);
      target_ = here;
      visit(std::move(step));
    }
    // What comes from outside may lie otherwise.
    for (BufferId& id : region.outputs) id = in_layout(id, Layout{});
    reordered_ = std::move(outer);
  }

  void visit(Step step) {
    defines_sizes_ = sizes_.visit(step);
    if (is_transpose(step)) {
      if (reads_as_it_lies(step)) return as_view(std::move(step));
      if (gives_channels_last(step)) return as_channels_last(std::move(step));
    }
    if (!worth_trying(step) || !try_channels_last(step)) make_row_major(step);
  }

  const Layout& layout_of(BufferId id) const { return plan_.buffers[id].layout; }
  const ValueType& type_of(BufferId id) const { return plan_.buffers[id].type; }

  static bool is_transpose(const Step& step) {
    return step.problem.op == "Transpose" && step.problem.domain.empty() &&
           !step.problem.has_epilogue();
  }

  // Reads a channels-last tensor in the order in which it lies.
  bool reads_as_it_lies(const Step& step) const {
    const Layout& layout = layout_of(step.inputs[0]);
    if (layout.is_row_major()) return false;
    const auto perm = step.problem.attributes.integers("perm", {});
    return std::equal(perm.begin(), perm.end(), layout.order.begin(), layout.order.end());
  }

  // Makes of a row-major tensor, an image as files hold it, one whose channels-last form has the
  // same bytes. Of 3 dimensions it is more likely the operand of a product.
  bool gives_channels_last(const Step& step) const {
    if (!layout_of(step.inputs[0]).is_row_major() || outputs_.contains(step.outputs[0]))
      return false;
    const auto perm = step.problem.attributes.integers("perm", {});
    if (perm.size() < 4) return false;
    const Layout layout = Layout::channels_last(static_cast<int>(perm.size()));
    for (size_t d = 0; d < perm.size(); ++d)
      if (perm[layout.order[d]] != static_cast<int64_t>(d)) return false;
    return can_be_undone(step.outputs[0], layout);
  }

  // Whether those who read the value row-major can get it so: the tactic that takes everything else
  // takes no other layout.
  bool can_be_undone(BufferId id, const Layout& layout) const {
    Step step;
    step.problem.kind = ProblemKind::reorder;
    step.problem.op = "Identity";
    step.inputs = step.outputs = {id};
    step.place = plan_.buffers[id].place;
    step.problem.inputs = {Operand{type_of(id), layout, false}};
    step.problem.outputs = {Operand{type_of(id), Layout{}, false}};
    return accepted(step);
  }

  void as_view(Step step) {
    step.problem.kind = ProblemKind::view;
    step.problem.inputs[0]->layout = layout_of(step.inputs[0]);
    const BufferId result = step.outputs[0];
    const bool owed = outputs_.contains(result);
    if (owed) step.outputs[0] = add_buffer(result, Layout{});
    plan_.buffers[step.outputs[0]].alias = step.inputs[0];
    const BufferId view = step.outputs[0];
    target_->push_back(std::move(step));
    // Outputs have memory of their own, which a view has not.
    if (owed) add_copy(view, result, ProblemKind::movement);
  }

  void as_channels_last(Step step) {
    const Layout layout = Layout::channels_last(type_of(step.outputs[0]).rank());
    step.problem.kind = ProblemKind::view;
    step.problem.inputs[0]->layout = Layout{};
    step.problem.outputs[0]->layout = layout;
    plan_.buffers[step.outputs[0]].layout = layout;
    plan_.buffers[step.outputs[0]].alias = step.inputs[0];
    target_->push_back(std::move(step));
  }

  bool worth_trying(const Step& step) const {
    if (!needs_kernel(step.problem.kind) || step.outputs.empty() || step.outputs[0] == no_buffer)
      return false;
    const ValueType& result = type_of(step.outputs[0]);
    if (!result.has_rank() || result.rank() < 3 || result.rank() > 5) return false;
    if (step.problem.op == "Transpose") return false;
    if (starts_channels_last(step.problem)) return true;
    return std::any_of(step.inputs.begin(), step.inputs.end(), [&](BufferId id) {
      return id != no_buffer && !layout_of(id).is_row_major();
    });
  }

  // Inputs that take part in the layout: tensors of the result's rank, but not weights.
  std::vector<size_t> followers(const Step& step) const {
    const int rank = type_of(step.outputs[0]).rank();
    std::vector<size_t> result;
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] == no_buffer) continue;
      const bool weights = starts_channels_last(step.problem) && i > 0 &&
                           !(step.problem.has_epilogue() && i >= step.problem.epilogue_first);
      const ValueType& type = type_of(step.inputs[i]);
      if (!weights && type.has_rank() && type.rank() == rank) result.push_back(i);
    }
    return result;
  }

  // An image of three channels, as networks get it: side by side these are no packs of a power of
  // two, so that kernels of the device read planes as well, and a reorder would be for nothing.
  bool reads_planes(const Step& step) const {
    if (step.place != cermet::Place::device || step.problem.kind != ProblemKind::convolution)
      return false;
    const ValueType &image = type_of(step.inputs[0]), &weights = type_of(step.inputs[1]);
    return layout_of(step.inputs[0]).is_row_major() && image.has_rank() && weights.has_rank() &&
           (*image.dims)[1].is_constant(3) && (*weights.dims)[1].is_constant(3);
  }

  bool try_channels_last(Step& step) {
    std::vector<size_t> inputs = followers(step);
    if (reads_planes(step) && !inputs.empty() && inputs[0] == 0 &&
        try_channels_last(step, {inputs.begin() + 1, inputs.end()}))
      return true;
    return try_channels_last(step, inputs);
  }

  // With results and these of the inputs channels-last.
  bool try_channels_last(Step& step, const std::vector<size_t>& inputs) {
    const Layout layout = Layout::channels_last(type_of(step.outputs[0]).rank());
    Step trial = step;
    for (size_t i : inputs) trial.problem.inputs[i]->layout = layout;
    for (size_t i = 0; i < step.outputs.size(); ++i) {
      if (step.outputs[i] == no_buffer) continue;
      if (type_of(step.outputs[i]).rank() != type_of(step.outputs[0]).rank()) return false;
      trial.problem.outputs[i]->layout = layout;
    }
    if (!accepted(trial)) return false;
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] == no_buffer) continue;
      const bool follows = std::find(inputs.begin(), inputs.end(), i) != inputs.end();
      trial.inputs[i] = in_layout(step.inputs[i], follows ? layout : Layout{});
    }
    emit(std::move(trial), layout);
    return true;
  }

  // Whether a tactic that knows layouts takes the step; the last one does not.
  bool accepted(const Step& step) const {
    return is_taken(options_.query(plan_, step, defines_sizes_), tactics_, options_);
  }

  void make_row_major(Step& step) {
    const size_t captured = first_captured(step);
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] == no_buffer) continue;
      if (i < captured) step.inputs[i] = in_layout(step.inputs[i], Layout{});
      step.problem.inputs[i]->layout = i < captured ? Layout{} : layout_of(step.inputs[i]);
    }
    if (step.problem.kind == ProblemKind::view)
      plan_.buffers[step.outputs[0]].alias = step.inputs[0];
    target_->push_back(std::move(step));
  }

  // The buffer that holds the value of `id` under `layout`: itself, or the result of a reorder.
  BufferId in_layout(BufferId id, const Layout& layout) {
    const ValueType& type = type_of(id);
    if (layout_of(id) == layout) return id;
    if (type.has_rank() && same_bytes(*type.dims, layout_of(id), layout)) return id;
    const auto [entry, fresh] = reordered_.emplace(Place{id, layout.to_string()}, no_buffer);
    if (fresh) entry->second = add_copy(id, add_buffer(id, layout), ProblemKind::reorder);
    return entry->second;
  }

  BufferId add_buffer(BufferId like, const Layout& layout) {
    Buffer buffer;
    buffer.name = plan_.buffers[like].name + "." + layout.to_string();
    buffer.type = type_of(like);
    buffer.layout = layout;
    buffer.place = plan_.buffers[like].place;
    plan_.buffers.push_back(std::move(buffer));
    return static_cast<BufferId>(plan_.buffers.size() - 1);
  }

  BufferId add_copy(BufferId from, BufferId to, ProblemKind kind) {
    Step step;
    step.name = plan_.buffers[to].name;
    step.problem.kind = kind;
    step.problem.op = "Identity";
    step.inputs = {from};
    step.outputs = {to};
    step.place = plan_.buffers[from].place;
    step.problem.inputs = {
        Operand{type_of(from), layout_of(from), plan_.buffers[from].storage == Storage::constant}};
    step.problem.outputs = {Operand{type_of(to), layout_of(to), false}};
    target_->push_back(std::move(step));
    return to;
  }

  // Results get the layout, except where row-major is owed: there a reorder follows.
  void emit(Step step, const Layout& layout) {
    std::vector<std::pair<BufferId, BufferId>> owed;
    for (BufferId& id : step.outputs) {
      if (id == no_buffer || same_bytes(*type_of(id).dims, Layout{}, layout)) continue;
      if (outputs_.contains(id)) {
        owed.emplace_back(add_buffer(id, layout), id);
        id = owed.back().first;
      } else {
        plan_.buffers[id].layout = layout;
      }
    }
    target_->push_back(std::move(step));
    ++changes_;
    for (const auto& [from, to] : owed) add_copy(from, to, ProblemKind::reorder);
  }

  Plan& plan_;
  std::span<const Tactic> tactics_;
  const TacticOptions& options_;
  std::set<BufferId> outputs_;
  std::map<Place, BufferId> reordered_;
  std::vector<Step>* target_ = nullptr;
  SizeScan sizes_;
  bool defines_sizes_ = false;
  int changes_ = 0;
};

}  // namespace

int assign_layouts(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options) {
  return LayoutAssigner(plan, tactics, options).run();
}

}  // namespace cermet
