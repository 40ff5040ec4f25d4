#include "backends/cuda/build/loop_nest.h"

#include <algorithm>
#include <numeric>

#include "backends/cuda/build/operand_memory.h"

namespace cermet::cuda {
namespace {}  // namespace

LoopNest::LoopNest(KernelWriter& writer) : writer_(writer) {
  const Dims dims = writer.output_dims(0);
  order_ = memory_order(writer.problem().outputs[0]->layout, dims.size());
  for (size_t d : order_) sizes_.push_back(dims[d]);
  shapes_.push_back(dims);
}

void LoopNest::add(const Dims& dims, const Layout& layout) {
  const size_t rank = order_.size();
  const size_t lead = rank - dims.size();
  Dims strides(dims.size());
  Dim stride = 1;
  const std::vector<size_t> order = memory_order(layout, dims.size());
  for (size_t k = dims.size(); k-- > 0;) {
    strides[order[k]] = stride;
    stride = stride * dims[order[k]];
  }
  Access access;
  for (size_t d : order_) {
    access.sizes.push_back(d < lead ? Dim(1) : dims[d - lead]);
    access.strides.push_back(d < lead ? Dim(0) : strides[d - lead]);
  }
  operands_.push_back(std::move(access));
  shapes_.push_back(dims);
}

bool LoopNest::walks_alike(size_t outer, size_t inner) const {
  return std::all_of(operands_.begin(), operands_.end(), [&](const Access& operand) {
    const Dim &a = operand.sizes[outer], &b = operand.sizes[inner];
    if (a.is_constant(1) && b.is_constant(1)) return true;
    return a == sizes_[outer] && b == sizes_[inner] &&
           operand.strides[outer] == operand.strides[inner] * b;
  });
}

void LoopNest::merge_dimensions() {
  // A dimension of size 1 is walked in any way.
  for (size_t d = sizes_.size(); d-- > 0;) {
    if (!sizes_[d].is_constant(1)) continue;
    sizes_.erase(sizes_.begin() + static_cast<std::ptrdiff_t>(d));
    for (Access& operand : operands_) {
      operand.sizes.erase(operand.sizes.begin() + static_cast<std::ptrdiff_t>(d));
      operand.strides.erase(operand.strides.begin() + static_cast<std::ptrdiff_t>(d));
    }
  }
  for (size_t d = sizes_.size(); d-- > 1;) {
    if (!walks_alike(d - 1, d)) continue;
    const auto at = static_cast<std::ptrdiff_t>(d);
    sizes_[d - 1] = sizes_[d - 1] * sizes_[d];
    sizes_.erase(sizes_.begin() + at);
    for (Access& operand : operands_) {
      operand.strides[d - 1] = operand.strides[d];
      operand.sizes[d - 1] = operand.sizes[d - 1] * operand.sizes[d];
      operand.sizes.erase(operand.sizes.begin() + at);
      operand.strides.erase(operand.strides.begin() + at);
    }
  }
}

bool LoopNest::is_packed(size_t operand) const {
  return !sizes_.empty() && operands_[operand].sizes.back() == sizes_.back() &&
         operands_[operand].strides.back().is_constant(1);
}

void LoopNest::close(int widest) {
  index_type_ = "int";
  for (const Dims& shape : shapes_)
    if (cuda::index_type({shape}) != "int") index_type_ = "int64";
  merge_dimensions();
  if (sizes_.empty()) return;
  // An operand that neither repeats nor lies side by side along the innermost dimension would be
  // gathered, which packs don't make faster.
  for (size_t i = 0; i < operands_.size(); ++i)
    if (!is_packed(i) && !repeats(i, sizes_.size() - 1)) return;
  const bool flat = sizes_.size() == 1;
  for (pack_ = widest; pack_ > 1; pack_ /= 2) {
    const Dim& inner = sizes_.back();
    if (inner.is_constant() && inner.constant() % pack_ == 0) return;
    if (flat && (!inner.is_constant() || inner.constant() >= 64 * pack_)) break;
  }
  has_tail_ = pack_ > 1;
}

Dim LoopNest::packs() const {
  Dim total = 1;
  for (size_t d = 0; d + 1 < sizes_.size(); ++d) total = total * sizes_[d];
  return sizes_.empty() ? total : total * ceil_div(sizes_.back(), Dim(int64_t{pack_}));
}

std::string LoopNest::coordinates(std::string_view i) {
  std::string text = fmt::format("index_t rest = {};\n", i);
  for (size_t d = sizes_.size(); d-- > 0;) {
    const Dim size = d + 1 == sizes_.size() ? ceil_div(sizes_[d], Dim(int64_t{pack_})) : sizes_[d];
    const std::string scale =
        d + 1 == sizes_.size() && pack_ > 1 ? fmt::format(" * {}", pack_) : "";
    if (d == 0) {
      text += fmt::format("const index_t c0 = rest{};\n", scale);
    } else {
      const std::string by = fmt::format("static_cast<index_t>({})", writer_.value(size));
      text += fmt::format("const index_t c{0} = rest % {1}{2};\nrest /= {1};\n", d, by, scale);
    }
  }
  if (has_tail_)
    text += fmt::format("const int full = {0} - c{1} < {2} ? static_cast<int>({0} - c{1}) : {2};\n",
                        fmt::format("static_cast<index_t>({})", writer_.value(sizes_.back())),
                        sizes_.size() - 1, pack_);
  return text;
}

std::string LoopNest::offset(size_t operand) {
  const Access& access = operands_[operand];
  std::string text;
  for (size_t d = 0; d < sizes_.size(); ++d) {
    if (access.sizes[d].is_constant(1)) continue;
    std::string at = fmt::format("c{}", d);
    if (access.sizes[d] != sizes_[d])  // may be 1 when it runs
      at = fmt::format("({} == 1 ? static_cast<index_t>(0) : {})", writer_.value(access.sizes[d]),
                       at);
    if (!access.strides[d].is_constant(1))
      at += fmt::format(" * static_cast<index_t>({})", writer_.value(access.strides[d]));
    text += (text.empty() ? "" : " + ") + at;
  }
  return text.empty() ? "0" : text;
}

std::string LoopNest::load(size_t operand, const std::string& pointer, const std::string& name,
                           std::string_view type) {
  const std::string at = offset(operand);
  if (pack_ == 1 || !is_packed(operand))
    return fmt::format("const {} {} = {}[{}];\n", type, name, pointer, at);
  const std::string whole =
      fmt::format("*reinterpret_cast<const Pack<{}, {}>*>({} + {})", type, pack_, pointer, at);
  if (!has_tail_) return fmt::format("const Pack<{}, {}> {} = {};\n", type, pack_, name, whole);
  return fmt::format(
      "Pack<{0}, {1}> {2};\nif (full == {1}) {{\n{2} = {3};\n}} else {{\n"
      "for (int j = 0; j < {1}; ++j) {2}.items[j] = {4}[{5} + (j < full ? j : 0)];\n}}\n",
      type, pack_, name, whole, pointer, at);
}

std::string LoopNest::element(size_t operand, const std::string& name) const {
  return pack_ == 1 || !is_packed(operand) ? name : name + ".items[j]";
}

std::string LoopNest::place() {
  std::string at;
  Dim stride = 1;
  for (size_t d = sizes_.size(); d-- > 0;) {
    const std::string term = stride.is_constant(1) ? fmt::format("c{}", d)
                                                   : fmt::format("c{} * static_cast<index_t>({})",
                                                                 d, writer_.value(stride));
    at = at.empty() ? term : fmt::format("{} + {}", term, at);
    stride = stride * sizes_[d];
  }
  return at.empty() ? "0" : at;
}

std::string LoopNest::store(const std::string& pointer, const std::string& name,
                            std::string_view type) {
  const std::string at = place();
  if (pack_ == 1) return fmt::format("{}[{}] = {}.items[0];\n", pointer, at, name);
  std::string whole = fmt::format("*reinterpret_cast<Pack<{}, {}>*>({} + {}) = {};\n", type, pack_,
                                  pointer, at, name);
  if (!has_tail_) return whole;
  return fmt::format(
      "if (full == {0}) {{\n{1}}} else {{\nfor (int j = 0; j < full; ++j) {2}[{3} + j] = "
      "{4}.items[j];\n}}\n",
      pack_, whole, pointer, at, name);
}

}  // namespace cermet::cuda
