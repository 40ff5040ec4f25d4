// Sequences and optionals of tensors.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

// The type of one element that was taken out of what holds elements of type `held`. Sizes that are
// not plain numbers differ from element to element: they become new ones, which the taking step
// defines.
ValueType element_type_of(InferContext& context, ValueType held);

void infer_sequence_construct(InferContext& context);
void infer_sequence_empty(InferContext& context);
void infer_sequence_insert(InferContext& context);
void infer_sequence_erase(InferContext& context);
void infer_sequence_at(InferContext& context);
void infer_sequence_length(InferContext& context);
void infer_split_to_sequence(InferContext& context);
void infer_concat_from_sequence(InferContext& context);

void evaluate_sequence_construct(EvalContext& context);
void evaluate_sequence_empty(EvalContext& context);
void evaluate_sequence_insert(EvalContext& context);
void evaluate_sequence_erase(EvalContext& context);
void evaluate_sequence_at(EvalContext& context);
void evaluate_sequence_length(EvalContext& context);
void evaluate_split_to_sequence(EvalContext& context);
void evaluate_concat_from_sequence(EvalContext& context);

// An absent input makes an empty optional, whose type the attribute "type" gives as text, as
// ValueType prints it ("float32[2, N]", "sequence(int64[?])"; sizes may be left out).
void infer_optional(InferContext& context);
void infer_optional_get_element(InferContext& context);
void infer_optional_has_element(InferContext& context);

void evaluate_optional(EvalContext& context);
void evaluate_optional_get_element(EvalContext& context);
void evaluate_optional_has_element(EvalContext& context);

}  // namespace cermet
