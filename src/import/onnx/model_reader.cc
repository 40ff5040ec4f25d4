#include <filesystem>

#include "base/error.h"
#include "import/onnx/onnx_model.h"
#include "import/onnx/other_format.h"
#include "import/onnx/tensor_reader.h"
#include "import/onnx/wire.h"

namespace cermet::onnx {
namespace {

// Deeper nesting than any exporter writes is a hostile file.
constexpr int max_depth = 64;

class Reader {
 public:
  explicit Reader(TensorSource& source) : source_(&source) {}

  OnnxModel model(WireReader reader);

 private:
  OnnxGraph graph(WireReader reader, int depth);
  OnnxNode node(WireReader reader, int depth);
  OnnxAttribute attribute(WireReader reader, int depth);
  OnnxFunction function(WireReader reader);
  OnnxValueInfo value_info(WireReader reader);
  ValueType type(WireReader reader, const std::string& owner, int depth);
  ValueType tensor_type(WireReader reader, const std::string& owner);
  Dims shape(WireReader reader, const std::string& owner);
  void opset(WireReader reader, OpsetImports& into);

  TensorSource* source_;
};

std::string domain_name(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

void Reader::opset(WireReader reader, OpsetImports& into) {
  std::string domain;
  int64_t version = 0;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        domain = reader.get_string();
        break;
      case 2:
        version = reader.get_int64();
        break;
      default:
        reader.skip();
    }
  }
  require(version >= 0 && version < 1'000'000, ErrorCode::invalid_model,
          "opset version {} of domain \"{}\" is out of range", version, domain);
  into[domain_name(domain)] = static_cast<int>(version);
}

Dims Reader::shape(WireReader reader, const std::string& owner) {
  Dims dims;
  while (reader.next(1)) {
    WireReader dim = reader.get_message();
    std::optional<Dim> size;
    while (dim.next()) {
      if (dim.tag() == 1) {
        const int64_t value = dim.get_int64();
        if (value >= 0) size = Dim(value);
      } else if (dim.tag() == 2) {
        std::string symbol = dim.get_string();
        if (symbol.starts_with(data_symbol_prefix)) symbol.insert(0, "_");
        if (!symbol.empty()) size = Dim::symbol(symbol);
      } else {
        dim.skip();
      }
    }
    if (!size) size = Dim::symbol(fmt::format("{}.d{}", owner, dims.size()));
    dims.push_back(*size);
  }
  return dims;
}

ValueType Reader::tensor_type(WireReader reader, const std::string& owner) {
  int32_t element = 0;
  std::optional<Dims> dims;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        element = reader.get_int32();
        break;
      case 2:
        dims = shape(reader.get_message(), owner);
        break;
      default:
        reader.skip();
    }
  }
  require(element >= 0 && element < element_type_count, ErrorCode::invalid_model,
          "'{}': element type {} is not one that ONNX defines (1 to {})", owner, element,
          element_type_count - 1);
  return ValueType::tensor(static_cast<ElementType>(element), std::move(dims));
}

ValueType Reader::type(WireReader reader, const std::string& owner, int depth) {
  require(depth < max_depth, ErrorCode::invalid_model, "'{}': its type nests deeper than {}", owner,
          max_depth);
  const auto inner = [&](WireReader message) {
    ValueType held = ValueType::tensor(ElementType::undefined, std::nullopt);
    while (message.next()) {
      if (message.tag() == 1)
        held = type(message.get_message(), owner, depth + 1);
      else
        message.skip();
    }
    return held;
  };
  ValueType result;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result = tensor_type(reader.get_message(), owner);
        break;
      case 4:
        result = ValueType::sequence(inner(reader.get_message()));
        break;
      case 9:
        result = ValueType::optional(inner(reader.get_message()));
        break;
      case 5:
      case 8:
        fail(ErrorCode::unsupported, "'{}' is a {}, which no operator takes", owner,
             reader.tag() == 5 ? "map" : "sparse tensor");
      default:
        reader.skip();
    }
  }
  return result;
}

OnnxValueInfo Reader::value_info(WireReader reader) {
  OnnxValueInfo info;
  std::optional<WireReader> type_message;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        info.name = reader.get_string();
        break;
      case 2:
        type_message = reader.get_message();
        break;
      default:
        reader.skip();
    }
  }
  if (type_message) info.type = type(*type_message, info.name, 0);
  return info;
}

// What an AttributeProto holds, before its `type` says which of it counts.
struct AttributeFields {
  int kind = 0;
  int64_t integer = 0;
  double number = 0;
  std::string text;
  std::optional<Tensor> tensor;
  std::vector<double> numbers;
  std::vector<int64_t> integers;
  std::vector<std::string> texts;
};

// Files older than IR version 2 leave `type` out; then what is there decides.
std::optional<Attribute> value_of(AttributeFields& f, const OnnxAttribute& attribute) {
  switch (f.kind) {
    case 1:
      return f.number;
    case 2:
      return f.integer;
    case 3:
      return std::move(f.text);
    case 4:
    case 11:
      require(f.tensor.has_value(), ErrorCode::invalid_model, "attribute '{}' lacks its tensor",
              attribute.name);
      return std::move(*f.tensor);
    case 6:
      return std::move(f.numbers);
    case 7:
      return std::move(f.integers);
    case 8:
      return std::move(f.texts);
    case 5:
    case 10:
    case 13:
      return std::nullopt;
    case 0:
      break;
    default:
      fail(ErrorCode::unsupported, "attribute '{}' has type {}, which no operator takes",
           attribute.name, f.kind);
  }
  if (f.tensor) return std::move(*f.tensor);
  if (!f.numbers.empty()) return std::move(f.numbers);
  if (!f.integers.empty()) return std::move(f.integers);
  if (!f.texts.empty()) return std::move(f.texts);
  if (!f.text.empty()) return std::move(f.text);
  if (f.number != 0) return f.number;
  if (attribute.graphs.empty() && !attribute.type) return f.integer;
  return std::nullopt;
}

OnnxAttribute Reader::attribute(WireReader reader, int depth) {
  OnnxAttribute result;
  AttributeFields f;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result.name = reader.get_string();
        break;
      case 2:
        f.number = reader.get_float();
        break;
      case 3:
        f.integer = reader.get_int64();
        break;
      case 4:
        f.text = reader.get_string();
        break;
      case 5:
        f.tensor = read_tensor(to_view(reader.get_view()), *source_).tensor;
        break;
      case 6:
        result.graphs.push_back(graph(reader.get_message(), depth + 1));
        break;
      case 7:
        append_fixed<float>(reader, f.numbers);
        break;
      case 8:
        append_varints(reader, f.integers);
        break;
      case 9:
        f.texts.push_back(reader.get_string());
        break;
      case 11:
        result.graphs.push_back(graph(reader.get_message(), depth + 1));
        break;
      case 14:
        result.type = type(reader.get_message(), result.name, 0);
        break;
      case 20:
        f.kind = reader.get_enum();
        break;
      case 21:
        result.reference = reader.get_string();
        break;
      case 22:
        f.tensor = read_sparse_tensor(to_view(reader.get_view()), *source_).tensor;
        break;
      default:
        reader.skip();
    }
  }
  if (result.reference.empty()) result.value = value_of(f, result);
  return result;
}

OnnxNode Reader::node(WireReader reader, int depth) {
  OnnxNode result;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result.inputs.push_back(reader.get_string());
        break;
      case 2:
        result.outputs.push_back(reader.get_string());
        break;
      case 3:
        result.name = reader.get_string();
        break;
      case 4:
        result.op = reader.get_string();
        break;
      case 5:
        result.attributes.push_back(attribute(reader.get_message(), depth));
        break;
      case 7:
        result.domain = domain_name(reader.get_string());
        break;
      case 8:
        result.overload = reader.get_string();
        break;
      default:
        reader.skip();
    }
  }
  return result;
}

OnnxGraph Reader::graph(WireReader reader, int depth) {
  require(depth < max_depth, ErrorCode::invalid_model, "graphs nest deeper than {}", max_depth);
  OnnxGraph result;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result.nodes.push_back(node(reader.get_message(), depth));
        break;
      case 2:
        result.name = reader.get_string();
        break;
      case 5:
        result.initializers.push_back(read_tensor(to_view(reader.get_view()), *source_));
        break;
      case 11:
        result.inputs.push_back(value_info(reader.get_message()));
        break;
      case 12:
        result.outputs.push_back(value_info(reader.get_message()));
        break;
      case 13:
        result.value_infos.push_back(value_info(reader.get_message()));
        break;
      case 15:
        result.initializers.push_back(read_sparse_tensor(to_view(reader.get_view()), *source_));
        break;
      default:
        reader.skip();
    }
  }
  return result;
}

OnnxFunction Reader::function(WireReader reader) {
  OnnxFunction result;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result.name = reader.get_string();
        break;
      case 4:
        result.inputs.push_back(reader.get_string());
        break;
      case 5:
        result.outputs.push_back(reader.get_string());
        break;
      case 7:
        result.nodes.push_back(node(reader.get_message(), 0));
        break;
      case 9:
        opset(reader.get_message(), result.opsets);
        break;
      case 10:
        result.domain = domain_name(reader.get_string());
        break;
      case 11:
        result.defaults.push_back(attribute(reader.get_message(), 0));
        break;
      case 13:
        result.overload = reader.get_string();
        break;
      default:
        reader.skip();
    }
  }
  return result;
}

OnnxModel Reader::model(WireReader reader) {
  OnnxModel result;
  bool has_graph = false;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result.ir_version = reader.get_int64();
        break;
      case 2:
        result.producer = reader.get_string();
        break;
      case 7:
        result.graph = graph(reader.get_message(), 0);
        has_graph = true;
        break;
      case 8:
        opset(reader.get_message(), result.opsets);
        break;
      case 25:
        result.functions.push_back(function(reader.get_message()));
        break;
      default:
        reader.skip();
    }
  }
  require(has_graph, ErrorCode::invalid_model,
          "the file holds no graph; expected an ONNX model (a ModelProto)");
  return result;
}

}  // namespace

const OnnxAttribute* OnnxNode::attribute(std::string_view attribute_name) const {
  for (const OnnxAttribute& candidate : attributes)
    if (candidate.name == attribute_name) return &candidate;
  return nullptr;
}

namespace {

OnnxModel read_from(std::string_view bytes, TensorSource source) {
  require(!bytes.empty(), ErrorCode::invalid_model, "the file is empty; expected an ONNX model");
  try {
    return Reader(source).model(WireReader(bytes.data(), bytes.size()));
  } catch (const protozero::exception& error) {
    require_no_other_format(bytes);
    fail(ErrorCode::invalid_model,
         "not a whole ONNX file: its protobuf encoding is broken or truncated ({})", error.what());
  } catch (const Error&) {
    require_no_other_format(bytes);
    throw;
  }
}

}  // namespace

OnnxModel read_model(std::string_view bytes, const std::string& folder,
                     std::shared_ptr<void> owner) {
  return read_from(bytes, TensorSource(folder, std::move(owner)));
}

OnnxModel read_model(std::string_view bytes, const KeptTensors& kept) {
  return read_from(bytes, TensorSource(kept));
}

OnnxModel read_model_file(const std::string& path) {
  auto file = std::make_shared<MappedFile>(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file->data()), file->size());
  std::string folder = std::filesystem::absolute(path).parent_path().string();
  return with_context([&] { return path; }, [&] { return read_model(bytes, folder, file); });
}

}  // namespace cermet::onnx
