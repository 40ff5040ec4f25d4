// libFuzzer target: any bytes as an ONNX model are read and imported, or refused with an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cermet/error.h"
#include "import/onnx/importer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cermet;
  try {
    const onnx::OnnxModel model = onnx::read_model({reinterpret_cast<const char*>(data), size}, "");
    onnx::import_model(model);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) throw;  // a bug, whatever the bytes are
  }
  return 0;
}
