// Padding of an image by what convolutions and pools pad with themselves becomes theirs, so that
// the image is not copied.
#include <algorithm>
#include <limits>

#include "ops/convolution/window.attrs.h"
#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

// What a Pad adds around an image of [batch, channels, spatial...].
struct Margins {
  std::vector<int64_t> begin, end;
  double value = 0;
};

std::optional<double> padding_value(const Graph& graph, const Node& pad) {
  if (pad.input(2) == no_value) return 0;
  const Tensor* tensor = constant_of(graph, pad.input(2));
  if (tensor == nullptr || tensor->elements() != 1 || !is_floating(tensor->type()))
    return std::nullopt;
  return load_element<double>(tensor->view(), 0);
}

// The margins of all dimensions: first those before, then those behind.
std::optional<std::vector<int64_t>> all_margins(const Graph& graph, const Node& pad, int rank) {
  auto given = known_integers(graph, pad.input(1));
  if (!given || pad.input(3) == no_value) return given;
  const auto axes = known_integers(graph, pad.input(3));
  if (!axes) return std::nullopt;
  std::vector<int64_t> all(2 * static_cast<size_t>(rank), 0);
  for (size_t i = 0; i < axes->size(); ++i) {
    const int64_t axis = (*axes)[i] < 0 ? (*axes)[i] + rank : (*axes)[i];
    all[axis] = (*given)[i];
    all[axis + rank] = (*given)[i + axes->size()];
  }
  return all;
}

std::optional<Margins> margins_of(const Graph& graph, const Node& pad, std::string* why) {
  const ValueType& type = graph.type(pad.inputs[0]);
  const std::string mode = pad.attributes.text("mode", "constant");
  const auto value = padding_value(graph, pad);
  const auto refused = [&](const char* reason) {
    refuse(why, "{}", reason);
    return std::nullopt;
  };
  if (mode != "constant") {
    refuse(why, "the padding repeats the image: its mode is {}", mode);
    return std::nullopt;
  }
  if (!type.has_rank() || type.rank() < 3) return refused("the image's rank is not known");
  if (!value) return refused("what is padded with is not constant");
  const auto all = all_margins(graph, pad, type.rank());
  if (!all) return refused("how much is padded is not constant");
  const auto rank = static_cast<size_t>(type.rank());
  if (std::any_of(all->begin(), all->end(), [](int64_t size) { return size < 0; }))
    return refused("the padding cuts elements off");
  for (size_t d : {size_t{0}, size_t{1}, rank, rank + 1})
    if ((*all)[d] != 0) return refused("the padding adds to the batch or the channels");
  const auto middle = all->begin() + static_cast<std::ptrdiff_t>(rank);
  return Margins{{all->begin() + 2, middle}, {middle + 2, all->end()}, *value};
}

bool is_pool(const Node& node) {
  return node.is("MaxPool") || node.is("AveragePool") || node.is("LpPool");
}

// The pads in effect, in ONNX's order; nothing where they depend on the image's sizes.
std::optional<std::vector<int64_t>> pads_of(const Node& node, size_t spatial, std::string* why) {
  const AutoPad auto_pad = auto_pad_from(node.attributes);
  if (auto_pad == AutoPad::same_upper || auto_pad == AutoPad::same_lower) {
    refuse(why, "the {} pads by the size of its input", node.op);
    return std::nullopt;
  }
  const std::vector<int64_t> none(2 * spatial, 0);
  return auto_pad == AutoPad::valid ? none : node.attributes.integers("pads", none);
}

// Whether no element of the value is negative.
bool is_never_negative(const Graph& graph, ValueId id) {
  const Node* node = graph.producer(id);
  if (node == nullptr) return false;
  if (node->is("Relu") || node->is("Sigmoid") || node->is("HardSigmoid")) return true;
  if (!node->is("Clip")) return false;
  const Tensor* low = constant_of(graph, node->input(1));
  return low != nullptr && low->elements() == 1 && load_element<double>(low->view(), 0) >= 0;
}

// Pools' padding is less than their window, so that each window sees the image.
bool pool_takes(const Node& pool, const Margins& margins, const std::vector<int64_t>& pads,
                std::string* why) {
  const size_t spatial = margins.begin.size();
  const auto kernel = pool.attributes.integers("kernel_shape");
  for (size_t d = 0; d < spatial; ++d) {
    if (pads[d] + margins.begin[d] >= kernel[d] || pads[d + spatial] + margins.end[d] >= kernel[d])
      return refuse(why, "windows of the {} would lie in the padding alone", pool.op);
    // Where the last window may begin depends on what is padding.
    if (pool.attributes.integer("ceil_mode", 0) != 0 && margins.end[d] > 0)
      return refuse(why, "the {} rounds its size up, which padding at the end would change",
                    pool.op);
  }
  return true;
}

double lowest_number(ElementType type) {
  if (type == ElementType::float64) return std::numeric_limits<double>::lowest();
  if (type == ElementType::float16) return -65504;
  if (type == ElementType::bfloat16) return -0x1.FEp127;
  return static_cast<double>(std::numeric_limits<float>::lowest());
}

bool max_pool_takes(const Graph& graph, const Node& pad, const Node& pool, const Margins& margins,
                    std::string* why) {
  if (pool.outputs.size() > 1 && pool.outputs[1] != no_value)
    return refuse(why, "indices into the padded image are asked for");
  if (margins.value == -std::numeric_limits<double>::infinity()) return true;
  // Every window without gaps sees an element of the image, which is no less than the padding.
  const auto dilations = pool.attributes.integers("dilations", {});
  const bool dense =
      std::all_of(dilations.begin(), dilations.end(), [](int64_t d) { return d == 1; });
  const double lowest = lowest_number(graph.type(pad.inputs[0]).element);
  if (dense && margins.value <= lowest) return true;
  if (dense && margins.value == 0 && is_never_negative(graph, pad.inputs[0])) return true;
  return refuse(why, "the padding of {} may be larger than the image's elements", margins.value);
}

// Elements that a Pad made count in the average, as do pads where count_include_pad says so.
bool average_pool_takes(const Node& pool, const Margins& margins, const std::vector<int64_t>& pads,
                        std::string* why) {
  const bool counts = pool.attributes.integer("count_include_pad", 0) != 0;
  const bool has_pads =
      std::any_of(pads.begin(), pads.end(), [](int64_t size) { return size > 0; });
  if (has_pads && !counts) return refuse(why, "the AveragePool does not count its own padding");
  return margins.value == 0 || refuse(why, "the padding is not 0 but {}", margins.value);
}

// Zeros before a transposed convolution move its result, of which `pads` are cut off.
bool transposed_takes(const Node& node, const Margins& margins, std::vector<int64_t>& pads,
                      std::string* why) {
  const size_t spatial = margins.begin.size();
  if (!node.attributes.integers("output_shape", {}).empty())
    return refuse(why, "the ConvTranspose's size is given by output_shape");
  const std::vector<int64_t> ones(spatial, 1);
  const auto strides = node.attributes.integers("strides", ones);
  for (size_t d = 0; d < spatial; ++d) {
    pads[d] -= margins.begin[d] * strides[d];
    pads[d + spatial] -= margins.end[d] * strides[d];
    if (pads[d] < 0 || pads[d + spatial] < 0)
      return refuse(why, "the ConvTranspose keeps results of the padding");
  }
  return true;
}

// The reader's pads with the margins among them; nothing where it can't take them.
std::optional<std::vector<int64_t>> joint_pads(const Graph& graph, const Node& pad,
                                               const Node& reader, const Margins& margins,
                                               std::string* why) {
  if (reader.inputs[0] != pad.outputs[0] || reader.epilogue ||
      std::count(reader.inputs.begin(), reader.inputs.end(), pad.outputs[0]) != 1) {
    refuse(why, "its result is read as something else than an image too");
    return std::nullopt;
  }
  const size_t spatial = margins.begin.size();
  auto pads = pads_of(reader, spatial, why);
  if (!pads) return std::nullopt;
  if (margins.value != 0 && !is_pool(reader)) {
    refuse(why, "the padding is not 0 but {}", margins.value);
    return std::nullopt;
  }
  if (reader.is("ConvTranspose"))
    return transposed_takes(reader, margins, *pads, why) ? pads : std::nullopt;
  if (is_pool(reader) && !pool_takes(reader, margins, *pads, why)) return std::nullopt;
  if (reader.is("MaxPool") && !max_pool_takes(graph, pad, reader, margins, why))
    return std::nullopt;
  if (reader.is("AveragePool") && !average_pool_takes(reader, margins, *pads, why))
    return std::nullopt;
  if (reader.is("LpPool") && margins.value != 0) {
    refuse(why, "the padding is not 0 but {}", margins.value);
    return std::nullopt;
  }
  for (size_t d = 0; d < spatial; ++d) {
    (*pads)[d] += margins.begin[d];
    (*pads)[d + spatial] += margins.end[d];
  }
  return pads;
}

bool pads_itself(const Node& node) {
  return node.is("Conv") || node.is("ConvTranspose") || is_pool(node);
}

// The Pad goes into all its readers, or it stays and nothing is won. `why` not, if asked for.
std::vector<Patch> fold(const Graph& graph, NodeId id, const Uses& uses, std::string* why) {
  const Node& pad = graph.node(id);
  const ValueId padded = pad.outputs[0];
  const auto& readers = uses.readers(padded);
  if (graph.is_output(padded)) {
    refuse(why, "its result is an output of the graph");
    return {};
  }
  const auto margins = margins_of(graph, pad, why);
  if (!margins) return {};
  std::vector<Patch> patches;
  for (NodeId reader_id : readers) {
    const Node& reader = graph.node(reader_id);
    if (!pads_itself(reader)) {
      refuse(why, "a {} reads its result too", reader.op);
      return {};
    }
    auto pads = joint_pads(graph, pad, reader, *margins, why);
    if (!pads) return {};
    Node fused = Patch::copy_of(reader);
    fused.inputs[0] = pad.inputs[0];
    fused.attributes.erase("auto_pad");
    fused.attributes.set("pads", std::move(*pads));
    if (reader.is("AveragePool")) fused.attributes.set("count_include_pad", int64_t{1});
    Patch patch(graph);
    patch.consume(reader_id);
    patch.consume(id);
    patch.replace(reader.outputs[0], patch.add(std::move(fused)));
    patches.push_back(std::move(patch));
  }
  return patches;
}

}  // namespace

std::vector<Patch> fold_pads(const Graph& graph) {
  const Uses uses(graph);
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    if (!graph.node(id).is("Pad")) continue;
    for (Patch& patch : fold(graph, id, uses, nullptr)) patches.push_back(std::move(patch));
  }
  return patches;
}

void near_fold_pads(const Graph& graph, NearFusions& near) {
  const Uses uses(graph);
  for (NodeId id : graph.order()) {
    if (!graph.node(id).is("Pad")) continue;
    std::string why;
    fold(graph, id, uses, &why);
    for (NodeId reader : uses.readers(graph.node(id).outputs[0]))
      if (pads_itself(graph.node(reader)) && !why.empty()) near.add(graph, {id, reader}, why);
  }
}

}  // namespace cermet
