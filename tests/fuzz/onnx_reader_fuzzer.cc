// libFuzzer target: any bytes as an ONNX model become an engine that loads, or are refused.
#include <cstdint>

#include "cermet/engine.h"
#include "tests/support/bad_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::byte> engine;
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  if (cermet::testing::build_bad_model(file, &engine) == cermet::testing::Outcome::accepted)
    cermet::Engine::from_memory(std::span(engine));
  return 0;
}
