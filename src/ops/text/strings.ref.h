// StringConcat, RegexFullMatch, StringSplit, StringNormalizer and TfIdfVectorizer.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void require_strings(const InferContext& context, size_t input);

void infer_string_concat(InferContext& context);
void evaluate_string_concat(EvalContext& context);
void infer_regex_full_match(InferContext& context);
void evaluate_regex_full_match(EvalContext& context);
void infer_string_split(InferContext& context);
void evaluate_string_split(EvalContext& context);
void infer_string_normalizer(InferContext& context);
void evaluate_string_normalizer(EvalContext& context);
void infer_tf_idf(InferContext& context);
void evaluate_tf_idf(EvalContext& context);

}  // namespace cermet
