// out[c] = in[source of c], each dimension for itself; where one has no source, the fill value.
#include <algorithm>
#include <cstdlib>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/movement.h"
#include "backends/cuda/build/operand_memory.h"

namespace cermet::cuda {
namespace {

struct PaddedDimension {
  Dim size;  // of the result
  Dim kept;  // elements of the source that are not cut off
  int64_t first = 0, margin = 0;
  Dim stride;  // of the source
  bool padded = false;
};

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::movement || problem.op != "Pad" || !problem.domain.empty())
    return "computes Pad only";
  if (auto reason = rejects_moved(problem)) return reason;
  const auto pads = constant_integers(query, 1);
  if (!pads) return "input 1 is no constant";
  if (has_input(problem, 3) && !constant_integers(query, 3)) return "input 3 is no constant";
  for (int64_t pad : *pads)
    if (pad > INT32_MAX || pad < -INT32_MAX) return "a pad is very long";
  return std::nullopt;
}

// One thread writes a pack of elements that lie side by side in the result; they are read as a pack
// if the innermost dimension is not padded. The source does not overlap the result.
class PadKernel {
 public:
  explicit PadKernel(const TacticQuery& query)
      : query_(query),
        problem_(query.problem()),
        sizes_(problem_),
        writer_(problem_, "pad"),
        mode_(problem_.attributes.text("mode", "constant")),
        bytes_(element_bytes(*problem_.outputs[0])) {
    find_dimensions();
    choose_pack();
  }

  DeviceSource source() {
    declare_moved_types(writer_);
    writer_.declare(fmt::format(
        "using index_t = {};\nusing element_t = {};\nusing pack_t = Pack<element_t, {}>;\n",
        loop_index_type({sizes_.input(0), sizes_.output(0)}), moved_type(bytes_), pack_));
    const std::string from = writer_.input_as(0, moved_type(bytes_));
    const std::string to = writer_.output_as(0, moved_type(bytes_));
    writer_.body(fill());
    Dims all;
    for (const PaddedDimension& d : dimensions_) all.push_back(d.size);
    writer_.body(begin_loop(writer_, all, pack_));
    for (const PaddedDimension& d : dimensions_)
      if (!fills() && d.padded) writer_.body(writer_.unless_empty(d.kept, d.size, "continue"));
    writer_.body("bool inside = true;\nindex_t outer = 0;\n");
    for (size_t d = 0; d + 1 < dimensions_.size(); ++d)
      writer_.body(
          "{\n" + place(d, fmt::format("c{}", d), "inside") +
          fmt::format("outer += at * {};\n}}\n", index_value(writer_, dimensions_[d].stride)));
    writer_.body(elements(from));
    writer_.body(fmt::format("reinterpret_cast<pack_t*>({})[i] = pack;\n}}\n", to));
    DeviceSource source;
    writer_.finish(loop_grid(all, pack_), source);
    return source;
  }

 private:
  bool fills() const { return mode_ == "constant"; }

  std::vector<PaddedDimension> all_dimensions() const {
    const size_t rank = sizes_.input(0).size();
    const std::vector<int64_t> pads = constant_integers(query_, 1).value();
    const auto axes = constant_integers(query_, 3);
    std::vector<int64_t> before(rank, 0), after(rank, 0);
    for (size_t i = 0; i < pads.size() / 2; ++i) {
      const size_t axis = axes ? axis_of((*axes)[i], rank) : i;
      before[axis] = pads[i];
      after[axis] = pads[i + pads.size() / 2];
    }
    const Dims strides = sizes_.input_strides(0);
    std::vector<PaddedDimension> list;
    for (size_t d : memory_order(problem_.outputs[0]->layout, rank)) {
      PaddedDimension one;
      one.padded = before[d] != 0 || after[d] != 0;
      one.size = one.padded ? sizes_.output(0)[d] : sizes_.input(0)[d];
      one.first = std::max<int64_t>(0, -before[d]);
      one.margin = std::max<int64_t>(0, before[d]);
      one.kept = sizes_.input(0)[d] - Dim(one.first) - Dim(std::max<int64_t>(0, -after[d]));
      one.stride = strides[d];
      list.push_back(one);
    }
    return list;
  }

  // Neighbours that are not padded and follow one another in the source are one.
  void find_dimensions() {
    for (const PaddedDimension& d : all_dimensions()) {
      if (d.size.is_constant(1) && !d.padded) continue;
      const bool follows = !dimensions_.empty() && !d.padded && !dimensions_.back().padded &&
                           dimensions_.back().stride == d.stride * d.size;
      if (!follows) {
        dimensions_.push_back(d);
        continue;
      }
      PaddedDimension& last = dimensions_.back();
      last.size = last.size * d.size;
      last.kept = last.size;
      last.stride = d.stride;
    }
    if (dimensions_.empty()) dimensions_.push_back({1, 1, 0, 0, 1, false});
  }

  void choose_pack() {
    const PaddedDimension& inner = dimensions_.back();
    reads_packs_ = !inner.padded && inner.stride.is_constant(1);
    for (pack_ = 16 / bytes_; pack_ > 1; pack_ /= 2) {
      bool fits = divides(pack_, inner.size);
      for (size_t d = 0; reads_packs_ && d + 1 < dimensions_.size(); ++d)
        fits = fits && divides(pack_, dimensions_[d].stride);
      if (fits) return;
    }
  }

  std::string fill() {
    if (!fills()) return "";
    const bool given =
        has_input(problem_, 2) && !product(*problem_.inputs[2]->type.dims).is_constant(0);
    return given ? fmt::format("const element_t fill = *{};\n",
                               writer_.input_as(2, moved_type(bytes_)))
                 : "const element_t fill = {};\n";
  }

  // Statements that declare `at`, the source's index for a coordinate, or clear `valid`.
  std::string place(size_t d, const std::string& coordinate, std::string_view valid) {
    const PaddedDimension& dim = dimensions_[d];
    if (!dim.padded) return fmt::format("const index_t at = {};\n", coordinate);
    const std::string kept = index_value(writer_, dim.kept);
    std::string text = fmt::format("index_t at = {} - {};\n", coordinate, dim.margin);
    if (fills())
      text += fmt::format("if (at < 0 || at >= {0}) {1} = false;\n", kept, valid);
    else if (mode_ == "edge")
      text += fmt::format("at = at < 0 ? 0 : at;\nif (at >= {0}) at = {0} - 1;\n", kept);
    else if (mode_ == "wrap")
      text += fmt::format("at %= {0};\nif (at < 0) at += {0};\n", kept);
    else
      text += fmt::format(
          "const index_t period = {0} > 1 ? 2 * ({0} - 1) : 1;\nat %= period;\n"
          "if (at < 0) at += period;\nif (at >= {0}) at = period - at;\n",
          kept);
    return dim.first == 0 ? text : text + fmt::format("at += {};\n", dim.first);
  }

  std::string elements(const std::string& from) {
    const size_t inner = dimensions_.size() - 1;
    const std::string otherwise = fills() ? "fill" : "element_t()";
    if (reads_packs_) {
      const std::string read =
          fmt::format("*reinterpret_cast<const pack_t*>({} + outer + c{})", from, inner);
      if (!fills()) return fmt::format("const pack_t pack = {};\n", read);
      return fmt::format(
          "pack_t pack;\nif (inside) {{\npack = {};\n}} else {{\n#pragma unroll\n"
          "for (int j = 0; j < {}; ++j) pack.items[j] = fill;\n}}\n",
          read, pack_);
    }
    return fmt::format(
        "pack_t pack;\n#pragma unroll\nfor (int j = 0; j < {}; ++j) {{\nbool valid = inside;\n{}"
        "pack.items[j] = valid ? {}[outer + at * {}] : {};\n}}\n",
        pack_, place(inner, fmt::format("(c{} + j)", inner), "valid"), from,
        index_value(writer_, dimensions_[inner].stride), otherwise);
  }

  const TacticQuery& query_;
  const Problem& problem_;
  OperandSizes sizes_;
  KernelWriter writer_;
  std::string mode_;
  int bytes_;
  std::vector<PaddedDimension> dimensions_;  // in the order of the result's memory
  bool reads_packs_ = false;
  int pack_ = 1;
};

}  // namespace

Tactic pad_tactic() {
  Tactic tactic;
  tactic.name = "cuda.pad";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) { return traffic_us(query); };
  tactic.generate = [](const TacticQuery& query, std::string_view) {
    return PadKernel(query).source();
  };
  return tactic;
}

}  // namespace cermet::cuda
