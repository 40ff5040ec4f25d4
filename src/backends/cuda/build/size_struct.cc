#include "backends/cuda/build/size_struct.h"

#include <limits>

namespace cermet::cuda {

void SizeStruct::add(std::string_view name, const Dim& value) { sizes_.emplace_back(name, value); }

void SizeStruct::add_type(std::string_view name, std::string_view type) {
  types_ += fmt::format("  using {} = {};\n", name, type);
}

void SizeStruct::write(KernelWriter& writer) const {
  std::string members = fmt::format("  using index_t = {};\n", index_type_) + types_;
  std::string settings = "Sizes sizes;\n";
  for (const auto& [name, value] : sizes_) {
    if (!value.is_constant()) {
      members += fmt::format("  int64 {};\n", name);
      settings += fmt::format("sizes.{} = {};\n", name, writer.value(value));
      continue;
    }
    const bool is_short = value.constant() >= std::numeric_limits<int32_t>::min() + int64_t{1} &&
                          value.constant() <= std::numeric_limits<int32_t>::max();
    members += fmt::format("  static constexpr {} {} = {};\n", is_short ? "int" : "int64", name,
                           writer.value(value));
  }
  writer.declare(fmt::format("struct Sizes {{\n{}}};\nusing index_t = Sizes::index_t;\n", members));
  writer.body(settings);
}

}  // namespace cermet::cuda
