// libFuzzer target: any bytes as an engine file whose checksums are right, which is loaded and run,
// and as the metadata of one.
#include <cstring>

#include "base/error.h"
#include "builder/stored_model.h"
#include "engine/decode_plan.h"
#include "engine/reader.h"
#include "tests/support/bad_input.h"

namespace {

using Bytes = std::span<const std::byte>;

// So that metadata may grow and shrink: in a file, all that follows would be out of place.
void read_as_metadata(Bytes input) {
  const auto memory = std::make_shared<cermet::Tensor>(cermet::ElementType::uint8,
                                                       cermet::Shape{int64_t(input.size())});
  if (!input.empty()) std::memcpy(memory->view().data, input.data(), input.size());
  const Bytes copy{static_cast<const std::byte*>(memory->data()), input.size()};
  try {
    cermet::decode_metadata({copy, copy, copy, copy, copy, copy, memory, {}, {}});
  } catch (const cermet::Error&) {
  }
}

// So may the model.
void read_as_model(Bytes input) {
  const auto memory = std::make_shared<std::vector<std::byte>>(input.begin(), input.end());
  cermet::EngineImage image;
  image.model = {*memory, {*memory}, memory};
  try {
    if (!input.empty()) cermet::stored_model(image);
  } catch (const cermet::Error& error) {
    if (error.code() == cermet::ErrorCode::internal) throw;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  cermet::testing::run_bad_engine({input.begin(), input.end()});
  read_as_metadata(input);
  read_as_model(input);
  return 0;
}
