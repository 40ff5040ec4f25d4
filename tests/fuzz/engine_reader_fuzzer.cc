// Engine files without their checksums, as whole files and as the metadata of one.
#include <cstring>

#include "base/error.h"
#include "engine/decode_plan.h"
#include "engine/reader.h"

namespace {

using Bytes = std::span<const std::byte>;

void read_as_file(Bytes input) {
  try {
    cermet::read_engine(input, {.verify_checksums = false});
  } catch (const cermet::Error&) {
  }
}

// So that metadata may grow and shrink: in a file, all that follows would be out of place.
void read_as_metadata(Bytes input) {
  const auto memory = std::make_shared<cermet::Tensor>(cermet::ElementType::uint8,
                                                       cermet::Shape{int64_t(input.size())});
  if (!input.empty()) std::memcpy(memory->view().data, input.data(), input.size());
  const Bytes copy{static_cast<const std::byte*>(memory->data()), input.size()};
  try {
    cermet::decode_metadata({copy, copy, copy, memory});
  } catch (const cermet::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  read_as_file(input);
  read_as_metadata(input);
  return 0;
}
