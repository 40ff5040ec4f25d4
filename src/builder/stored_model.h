// The model within an engine, from which it can be built again. Tensors that equal a constant of
// the engine's plans are stored once.
#pragma once

#include "cermet/builder.h"
#include "engine/image.h"
#include "import/onnx/onnx_model.h"

namespace cermet {

// `image` is the engine that was built of the model with these options.
StoredModel store_model(const onnx::OnnxModel& model, const BuildOptions& options,
                        const EngineImage& image);

struct ModelRecord {
  onnx::OnnxModel model;  // its tensors lie in the engine's memory, which they keep alive
  BuildOptions options;   // what was built: nothing of how long was measured, and no plugins
};

// Nothing in the engine is trusted: throws invalid_engine naming the field, and invalid_model.
// Requires a model that is not empty.
ModelRecord stored_model(const EngineImage& image);

}  // namespace cermet
