#include "tactics/absorb_transposes.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "problem/turned_operand.h"
#include "tactics/size_scan.h"

namespace cermet {
namespace {

class TransposeAbsorber {
 public:
  TransposeAbsorber(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics), options_(options), sizes_(plan) {}

  int run() {
    region(plan_.root);
    return changes_;
  }

 private:
  struct Reader {
    Step* step;
    size_t input;
    bool defines_sizes;
  };

  void region(Region& region) {
    sizes_.enter(region);
    std::map<BufferId, std::vector<Reader>> readers;
    // What leaves the region, or is read within a body, has to be row-major.
    std::set<BufferId> owed(region.outputs.begin(), region.outputs.end());
    for (Step& step : region.steps) {
      for (Region& body : step.regions) this->region(body);
      const bool defines = sizes_.visit(step);
      for (size_t i = 0; i < step.inputs.size(); ++i) {
        if (!step.regions.empty()) owed.insert(step.inputs[i]);
        readers[step.inputs[i]].push_back({&step, i, defines});
      }
    }
    for (Step& step : region.steps) {
      const auto layout = layout_of_result(step);
      if (!layout || owed.contains(step.outputs[0])) continue;
      if (all_take(readers[step.outputs[0]], *layout))
        become_view(step, *layout, readers[step.outputs[0]]);
    }
  }

  // How the result lies in the operand's memory.
  std::optional<Layout> layout_of_result(const Step& step) const {
    const Problem& problem = step.problem;
    if (problem.kind != ProblemKind::movement || problem.op != "Transpose" ||
        !problem.domain.empty() || problem.has_epilogue())
      return std::nullopt;
    const Buffer &from = plan_.buffers[step.inputs[0]], &to = plan_.buffers[step.outputs[0]];
    if (!from.type.has_rank() || !from.layout.is_row_major() || !to.layout.is_row_major())
      return std::nullopt;
    const auto rank = static_cast<size_t>(from.type.rank());
    std::vector<int64_t> perm(rank);
    std::iota(perm.rbegin(), perm.rend(), 0);
    perm = problem.attributes.integers("perm", perm);
    Layout layout;
    layout.order.resize(rank);
    for (size_t d = 0; d < rank; ++d) layout.order[perm[d]] = static_cast<int8_t>(d);
    return layout;
  }

  bool all_take(const std::vector<Reader>& readers, const Layout& layout) const {
    return !readers.empty() && std::all_of(readers.begin(), readers.end(),
                                           [&](const Reader& r) { return takes(r, layout); });
  }

  bool takes(const Reader& reader, const Layout& layout) const {
    const Step& step = *reader.step;
    if (step.problem.kind != ProblemKind::matmul || step.problem.op == "Gemm" || reader.input > 1 ||
        !reads_turned_operand(reader.input, layout.order.back(), layout.order.size()))
      return false;
    Step trial = step;
    for (size_t i : {0, 1})
      if (step.inputs[i] == step.inputs[reader.input]) trial.problem.inputs[i]->layout = layout;
    const TacticQuery query = options_.query(plan_, trial, reader.defines_sizes);
    return is_taken(query, tactics_, options_);
  }

  void become_view(Step& step, const Layout& layout, const std::vector<Reader>& readers) {
    Buffer& result = plan_.buffers[step.outputs[0]];
    result.layout = layout;
    result.alias = step.inputs[0];
    step.problem.kind = ProblemKind::view;
    step.problem.outputs[0]->layout = layout;
    for (const Reader& reader : readers) reader.step->problem.inputs[reader.input]->layout = layout;
    ++changes_;
  }

  Plan& plan_;
  std::span<const Tactic> tactics_;
  const TacticOptions& options_;
  SizeScan sizes_;
  int changes_ = 0;
};

}  // namespace

int absorb_transposes(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options) {
  return TransposeAbsorber(plan, tactics, options).run();
}

}  // namespace cermet
