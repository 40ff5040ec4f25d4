// A plugin's inference in the form in which operators infer.
#pragma once

#include "cermet/plugin.h"
#include "ops/infer.ref.h"

namespace cermet {

// Throws invalid_model with the plugin's message when it refuses the inputs or attributes.
void infer_by_plugin(const cermet_plugin_operator& op, InferContext& context);

}  // namespace cermet
