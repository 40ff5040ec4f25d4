#include "tactics/cut_parts.h"

#include <algorithm>
#include <set>

#include "base/scalar.h"

namespace cermet {
namespace {

void adopt_sizes_of_data(const Dims& dims, std::set<std::string>& into) {
  for (const Dim& dim : dims) dim.collect_data_symbols(into);
}

class Cut {
 public:
  Cut(const Plan& plan, const Step& step) : plan_(plan), step_(step) {}

  std::optional<std::vector<Part>> parts() const {
    if (step_.problem.kind != ProblemKind::movement || !step_.problem.domain.empty() ||
        step_.problem.has_epilogue() || !ranks_are_known())
      return std::nullopt;
    if (step_.problem.op == "Split") return split_parts();
    std::optional<Part> part;
    if (step_.problem.op == "Slice") part = slice_part();
    if (step_.problem.op == "Gather") part = gather_part();
    if (!part) return std::nullopt;
    return std::vector<Part>{std::move(*part)};
  }

 private:
  const Dims& dims_of(BufferId id) const { return *plan_.buffers[id].type.dims; }

  bool ranks_are_known() const {
    if (step_.inputs.empty() || step_.inputs[0] == no_buffer) return false;
    return has_whole_bytes(plan_.buffers[step_.inputs[0]].type) &&
           std::all_of(step_.outputs.begin(), step_.outputs.end(), [&](BufferId id) {
             return id != no_buffer && has_whole_bytes(plan_.buffers[id].type) &&
                    plan_.buffers[id].storage != Storage::output;
           });
  }

  std::vector<Part> split_parts() const {
    const size_t axis = axis_of(step_.problem, dims_of(step_.inputs[0]).size());
    std::vector<Part> parts;
    Dims start(dims_of(step_.inputs[0]).size(), Dim(0));
    for (BufferId id : step_.outputs) {
      parts.push_back({dims_of(id), start});
      start[axis] = start[axis] + dims_of(id)[axis];
    }
    return parts;
  }

  std::optional<std::vector<int64_t>> constant(size_t i) const {
    if (i >= step_.inputs.size() || step_.inputs[i] == no_buffer) return std::vector<int64_t>{};
    const Buffer& buffer = plan_.buffers[step_.inputs[i]];
    if (buffer.storage != Storage::constant) return std::nullopt;
    return load_all<int64_t>(plan_.constants[buffer.constant].tensor.view());
  }

  std::optional<Part> slice_part() const {
    const auto starts = constant(1), axes = constant(3), steps = constant(4);
    if (!starts || !axes || !steps) return std::nullopt;
    if (std::any_of(steps->begin(), steps->end(), [](int64_t s) { return s != 1; }))
      return std::nullopt;
    const Dims& from = dims_of(step_.inputs[0]);
    Part part{dims_of(step_.outputs[0]), Dims(from.size(), Dim(0))};
    if (!axes->empty() && axes->size() != starts->size()) return std::nullopt;
    for (size_t i = 0; i < starts->size(); ++i) {
      int64_t axis = axes->empty() ? static_cast<int64_t>(i) : (*axes)[i];
      if (axis < 0) axis += static_cast<int64_t>(from.size());
      // The kernel says what is wrong with it.
      if (axis < 0 || axis >= static_cast<int64_t>(from.size())) return std::nullopt;
      const int64_t start = (*starts)[i];
      part.start[axis] = start < 0 ? max(from[axis] + start, 0) : min(from[axis], start);
    }
    return part;
  }

  // One index of a dimension, which then is gone or 1.
  std::optional<Part> gather_part() const {
    const auto index = constant(1);
    if (!index || index->size() != 1) return std::nullopt;
    const Dims& from = dims_of(step_.inputs[0]);
    const size_t axis = axis_of(step_.problem, from.size());
    if (!from[axis].is_constant()) return std::nullopt;
    Part part{from, Dims(from.size(), Dim(0))};
    part.sizes[axis] = 1;
    part.start[axis] = index->front() < 0 ? from[axis] + index->front() : Dim(index->front());
    return part;
  }

  const Plan& plan_;
  const Step& step_;
};

}  // namespace

bool has_whole_bytes(const ValueType& type) {
  return type.has_rank() && bit_width(type.element) >= 8;
}

size_t axis_of(const Problem& problem, size_t rank) {
  const int64_t axis = problem.attributes.integer("axis", 0);
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

std::optional<std::vector<Part>> parts_of(const Plan& plan, const Step& step) {
  return Cut(plan, step).parts();
}

bool sizes_are_known(const Dims& whole, const Part& part) {
  std::set<std::string> known, needed;
  adopt_sizes_of_data(whole, known);
  adopt_sizes_of_data(part.sizes, needed);
  adopt_sizes_of_data(part.start, needed);
  return std::includes(known.begin(), known.end(), needed.begin(), needed.end());
}

// Kernels of a device count on operands that are aligned to 16 bytes.
bool may_begin_at(Place place, const Dim& offset) {
  return place == Place::host || exact_div(offset, Dim(16)).has_value();
}

void become_parts(Plan& plan, Step& step, const std::vector<Dim>& offsets) {
  step.problem.kind = ProblemKind::view;
  step.choice.configuration = in_place;
  step.inputs.resize(1);
  step.problem.inputs.resize(1);
  for (size_t i = 0; i < offsets.size(); ++i) {
    Buffer& result = plan.buffers[step.outputs[i]];
    result.alias = step.inputs[0];
    result.alias_offset = offsets[i];
  }
}

}  // namespace cermet
