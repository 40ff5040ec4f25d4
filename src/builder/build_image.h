// One model built for one target.
#pragma once

#include <functional>
#include <string>

#include "cermet/builder.h"
#include "engine/image.h"
#include "import/onnx/onnx_model.h"

namespace cermet {

using ReadModel = std::function<onnx::OnnxModel()>;

struct BuiltImage {
  EngineImage image;
  bool for_gpu = false;
  bool tuned = true;  // false: for a card that is elsewhere, by estimates alone
};

// BuildOptions::device names one device. `name` stands in messages for the model that `read` gives,
// which may be called several times. Throws as build_engine() does; `report` is filled as far as
// the build came.
BuiltImage build_image(const std::string& name, const ReadModel& read, const BuildOptions& options,
                       BuildReport& report);

}  // namespace cermet
