#include "builder/stored_model.h"

#include <charconv>
#include <cstring>
#include <map>

#include "base/error.h"
#include "base/hash.h"
#include "builder/stored_options.h"
#include "engine/decode_values.h"
#include "engine/format.h"
#include "expr/layout.h"
#include "import/onnx/model_writer.h"

namespace cermet {
namespace {

using Bytes = std::span<const std::byte>;
using KeptOffset = flatbuffers::Offset<fb::KeptTensor>;

constexpr char identifier[] = "CRMM";
constexpr size_t least_kept = 256;  // bytes; smaller tensors stay in the model
constexpr std::byte zeros[section_alignment] = {};

Bytes bytes_of_tensor(const Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.data()), tensor.bytes()};
}

// The tensor's elements as they lie under the layout, or, `back`, the other way.
Tensor relaid(const Tensor& from, const Shape& shape, const Layout& layout, bool back) {
  Tensor result(from.type(), shape);
  const size_t width = static_cast<size_t>(bit_width(from.type())) / 8;
  const std::vector<int64_t> steps = strides(shape, layout);
  const auto* source = static_cast<const std::byte*>(from.data());
  auto* const target = static_cast<std::byte*>(result.view().data);
  Shape index(shape.size());
  int64_t there = 0;
  const int64_t elements = result.elements();
  for (int64_t here = 0; here < elements; ++here) {
    std::memcpy(target + (back ? here : there) * width, source + (back ? there : here) * width,
                width);
    for (size_t d = shape.size(); d-- > 0;) {
      there += steps[d];
      if (++index[d] < shape[d]) break;
      there -= steps[d] * shape[d];
      index[d] = 0;
    }
  }
  return result;
}

// Ways in which plans hold weights, beside the model's own.
std::vector<Layout> other_layouts(const Tensor& tensor) {
  const auto rank = static_cast<int>(tensor.shape().size());
  if (rank < 2 || rank > 5 || bit_width(tensor.type()) < 8) return {};
  Layout swapped;
  for (int d = 0; d < rank; ++d) swapped.order.push_back(static_cast<int8_t>(d));
  std::swap(swapped.order[rank - 1], swapped.order[rank - 2]);
  if (rank == 2) return {swapped};
  Layout inputs_last = Layout::channels_last(rank);  // OIHW to HWIO
  inputs_last.order.erase(inputs_last.order.begin());
  inputs_last.order.push_back(0);
  return {Layout::channels_last(rank), inputs_last, swapped};
}

// Constants by their bytes.
class Constants {
 public:
  explicit Constants(const EngineImage& image) {
    add(image.plan);
    if (image.on_cpu) add(image.on_cpu->plan);
  }

  bool has_size(size_t bytes) const { return sizes_.contains(bytes); }
  std::optional<uint32_t> find(Bytes bytes) const {
    const auto [begin, end] = by_hash_.equal_range(hash_bytes(bytes.data(), bytes.size()));
    for (auto entry = begin; entry != end; ++entry) {
      const Bytes known = all_[entry->second];
      if (known.size() == bytes.size() &&
          std::memcmp(known.data(), bytes.data(), bytes.size()) == 0)
        return entry->second;
    }
    return std::nullopt;
  }

 private:
  void add(const Plan& plan) {
    for (const PlanConstant& constant : plan.constants) {
      const bool numbers = constant.tensor.type() != ElementType::string;
      const Bytes bytes = numbers ? bytes_of_tensor(constant.tensor) : Bytes();
      if (!bytes.empty()) {
        by_hash_.emplace(hash_bytes(bytes.data(), bytes.size()),
                         static_cast<uint32_t>(all_.size()));
        sizes_.emplace(bytes.size(), true);
      }
      all_.push_back(bytes);
    }
  }

  std::vector<Bytes> all_;
  std::multimap<uint64_t, uint32_t> by_hash_;
  std::map<size_t, bool> sizes_;
};

// What the bytes of the section view; stays in place.
struct Store {
  onnx::OnnxModel model;
  flatbuffers::DetachedBuffer description;
};

class Keeper {
 public:
  Keeper(const EngineImage& image, flatbuffers::FlatBufferBuilder& builder)
      : constants_(image), builder_(builder) {}

  // The name under which the model has the tensor; empty: it is small.
  std::string keep(const Tensor& tensor) {
    if (tensor.bytes() < least_kept) return {};
    const Bytes bytes = bytes_of_tensor(tensor);
    if (const auto constant = constants_.find(bytes)) return name_of_constant(*constant, {});
    if (constants_.has_size(bytes.size()))
      for (const Layout& layout : other_layouts(tensor)) {
        const Tensor moved = relaid(tensor, tensor.shape(), layout, false);
        if (const auto constant = constants_.find(bytes_of_tensor(moved)))
          return name_of_constant(*constant, layout);
      }
    return add(fb::CreateKeptTensor(builder_, fb::TensorHome::data, 0, place(bytes), bytes.size()));
  }

  flatbuffers::Offset<flatbuffers::Vector<KeptOffset>> tensors() {
    return builder_.CreateVector(tensors_);
  }
  std::vector<Bytes> data;  // padding included

 private:
  std::string add(KeptOffset tensor) {
    tensors_.push_back(tensor);
    return fmt::format("#{}", tensors_.size() - 1);
  }

  std::string name_of_constant(uint32_t constant, const Layout& layout) {
    const std::vector<uint8_t> order(layout.order.begin(), layout.order.end());
    return add(fb::CreateKeptTensor(builder_, fb::TensorHome::constant, constant, 0, 0,
                                    order.empty() ? 0 : builder_.CreateVector(order)));
  }

  // Equal contents are stored once.
  uint64_t place(Bytes bytes) {
    const uint64_t hash = hash_bytes(bytes.data(), bytes.size());
    const auto [begin, last] = placed_.equal_range(hash);
    for (auto entry = begin; entry != last; ++entry) {
      const auto& [known, offset] = entry->second;
      if (known.size() == bytes.size() &&
          std::memcmp(known.data(), bytes.data(), bytes.size()) == 0)
        return offset;
    }
    const uint64_t offset = align_section(end_);
    if (offset != end_) data.push_back(Bytes(zeros).first(offset - end_));
    data.push_back(bytes);
    end_ = offset + bytes.size();
    placed_.emplace(hash, std::pair(bytes, offset));
    return offset;
  }

  const Constants constants_;
  flatbuffers::FlatBufferBuilder& builder_;
  std::vector<KeptOffset> tensors_;
  std::multimap<uint64_t, std::pair<Bytes, uint64_t>> placed_;
  uint64_t end_ = 0;
};

const PlanConstant& constant_of(const EngineImage& image, size_t index) {
  const auto& first = image.plan.constants;
  const size_t others = image.on_cpu ? image.on_cpu->plan.constants.size() : 0;
  expect_engine(index < first.size() + others, "constant: expected an index below {}, got {}",
                first.size() + others, index);
  return index < first.size() ? first[index] : image.on_cpu->plan.constants[index - first.size()];
}

Layout layout_of(const fb::KeptTensor& from, size_t rank) {
  Layout layout;
  if (from.order() == nullptr) return layout;
  std::vector<bool> seen(rank, false);
  for (const uint8_t axis : *from.order()) {
    expect_engine(axis < rank && !seen[axis], "order: expected each of {} dimensions once", rank);
    seen[axis] = true;
    layout.order.push_back(static_cast<int8_t>(axis));
  }
  expect_engine(layout.order.size() == rank, "order: expected each of {} dimensions once", rank);
  return layout;
}

class TensorDecoder {
 public:
  TensorDecoder(const EngineImage& image, const fb::Model& model) : image_(image), model_(model) {
    if (!image.model.data.empty()) data_ = image.model.data.front();
  }

  Tensor tensor(ElementType type, const Shape& shape, const std::string& location) const {
    const size_t count = model_.tensors() == nullptr ? 0 : model_.tensors()->size();
    const char* const end = location.data() + location.size();
    size_t index = 0;
    const bool names_one =
        location.starts_with('#') &&
        std::from_chars(location.data() + 1, end, index) == std::from_chars_result{end, {}};
    expect_engine(names_one && index < count, "location: expected #0 to below #{}, got \"{}\"",
                  count, location);
    return in_field([&] { return fmt::format("tensors {}", index); },
                    [&] {
                      const auto at = static_cast<flatbuffers::uoffset_t>(index);
                      return decode(*model_.tensors()->Get(at), type, shape);
                    });
  }

 private:
  Tensor decode(const fb::KeptTensor& from, ElementType type, const Shape& shape) const {
    const size_t bytes = byte_size(type, element_count(shape));
    if (from.home() == fb::TensorHome::data) return from_data(from, type, shape, bytes);
    expect_engine(from.home() == fb::TensorHome::constant, "home: expected at most {}, got {}",
                  static_cast<int>(fb::TensorHome::MAX), static_cast<int>(from.home()));
    const Tensor& constant = constant_of(image_, from.constant()).tensor;
    expect_engine(constant.type() != ElementType::string && constant.bytes() == bytes,
                  "constant: expected {} bytes for {}{}, got {}{}", bytes, name(type),
                  to_string(shape), name(constant.type()), to_string(constant.shape()));
    const auto owner = std::make_shared<Tensor>(constant);
    Tensor same(type, shape, owner, constant.data());
    const Layout layout = layout_of(from, shape.size());
    if (layout.is_row_major()) return same;
    expect_engine(bit_width(type) >= 8, "order: expected none for {}", name(type));
    return relaid(same, shape, layout, true);
  }

  Tensor from_data(const fb::KeptTensor& from, ElementType type, const Shape& shape,
                   size_t bytes) const {
    expect_engine(from.offset() % section_alignment == 0,
                  "offset: expected a multiple of {}, got {}", section_alignment, from.offset());
    expect_engine(from.offset() <= data_.size() && from.bytes() <= data_.size() - from.offset(),
                  "expected a part of the {} bytes of the model's data, got {} from {}",
                  data_.size(), from.bytes(), from.offset());
    expect_engine(from.bytes() == bytes, "bytes: expected {} for {}{}, got {}", bytes, name(type),
                  to_string(shape), from.bytes());
    return Tensor(type, shape, std::const_pointer_cast<void>(image_.model.owner),
                  data_.data() + from.offset());
  }

  const EngineImage& image_;
  const fb::Model& model_;
  Bytes data_;
};

const fb::Model& verified(Bytes description) {
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(description.data()),
                                 description.size());
  expect_engine(description.size() < FLATBUFFERS_MAX_BUFFER_SIZE &&
                    verifier.VerifyBuffer<fb::Model>(identifier),
                "expected FlatBuffers of the schema \"{}\", got {} bytes that are damaged",
                identifier, description.size());
  const auto* model = flatbuffers::GetRoot<fb::Model>(description.data());
  expect_engine(model->onnx() != nullptr && model->options() != nullptr,
                "expected a model and the options of its build, one is missing");
  return *model;
}

}  // namespace

StoredModel store_model(const onnx::OnnxModel& model, const BuildOptions& options,
                        const EngineImage& image) {
  const auto store = std::make_shared<Store>();
  store->model = model;
  flatbuffers::FlatBufferBuilder builder;
  Keeper keeper(image, builder);
  const std::string text =
      onnx::write_model(store->model, [&](const Tensor& tensor) { return keeper.keep(tensor); });
  const auto onnx =
      builder.CreateVector(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  const auto tensors = keeper.tensors();
  const auto record = encode_options(builder, options);
  builder.Finish(fb::CreateModel(builder, onnx, tensors, record), identifier);
  store->description = builder.Release();
  StoredModel stored;
  stored.description =
      std::as_bytes(std::span(store->description.data(), store->description.size()));
  stored.data = std::move(keeper.data);
  stored.owner = store;
  return stored;
}

ModelRecord stored_model(const EngineImage& image) {
  return in_field([] { return "model"; },
                  [&] {
                    const fb::Model& from = verified(image.model.description);
                    const TensorDecoder tensors(image, from);
                    const std::string_view text(reinterpret_cast<const char*>(from.onnx()->data()),
                                                from.onnx()->size());
                    ModelRecord record;
                    record.model = onnx::read_model(text, [&](ElementType type, const Shape& shape,
                                                              const std::string& location) {
                      return tensors.tensor(type, shape, location);
                    });
                    record.options = decode_options(*from.options());
                    return record;
                  });
}

}  // namespace cermet
