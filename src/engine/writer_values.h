// The values that metadata is made of, as FlatBuffers.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/attributes.h"
#include "engine/schema_generated.h"
#include "expr/layout.h"
#include "expr/value_type.h"

namespace cermet {

template <class T>
using Offsets = flatbuffers::Offset<flatbuffers::Vector<T>>;
template <class Table>
using TableOffsets = Offsets<flatbuffers::Offset<Table>>;

// Equal texts, sizes and types are stored once. Empty texts and lists are left out.
class ValueEncoder {
 public:
  explicit ValueEncoder(flatbuffers::FlatBufferBuilder& builder) : builder_(builder) {}

  flatbuffers::Offset<flatbuffers::String> text(const std::string& text) {
    return text.empty() ? 0 : builder_.CreateSharedString(text);
  }
  TableOffsets<flatbuffers::String> texts(const std::vector<std::string>& texts);
  template <class T>
  Offsets<T> list(const std::vector<T>& values) {
    return values.empty() ? 0 : builder_.CreateVector(values);
  }
  template <class Table>
  TableOffsets<Table> tables(const std::vector<flatbuffers::Offset<Table>>& tables) {
    return tables.empty() ? 0 : builder_.CreateVector(tables);
  }
  uint32_t dim(const Dim& dim);
  std::vector<uint32_t> dims(const Dims& dims);
  uint32_t type(const ValueType& type, int depth = 0);
  flatbuffers::Offset<flatbuffers::String> layout(const Layout& layout);
  TableOffsets<fb::Attribute> attributes(const Attributes& attributes);

  // What has been named by index so far.
  TableOffsets<flatbuffers::String> all_dims() { return texts(dim_texts_); }
  TableOffsets<fb::ValueType> all_types();

 private:
  // kind, element, whether the rank is known, dims, inner
  using TypeKey = std::tuple<Value::Kind, ElementType, bool, std::vector<uint32_t>, int32_t>;

  flatbuffers::Offset<fb::TensorData> tensor(const Tensor& tensor);
  flatbuffers::Offset<fb::Attribute> attribute(const std::string& name, const Attribute& value);

  flatbuffers::FlatBufferBuilder& builder_;
  std::map<std::string, uint32_t> dim_indices_;
  std::vector<std::string> dim_texts_;
  std::map<TypeKey, uint32_t> type_indices_;
  std::vector<TypeKey> types_;
};

}  // namespace cermet
