#include "import/onnx/model_writer.h"

#include <protozero/pbf_writer.hpp>

#include "base/error.h"

namespace cermet::onnx {
namespace {

using Message = protozero::pbf_writer;

// AttributeProto.AttributeType.
enum AttributeKind : int {
  number_kind = 1,
  integer_kind = 2,
  text_kind = 3,
  tensor_kind = 4,
  graph_kind = 5,
  numbers_kind = 6,
  integers_kind = 7,
  texts_kind = 8,
  graphs_kind = 10,
  type_kind = 13
};

class Writer {
 public:
  explicit Writer(const TensorKeeper& keep) : keep_(keep) {}

  void model(Message to, const OnnxModel& from) {
    to.add_int64(1, from.ir_version);
    to.add_string(2, from.producer);
    graph(Message(to, 7), from.graph);
    opsets(to, 8, from.opsets);
    for (const OnnxFunction& each : from.functions) function(Message(to, 25), each);
  }

 private:
  static void opsets(Message& to, protozero::pbf_tag_type tag, const OpsetImports& from) {
    for (const auto& [domain, version] : from) {
      Message opset(to, tag);
      opset.add_string(1, domain);
      opset.add_int64(2, version);
    }
  }

  static void texts(Message& to, protozero::pbf_tag_type tag,
                    const std::vector<std::string>& from) {
    for (const std::string& text : from) to.add_string(tag, text);
  }

  void graph(Message to, const OnnxGraph& from) {
    for (const OnnxNode& each : from.nodes) node(Message(to, 1), each);
    to.add_string(2, from.name);
    for (const OnnxTensor& each : from.initializers) tensor(Message(to, 5), each.name, each.tensor);
    for (const OnnxValueInfo& each : from.inputs) value_info(Message(to, 11), each);
    for (const OnnxValueInfo& each : from.outputs) value_info(Message(to, 12), each);
    for (const OnnxValueInfo& each : from.value_infos) value_info(Message(to, 13), each);
  }

  void node(Message to, const OnnxNode& from) {
    texts(to, 1, from.inputs);
    texts(to, 2, from.outputs);
    to.add_string(3, from.name);
    to.add_string(4, from.op);
    for (const OnnxAttribute& each : from.attributes) attribute(Message(to, 5), each);
    to.add_string(7, from.domain);
    to.add_string(8, from.overload);
  }

  void function(Message to, const OnnxFunction& from) {
    to.add_string(1, from.name);
    texts(to, 4, from.inputs);
    texts(to, 5, from.outputs);
    for (const OnnxNode& each : from.nodes) node(Message(to, 7), each);
    opsets(to, 9, from.opsets);
    to.add_string(10, from.domain);
    for (const OnnxAttribute& each : from.defaults) attribute(Message(to, 11), each);
    to.add_string(13, from.overload);
  }

  void attribute(Message to, const OnnxAttribute& from) {
    to.add_string(1, from.name);
    if (!from.reference.empty()) {
      to.add_string(21, from.reference);
      return;
    }
    if (from.type) type(Message(to, 14), *from.type, from.name);
    for (const OnnxGraph& each : from.graphs)
      graph(Message(to, from.graphs.size() == 1 ? 6 : 11), each);
    to.add_enum(
        20, from.value
                ? std::visit([&](const auto& value) { return this->value(to, value); }, *from.value)
            : from.type               ? type_kind
            : from.graphs.size() == 1 ? graph_kind
                                      : graphs_kind);
  }

  // Each writes the value and gives its kind.
  static int value(Message& to, int64_t from) {
    to.add_int64(3, from);
    return integer_kind;
  }
  static int value(Message& to, double from) {
    to.add_float(2, static_cast<float>(from));
    return number_kind;
  }
  static int value(Message& to, const std::string& from) {
    to.add_string(4, from);
    return text_kind;
  }
  int value(Message& to, const Tensor& from) {
    tensor(Message(to, 5), "", from);
    return tensor_kind;
  }
  static int value(Message& to, const std::vector<int64_t>& from) {
    to.add_packed_int64(8, from.begin(), from.end());
    return integers_kind;
  }
  static int value(Message& to, const std::vector<double>& from) {
    const std::vector<float> narrow(from.begin(), from.end());
    to.add_packed_float(7, narrow.begin(), narrow.end());
    return numbers_kind;
  }
  static int value(Message& to, const std::vector<std::string>& from) {
    texts(to, 9, from);
    return texts_kind;
  }

  void tensor(Message to, const std::string& name, const Tensor& from) {
    to.add_packed_int64(1, from.shape().begin(), from.shape().end());
    to.add_int32(2, static_cast<int32_t>(from.type()));
    to.add_string(8, name);
    if (from.type() == ElementType::string) {
      for (int64_t i = 0; i < from.elements(); ++i) to.add_string(6, from.as<std::string>()[i]);
      return;
    }
    const std::string location = keep_(from);
    if (location.empty()) {
      to.add_bytes(9, static_cast<const char*>(from.data()), from.bytes());
      return;
    }
    Message entry(to, 13);
    entry.add_string(1, "location");
    entry.add_string(2, location);
    entry.commit();
    to.add_enum(14, 1);  // EXTERNAL
  }

  static void value_info(Message to, const OnnxValueInfo& from) {
    to.add_string(1, from.name);
    if (from.type) type(Message(to, 2), *from.type, from.name);
  }

  static void type(Message to, const ValueType& from, const std::string& owner) {
    if (!from.is_tensor()) {
      Message holder(to, from.kind == Value::Kind::sequence ? 4 : 9);
      if (from.inner) type(Message(holder, 1), *from.inner, owner);
      return;
    }
    Message tensor(to, 1);
    tensor.add_int32(1, static_cast<int32_t>(from.element));
    if (!from.has_rank()) return;
    std::string shape;
    for (size_t i = 0; i < from.dims->size(); ++i)
      Message(shape).add_message(1, dim((*from.dims)[i], owner, i));
    tensor.add_message(2, shape);  // of a scalar too, where a Message would write nothing
  }

  // A size without a name has one that the reader makes up.
  static std::string dim(const Dim& from, const std::string& owner, size_t index) {
    std::string to;
    if (from.is_constant())
      Message(to).add_int64(1, from.constant());
    else if (!(from == Dim::symbol(fmt::format("{}.d{}", owner, index))))
      Message(to).add_string(2, *from.as_symbol());
    return to;
  }

  const TensorKeeper& keep_;
};

}  // namespace

std::string write_model(const OnnxModel& model, const TensorKeeper& keep) {
  std::string bytes;
  Writer(keep).model(Message(bytes), model);
  return bytes;
}

}  // namespace cermet::onnx
