#include "builder/io_formats.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "ops/graph_builder.h"

namespace cermet {
namespace {

bool is_plain_float(ElementType type) {
  static constexpr std::array types{ElementType::float16, ElementType::bfloat16,
                                    ElementType::float32, ElementType::float64};
  return std::find(types.begin(), types.end(), type) != types.end();
}

bool is_plain_integer(ElementType type) { return is_integer(type) && bit_width(type) >= 8; }

// Whether Cast keeps what the values mean. From a floating-point type to an integer one it would
// need a scale.
bool converts(ElementType from, ElementType to) {
  if (from == to) return true;
  if (is_plain_float(from)) return is_plain_float(to);
  return is_plain_integer(from) && (is_plain_integer(to) || is_plain_float(to));
}

struct Side {
  const char* word;
  std::vector<std::string> names;
};

Side inputs_of(const Graph& graph) {
  Side side{"input", {}};
  for (ValueId id : graph.inputs()) side.names.push_back(graph.value(id).name);
  return side;
}

// What is asked of one tensor: a format of its name, or that without a name.
TensorFormat format_of(const std::string& name, const std::vector<TensorFormat>& formats) {
  TensorFormat found;
  for (const TensorFormat& format : formats)
    if (format.name == name || (format.name.empty() && found.name.empty())) found = format;
  found.name = name;
  return found;
}

void check_names(const Side& side, const std::vector<TensorFormat>& formats) {
  std::set<std::string> seen;
  for (const TensorFormat& format : formats) {
    require(seen.insert(format.name).second, ErrorCode::invalid_argument,
            "{} '{}' is given two formats", side.word, format.name);
    require(format.name.empty() ||
                std::find(side.names.begin(), side.names.end(), format.name) != side.names.end(),
            ErrorCode::invalid_argument, "a format is given for '{}', but the {}s are: {}",
            format.name, side.word, fmt::join(side.names, ", "));
  }
}

bool is_default(const TensorFormat& format) {
  return format.type == ElementType::undefined && format.layout == TensorLayout::row_major;
}

void check_tensor(const Side& side, const TensorFormat& format, const ValueType& type) {
  require(type.is_tensor(), ErrorCode::unsupported,
          "{} '{}' is {}; only tensors can be given a format", side.word, format.name,
          type.to_string());
  if (format.layout == TensorLayout::row_major) return;
  require(type.has_rank() && type.rank() >= 3, ErrorCode::unsupported,
          "{} '{}' is {}; channels-last needs a tensor of 3 dimensions or more, batch and channels "
          "first",
          side.word, format.name, type.to_string());
}

void check_types(const Side& side, const std::string& tensor, ElementType from, ElementType to) {
  require(converts(from, to), ErrorCode::unsupported,
          "{} '{}': {} can't become {} without losing its meaning. Floating-point types go into "
          "each other, integers of 8 bits and more into each other and into floating-point types; "
          "for others put QuantizeLinear, DequantizeLinear or Cast into the model",
          side.word, tensor, name(from), name(to));
}

std::vector<int64_t> to_channels_last(int rank) {
  std::vector<int64_t> order{0};
  for (int64_t d = 2; d < rank; ++d) order.push_back(d);
  order.push_back(1);
  return order;
}

std::vector<int64_t> from_channels_last(int rank) {
  std::vector<int64_t> order{0, rank - 1};
  for (int64_t d = 1; d + 1 < rank; ++d) order.push_back(d);
  return order;
}

template <class List>
List permuted(const List& sizes, const std::vector<int64_t>& order) {
  List result;
  for (int64_t d : order) result.push_back(sizes[d]);
  return result;
}

ValueId add(Graph& graph, const char* op, ValueId from, const std::string& tensor,
            Attribute attribute) {
  Node node;
  node.op = op;
  node.name = fmt::format("{}.{}", tensor, op);
  node.inputs = {from};
  node.attributes.set(node.op == "Cast" ? "to" : "perm", std::move(attribute));
  return GraphBuilder(graph, {}).add_node(std::move(node), 1)[0];
}

ValueId cast(Graph& graph, ValueId from, ElementType type, const std::string& tensor) {
  if (graph.type(from).element == type) return from;
  return add(graph, "Cast", from, tensor, static_cast<int64_t>(type));
}

// The input takes the format; the nodes that read it read the conversion back.
void convert_input(Graph& graph, const Side& side, ValueId id, const TensorFormat& format) {
  if (is_default(format)) return;
  const ValueType model = graph.type(id);
  check_tensor(side, format, model);
  const bool reorder = format.layout == TensorLayout::channels_last;
  const ElementType type = format.type == ElementType::undefined ? model.element : format.type;
  check_types(side, format.name, type, model.element);
  if (type == model.element && !reorder) return;
  graph.value(id).type.element = type;
  if (reorder) graph.value(id).type.dims = permuted(*model.dims, to_channels_last(model.rank()));
  const ValueId first =
      reorder ? add(graph, "Transpose", id, format.name, from_channels_last(model.rank()))
              : cast(graph, id, model.element, format.name);
  const ValueId value = cast(graph, first, model.element, format.name);
  graph.replace_uses(id, value);
  graph.node(graph.value(first).producer).inputs[0] = id;
}

void convert_output(Graph& graph, const Side& side, size_t place, const TensorFormat& format) {
  if (is_default(format)) return;
  ValueId value = graph.outputs()[place];
  const ValueType& model = graph.type(value);
  check_tensor(side, format, model);
  const int rank = model.has_rank() ? model.rank() : 0;
  if (format.type != ElementType::undefined) {
    check_types(side, format.name, model.element, format.type);
    value = cast(graph, value, format.type, format.name);
  }
  if (format.layout == TensorLayout::channels_last)
    value = add(graph, "Transpose", value, format.name, to_channels_last(rank));
  graph.set_output(place, value);
}

}  // namespace

void apply_formats(Graph& graph, const std::vector<TensorFormat>& inputs,
                   const std::vector<TensorFormat>& outputs) {
  const Side in = inputs_of(graph), out{"output", graph.output_names()};
  check_names(in, inputs);
  check_names(out, outputs);
  for (size_t i = 0; i < in.names.size(); ++i)
    convert_input(graph, in, graph.inputs()[i], format_of(in.names[i], inputs));
  for (size_t i = 0; i < out.names.size(); ++i)
    convert_output(graph, out, i, format_of(out.names[i], outputs));
}

void reorder_profiles(std::vector<Profile>& profiles, const std::vector<TensorFormat>& inputs) {
  for (Profile& profile : profiles)
    for (ProfileInput& input : profile.inputs) {
      if (format_of(input.name, inputs).layout == TensorLayout::row_major) continue;
      const auto order = to_channels_last(static_cast<int>(input.opt.size()));
      for (Shape* shape : {&input.min, &input.opt, &input.max}) *shape = permuted(*shape, order);
    }
}

}  // namespace cermet
