#include "engine/reader.h"

#include <cstring>

#include "engine/decode_plan.h"
#include "engine/sections.h"

namespace cermet {
namespace {

EngineImage read(std::span<const std::byte> file, std::shared_ptr<void> owner,
                 ReadOptions options) {
  Sections sections = read_sections(file, options.verify_checksums);
  sections.owner = std::move(owner);
  const auto verify = [check = std::move(sections.verify_weights), owner = sections.owner] {
    if (check) check();
  };
  // In the caller's thread, when it asks, where the system gives no thread.
  constexpr auto at_once = std::launch::async | std::launch::deferred;
  if (options.weights != nullptr)
    *options.weights = std::async(at_once, verify);
  else
    verify();
  if (options.verify_model && sections.verify_model) sections.verify_model();
  EngineImage image = decode_metadata(sections);
  image.model.description = sections.model;
  if (!sections.model_data.empty()) image.model.data = {sections.model_data};
  image.model.owner = sections.owner;
  return image;
}

}  // namespace

EngineImage read_engine(std::shared_ptr<MappedFile> file, ReadOptions options) {
  const std::span<const std::byte> bytes = file->bytes();
  file->advise(Access::soon, 0, end_of_plan(bytes));
  return read(bytes, std::move(file), options);
}

EngineImage read_engine(std::span<const std::byte> bytes, ReadOptions options) {
  const auto copy =
      std::make_shared<Tensor>(ElementType::uint8, Shape{static_cast<int64_t>(bytes.size())});
  TensorView view = copy->view();
  if (!bytes.empty()) std::memcpy(view.data, bytes.data(), bytes.size());
  return read({static_cast<const std::byte*>(view.data), bytes.size()}, copy, options);
}

}  // namespace cermet
