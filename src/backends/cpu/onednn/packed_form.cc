#include "backends/cpu/onednn/packed_form.h"

#include <charconv>

#include "base/error.h"

namespace cermet::cpu::onednn {
namespace {

using Wide = __int128;                  // products of what a file claims don't overflow it
constexpr size_t most_dimensions = 12;  // oneDNN's own limit
constexpr int64_t most_in_a_block = int64_t{1} << 24;

// "64x3x7x7 padded 64x16x7x7 strides 784x... blocks 16@1,16@0"
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), rest_(text) {}

  void word(std::string_view expected) {
    check(rest_.starts_with(expected));
    rest_.remove_prefix(expected.size());
  }
  bool has(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  int64_t number() {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    check(error == std::errc() && value >= 0);
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }
  Shape shape() {
    Shape result{number()};
    while (has('x')) result.push_back(number());
    check(result.size() <= most_dimensions);
    return result;
  }
  void check(bool holds) const {
    require(holds, ErrorCode::invalid_engine,
            "packed weights: the form '{}' can't be read. Build the engine again", text_);
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view text_, rest_;
};

// dims as padded by whole blocks.
bool is_padded(const PackedForm& form) {
  Shape unit(form.dims.size(), 1);
  int64_t block = 1;
  for (const auto& [axis, size] : form.blocks) {
    if (axis >= unit.size() || size < 1 || size > most_in_a_block / block) return false;
    unit[axis] *= size;
    block *= size;
  }
  for (size_t d = 0; d < unit.size(); ++d)
    if (form.dims[d] < 1 || form.padded[d] < form.dims[d] || form.padded[d] % unit[d] != 0)
      return false;
  return true;
}

}  // namespace

std::optional<PackedForm> PackedForm::of(const Descriptor& descriptor) {
  if (descriptor.get_format_kind() != dnnl::memory::format_kind::blocked) return std::nullopt;
  if (descriptor.get_data_type() != dnnl::memory::data_type::f32) return std::nullopt;
  PackedForm form{
      descriptor.get_dims(), descriptor.get_padded_dims(), descriptor.get_strides(), {}};
  const auto sizes = descriptor.get_inner_blks(), axes = descriptor.get_inner_idxs();
  for (size_t i = 0; i < sizes.size(); ++i)
    form.blocks.emplace_back(static_cast<size_t>(axes[i]), sizes[i]);
  // Anything beside the elements would show in the size.
  const bool plain = descriptor.get_submemory_offset() == 0 &&
                     descriptor.get_size() == 4 * static_cast<size_t>(element_count(form.padded));
  if (!plain) return std::nullopt;
  return form;
}

PackedForm PackedForm::parse(std::string_view text) {
  Reader reader(text);
  PackedForm form;
  form.dims = reader.shape();
  reader.word(" padded ");
  form.padded = reader.shape();
  reader.word(" strides ");
  form.strides = reader.shape();
  reader.check(form.padded.size() == form.dims.size() && form.strides.size() == form.dims.size());
  if (!reader.done()) {
    reader.word(" blocks ");
    do {
      const int64_t size = reader.number();
      reader.word("@");
      form.blocks.emplace_back(static_cast<size_t>(reader.number()), size);
    } while (reader.has(',') && form.blocks.size() < most_dimensions);
  }
  reader.check(reader.done() && is_padded(form));
  return form;
}

std::string PackedForm::to_string() const {
  std::string text = fmt::format("{} padded {} strides {}", fmt::join(dims, "x"),
                                 fmt::join(padded, "x"), fmt::join(strides, "x"));
  for (size_t i = 0; i < blocks.size(); ++i)
    text += fmt::format("{}{}@{}", i == 0 ? " blocks " : ",", blocks[i].second, blocks[i].first);
  return text;
}

bool PackedForm::fits(int64_t elements) const {
  Shape unit(dims.size(), 1);
  Wide last = 0, block = 1;
  for (const auto& [axis, size] : blocks) {
    unit[axis] *= size;
    block *= size;
  }
  for (size_t d = 0; d < dims.size(); ++d) {
    last += static_cast<Wide>(padded[d] / unit[d] - 1) * strides[d];
    if (last >= elements) return false;  // before the sum is too wide
  }
  return last + block <= elements;
}

int64_t PackedForm::offset(const Shape& index) const {
  Shape block = index;
  int64_t result = 0, step = 1;
  for (size_t i = blocks.size(); i-- > 0;) {
    const auto& [axis, size] = blocks[i];
    result += block[axis] % size * step;
    block[axis] /= size;
    step *= size;
  }
  for (size_t d = 0; d < block.size(); ++d) result += block[d] * strides[d];
  return result;
}

Tensor unpack(const PackedForm& form, const Tensor& packed, const Descriptor& plain) {
  const Shape steps = plain.get_strides();
  Tensor result(ElementType::float32, {static_cast<int64_t>(plain.get_size() / sizeof(float))});
  const auto* from = static_cast<const float*>(packed.data());
  auto* to = result.view().as<float>();
  Shape index(form.dims.size(), 0);
  for (int64_t count = element_count(form.dims); count > 0; --count) {
    int64_t place = 0;
    for (size_t d = 0; d < index.size(); ++d) place += index[d] * steps[d];
    to[place] = from[form.offset(index)];
    for (size_t d = index.size(); d-- > 0;) {
      if (++index[d] < form.dims[d]) break;
      index[d] = 0;
    }
  }
  return result;
}

}  // namespace cermet::cpu::onednn
