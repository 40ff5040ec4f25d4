// What the models of ai.onnx.ml do to a row of scores at the end.
#pragma once

#include <span>
#include <string_view>

namespace cermet {

enum class PostTransform : int { none, softmax, logistic, softmax_zero, probit };

// "NONE", "SOFTMAX" ...; throws invalid_model for another name, or number out of range.
PostTransform post_transform_from_name(std::string_view name);
PostTransform post_transform_from_number(int64_t number);

void transform_scores(PostTransform transform, std::span<double> row);
double logistic(double x);
// The quantile of the standard normal distribution.
double probit(double x);

}  // namespace cermet
