#include "tactics/absorb_cuts.h"

#include <algorithm>
#include <map>
#include <set>

#include "tactics/cut_parts.h"
#include "tactics/size_scan.h"

namespace cermet {
namespace {

// How values will lie, and who is told.
struct Change {
  std::map<BufferId, Layout> layouts;
  std::set<Step*> readers;  // attention, and views on the way to it
};

Dim product_of(const Dims& dims, size_t begin, size_t end) {
  Dim result = 1;
  for (size_t d = begin; d < end; ++d) result = result * dims[d];
  return result;
}

// A part of rows, in a tensor of that rank; nothing where that is in no need of a pitch or can't
// have one.
std::optional<Layout> part_of_rows(int64_t row, const Dim& pitch, size_t row_dims, size_t rank) {
  if (row <= 0 || row_dims == 0 || row_dims > rank || !pitch.is_constant()) return std::nullopt;
  Layout layout;
  layout.row_dims = static_cast<int8_t>(row_dims);
  layout.pitch = pitch.constant();
  return layout;
}

class CutAbsorber {
 public:
  CutAbsorber(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics), options_(options), sizes_(plan) {}

  int run() {
    region(plan_.root);
    return changes_;
  }

 private:
  using Readers = std::map<BufferId, std::vector<Step*>>;

  void region(Region& region) {
    sizes_.enter(region);
    readers_.clear();
    owed_ = {region.outputs.begin(), region.outputs.end()};
    for (Step& step : region.steps) {
      if (sizes_.visit(step)) defining_.insert(&step);
      for (BufferId id : step.inputs) {
        if (!step.regions.empty()) owed_.insert(id);
        if (id != no_buffer) readers_[id].push_back(&step);
      }
    }
    for (Step& step : region.steps) try_cut(step);
    for (Step& step : region.steps)
      for (Region& body : step.regions) this->region(body);
  }

  void try_cut(Step& step) {
    const auto parts = parts_of(plan_, step);
    if (!parts || !plan_.buffers[step.inputs[0]].layout.is_row_major()) return;
    Change change;
    std::vector<Dim> offsets;
    for (size_t i = 0; i < parts->size(); ++i) {
      const auto offset = offset_of(step, (*parts)[i]);
      const auto layout = layout_of(step, i, (*parts)[i]);
      if (!offset || !layout || !may_begin_at(step.place, *offset) ||
          !plan_.buffers[step.outputs[i]].layout.is_row_major() ||
          !follow(step.outputs[i], *layout, change))
        return;
      offsets.push_back(*offset);
    }
    if (!std::all_of(change.readers.begin(), change.readers.end(),
                     [&](const Step* reader) { return takes(*reader, change); }))
      return;
    become_parts(plan_, step, offsets);
    apply(step, change);
    ++changes_;
  }

  // The dimension that is cut; nothing where several are, or none.
  static std::optional<size_t> axis_of(const Dims& whole, const Part& part) {
    std::optional<size_t> axis;
    for (size_t d = 0; d < whole.size(); ++d) {
      if (part.sizes[d] == whole[d]) continue;
      if (axis) return std::nullopt;
      axis = d;
    }
    return axis;
  }

  std::optional<Dim> offset_of(const Step& step, const Part& part) const {
    const ValueType& whole = plan_.buffers[step.inputs[0]].type;
    const auto axis = axis_of(*whole.dims, part);
    if (!axis || !sizes_are_known(*whole.dims, part)) return std::nullopt;
    const Dim inner = product_of(*whole.dims, *axis + 1, whole.dims->size());
    return part.start[*axis] * inner * Dim(bit_width(whole.element) / 8);
  }

  std::optional<Layout> layout_of(const Step& step, size_t i, const Part& part) const {
    const Dims& whole = *plan_.buffers[step.inputs[0]].type.dims;
    const auto axis = axis_of(whole, part);
    if (!axis) return std::nullopt;
    const Dim row = product_of(part.sizes, *axis, whole.size());
    const size_t rank = plan_.buffers[step.outputs[i]].type.dims->size();
    const size_t outside = *axis;  // a Gather's index leaves 1 dimension or none
    if (!row.is_constant() || outside >= rank) return std::nullopt;
    return part_of_rows(row.constant(), product_of(whole, *axis, whole.size()), rank - outside,
                        rank);
  }

  // What becomes of those who read the value; false where one of them has to have it row-major.
  bool follow(BufferId id, const Layout& layout, Change& change) const {
    const Buffer& buffer = plan_.buffers[id];
    const auto readers = readers_.find(id);
    if (owed_.contains(id) || buffer.storage != Storage::activation || readers == readers_.end())
      return false;
    change.layouts[id] = layout;
    for (Step* reader : readers->second) {
      change.readers.insert(reader);
      if (reader->problem.kind == ProblemKind::attention) continue;
      const auto behind = behind_reshape(*reader, layout);
      if (!behind || !follow(reader->outputs[0], *behind, change)) return false;
    }
    return true;
  }

  // The layout of a view whose dimensions make up the same rows; nothing where others do.
  std::optional<Layout> behind_reshape(const Step& view, const Layout& layout) const {
    if (view.problem.kind != ProblemKind::view || view_form(view.problem) != ViewForm::reshape ||
        view.problem.op == "Transpose" || view.outputs.size() != 1)
      return std::nullopt;
    const Buffer& result = plan_.buffers[view.outputs[0]];
    if (!result.layout.is_row_major() || !result.alias_offset.is_constant(0)) return std::nullopt;
    const Dims &from = *plan_.buffers[view.inputs[0]].type.dims, &to = *result.type.dims;
    const size_t outside = from.size() - static_cast<size_t>(layout.row_dims);
    const Dim row = product_of(from, outside, from.size());
    for (size_t first = to.size(); first-- > 0;)
      if (product_of(to, first, to.size()) == row &&
          product_of(to, 0, first) == product_of(from, 0, outside))
        return part_of_rows(row.constant(), layout.pitch, to.size() - first, to.size());
    return std::nullopt;
  }

  static void set_layouts(const std::vector<BufferId>& ids,
                          std::vector<std::optional<Operand>>& operands, const Change& change) {
    for (size_t i = 0; i < ids.size(); ++i)
      if (const auto at = change.layouts.find(ids[i]); at != change.layouts.end())
        operands[i]->layout = at->second;
  }

  bool takes(const Step& reader, const Change& change) const {
    if (reader.problem.kind == ProblemKind::view) return true;
    Step trial = reader;
    set_layouts(trial.inputs, trial.problem.inputs, change);
    return is_taken(options_.query(plan_, trial, defining_.contains(&reader)), tactics_, options_);
  }

  void apply(Step& cut, const Change& change) {
    for (const auto& [id, layout] : change.layouts) plan_.buffers[id].layout = layout;
    set_layouts(cut.outputs, cut.problem.outputs, change);
    for (Step* reader : change.readers) {
      set_layouts(reader->inputs, reader->problem.inputs, change);
      set_layouts(reader->outputs, reader->problem.outputs, change);
    }
  }

  Plan& plan_;
  std::span<const Tactic> tactics_;
  const TacticOptions& options_;
  SizeScan sizes_;
  Readers readers_;
  std::set<BufferId> owed_;  // what leaves the region, or is read within a body
  std::set<const Step*> defining_;
  int changes_ = 0;
};

}  // namespace

int absorb_cuts(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options) {
  return CutAbsorber(plan, tactics, options).run();
}

}  // namespace cermet
