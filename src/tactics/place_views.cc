#include "tactics/place_views.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "expr/contiguous_part.h"
#include "expr/same_bytes.h"
#include "plan/memory_planner.h"
#include "tactics/cut_parts.h"

namespace cermet {
namespace {

class CutScan {
 public:
  explicit CutScan(Plan& plan) : plan_(plan) {}

  int run() {
    for_each_step(plan_.root.steps, [this](Step& step) { visit(step); });
    return changes_;
  }

 private:
  const Dims& dims_of(BufferId id) const { return *plan_.buffers[id].type.dims; }

  void visit(Step& step) {
    const auto parts = parts_of(plan_, step);
    if (!parts) return;
    std::vector<Dim> offsets;
    for (size_t i = 0; i < parts->size(); ++i) {
      const auto offset = offset_of(step, i, (*parts)[i]);
      if (!offset) return;
      offsets.push_back(*offset);
    }
    become_parts(plan_, step, offsets);
    ++changes_;
  }

  // In bytes.
  std::optional<Dim> offset_of(const Step& step, size_t i, const Part& part) const {
    const Buffer& from = plan_.buffers[step.inputs[0]];
    const Buffer& to = plan_.buffers[step.outputs[i]];
    const bool same_rank = step.problem.op != "Gather";
    const bool lie_alike = same_rank ? same_bytes(*to.type.dims, from.layout, to.layout)
                                     : from.layout.is_row_major() && to.layout.is_row_major();
    if (!lie_alike || !sizes_are_known(*from.type.dims, part)) return std::nullopt;
    auto offset = contiguous_part(*from.type.dims, part.sizes, part.start, from.layout);
    if (offset) offset = *offset * Dim(bit_width(from.type.element) / 8);
    return offset && may_begin_at(step.place, *offset) ? offset : std::nullopt;
  }

  Plan& plan_;
  int changes_ = 0;
};

class ConcatScan {
 public:
  explicit ConcatScan(Plan& plan) : plan_(plan) {}

  int run() {
    region(plan_.root);
    return changes_;
  }

 private:
  void region(Region& region) {
    std::set<BufferId> outer = std::move(made_here_);
    made_here_.clear();
    std::vector<Step> steps;
    for (Step& step : region.steps) {
      for (Region& body : step.regions) this->region(body);
      if (is_concat(step)) place(step, steps);
      note_results(step);
      steps.push_back(std::move(step));
    }
    region.steps = std::move(steps);
    made_here_ = std::move(outer);
  }

  static bool is_concat(const Step& step) {
    return step.problem.kind == ProblemKind::movement && step.problem.op == "Concat" &&
           step.problem.domain.empty() && !step.problem.has_epilogue();
  }

  // A step of this region that writes where it is told to made the value.
  void note_results(const Step& step) {
    const ProblemKind kind = step.problem.kind;
    const bool gathers = kind == ProblemKind::view && view_form(step.problem) == ViewForm::whole;
    // Plugins are promised aligned memory.
    if (!gathers && kind != ProblemKind::dims &&
        (!needs_kernel(kind) || kind == ProblemKind::custom))
      return;
    for (BufferId id : step.outputs)
      if (id != no_buffer) made_here_.insert(id);
  }

  void place(Step& step, std::vector<Step>& before) {
    const auto offsets = offsets_of(step);
    if (!offsets) return;
    std::vector<BufferId> movable;  // by input; no_buffer where it is to be copied
    std::set<BufferId> taken;
    for (BufferId id : step.inputs) {
      const BufferId root = movable_root(id, step.outputs[0]);
      movable.push_back(root != no_buffer && taken.insert(root).second ? root : no_buffer);
    }
    if (taken.empty()) return;
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      BufferId root = movable[i];
      if (root == no_buffer) {
        before.push_back(copy_of(step, i));
        root = step.inputs[i] = before.back().outputs[0];
      }
      plan_.buffers[root].alias = step.outputs[0];
      plan_.buffers[root].alias_offset = (*offsets)[i];
    }
    step.problem.kind = ProblemKind::view;
    step.choice.configuration = in_place;
    ++changes_;
  }

  // Where each input would begin, in bytes; nothing where one of them would not lie in one piece,
  // or where the arena can't be planned before running.
  std::optional<std::vector<Dim>> offsets_of(const Step& step) const {
    const BufferId result = step.outputs[0];
    const Buffer& whole = plan_.buffers[result];
    if (!has_whole_bytes(whole.type) || !has_planned_size(plan_, result)) return std::nullopt;
    const Dims& dims = *whole.type.dims;
    const size_t axis = axis_of(step.problem, dims.size());
    Dims start(dims.size(), Dim(0));
    std::vector<Dim> offsets;
    for (BufferId id : step.inputs) {
      if (id == no_buffer || !has_planned_size(plan_, id)) return std::nullopt;
      const Buffer& part = plan_.buffers[id];
      const auto offset = contiguous_part(dims, *part.type.dims, start, whole.layout);
      if (!offset) return std::nullopt;
      offsets.push_back(*offset * Dim(bit_width(whole.type.element) / 8));
      if (!may_begin_at(step.place, offsets.back())) return std::nullopt;
      start[axis] = start[axis] + (*part.type.dims)[axis];
    }
    if (!(start[axis] == dims[axis])) return std::nullopt;
    return offsets;
  }

  // The buffer whose memory the input is, if that may become part of another one's.
  BufferId movable_root(BufferId id, BufferId whole) const {
    const BufferId root = plan_.root_of(id);
    const Buffer& from = plan_.buffers[root];
    const Buffer& input = plan_.buffers[id];
    if (root == whole || from.storage != Storage::activation || !made_here_.contains(root) ||
        !plan_.begins_at_root(id) || !has_planned_size(plan_, root) ||
        !(product(*from.type.dims) == product(*input.type.dims)) ||
        !same_bytes(*input.type.dims, input.layout, plan_.buffers[whole].layout))
      return no_buffer;
    return root;
  }

  Step copy_of(const Step& concat, size_t i) {
    const BufferId from = concat.inputs[i];
    Buffer buffer;
    buffer.name = fmt::format("{}.part{}", plan_.buffers[concat.outputs[0]].name, i);
    buffer.type = plan_.buffers[from].type;
    buffer.layout = plan_.buffers[concat.outputs[0]].layout;
    buffer.place = concat.place;
    plan_.buffers.push_back(std::move(buffer));
    const auto to = static_cast<BufferId>(plan_.buffers.size() - 1);
    Step copy;
    copy.name = fmt::format("{}.part{}", concat.name, i);
    copy.origin = concat.origin;
    copy.place = concat.place;
    copy.problem.kind = ProblemKind::movement;
    copy.problem.op = "Identity";
    copy.inputs = {from};
    copy.outputs = {to};
    copy.problem.inputs = {concat.problem.inputs[i]};
    copy.problem.outputs = {Operand{plan_.buffers[to].type, plan_.buffers[to].layout, false}};
    return copy;
  }

  Plan& plan_;
  std::set<BufferId> made_here_;
  int changes_ = 0;
};

}  // namespace

int cuts_as_views(Plan& plan) { return CutScan(plan).run(); }

int concat_in_place(Plan& plan) { return ConcatScan(plan).run(); }

}  // namespace cermet
