#include "backends/cpu/onednn/packed_weights.h"

#include <ranges>

#include "backends/cpu/onednn/openmp.h"
#include "base/error.h"

namespace cermet::cpu::onednn {
namespace {

Tensor reordered(const void* data, const Descriptor& given, const Descriptor& wanted) {
  Tensor packed(ElementType::float32, {static_cast<int64_t>(wanted.get_size() / sizeof(float))});
  dnnl::memory from(given, cpu_engine(), const_cast<void*>(data));
  dnnl::memory to(wanted, cpu_engine(), packed.view().data);
  dnnl::stream stream(cpu_engine());
  TeamScope::start();
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  return packed;
}

std::optional<PackedForm> read_form(const Tensor& tensor, std::string_view text) {
  if (text.empty()) return std::nullopt;
  PackedForm form = PackedForm::parse(text);
  require(tensor.type() == ElementType::float32 && form.fits(tensor.elements()),
          ErrorCode::invalid_engine,
          "packed weights: the form '{}' needs more than {} elements of type {}. Build the engine "
          "again",
          text, tensor.elements(), name(tensor.type()));
  return form;
}

}  // namespace

PackedWeights::PackedWeights(const KernelContext& context) {
  for (size_t i = 0; i < context.step->inputs.size(); ++i) {
    const Tensor* tensor = context.constant(i);
    constants_.push_back({tensor, tensor ? read_form(*tensor, context.form(i)) : std::nullopt});
  }
}

const void* PackedWeights::get(size_t i, const Descriptor& given, const Descriptor& wanted) {
  const Constant& constant = constants_[i];
  const bool ready =
      constant.form ? PackedForm::of(wanted) == constant.form : same_places(given, wanted);
  if (ready) return constant.tensor->data();
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_)
    if (entry.input == i && entry.descriptor == wanted) return entry.packed.data();
  const Tensor source = plain(constant, given);
  Tensor packed = same_places(given, wanted) ? source : reordered(source.data(), given, wanted);
  entries_.push_back({i, wanted, packed});
  return entries_.back().packed.data();
}

Tensor PackedWeights::plain(const Constant& constant, const Descriptor& given) const {
  if (!constant.form) return *constant.tensor;
  require(constant.form->dims == given.get_dims(), ErrorCode::invalid_engine,
          "packed weights: the step reads {}, the form is of {}. Build the engine again",
          to_string(given.get_dims()), to_string(constant.form->dims));
  return unpack(*constant.form, *constant.tensor, given);
}

std::optional<PackedConstant> PackedWeights::packed(size_t i) const {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : std::ranges::reverse_view(entries_)) {
    if (entry.input != i) continue;
    if (const auto form = PackedForm::of(entry.descriptor))
      return PackedConstant{i, entry.packed, form->to_string()};
  }
  return std::nullopt;
}

}  // namespace cermet::cpu::onednn
