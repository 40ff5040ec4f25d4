// LabelEncoder: a table from keys to values.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_label_encoder(InferContext& context);
void evaluate_label_encoder(EvalContext& context);

}  // namespace cermet
