#include <array>

#include "ops/families.ref.h"
#include "ops/learning/features.ref.h"
#include "ops/learning/label_encoder.ref.h"
#include "ops/learning/linear.ref.h"
#include "ops/learning/loss.ref.h"
#include "ops/learning/optimizer.ref.h"
#include "ops/learning/tree_ensemble.ref.h"

namespace cermet {
namespace {

constexpr std::string_view ml = "ai.onnx.ml";
constexpr std::string_view training = "ai.onnx.preview.training";

}  // namespace

std::span<const Operator> learning_operators() {
  static constexpr std::array table{
      Operator{"NegativeLogLikelihoodLoss", infer_loss, evaluate_loss},
      Operator{"SoftmaxCrossEntropyLoss", infer_loss, evaluate_loss},
      Operator{"Adagrad", infer_optimizer, evaluate_optimizer, training},
      Operator{"Adam", infer_optimizer, evaluate_optimizer, training},
      Operator{"Momentum", infer_optimizer, evaluate_optimizer, training},
      Operator{"ArrayFeatureExtractor", infer_array_feature_extractor,
               evaluate_array_feature_extractor, ml},
      Operator{"Binarizer", infer_same, evaluate_binarizer, ml},
      Operator{"Scaler", infer_to_float, evaluate_scaler, ml},
      Operator{"Normalizer", infer_to_float, evaluate_normalizer, ml},
      Operator{"Imputer", infer_same, evaluate_imputer, ml},
      Operator{"OneHotEncoder", infer_one_hot_encoder, evaluate_one_hot_encoder, ml},
      Operator{"FeatureVectorizer", infer_feature_vectorizer, evaluate_feature_vectorizer, ml},
      Operator{"LabelEncoder", infer_label_encoder, evaluate_label_encoder, ml},
      Operator{"LinearRegressor", infer_linear_regressor, evaluate_linear_regressor, ml},
      Operator{"LinearClassifier", infer_linear_classifier, evaluate_linear_classifier, ml},
      Operator{"TreeEnsemble", infer_tree_regression, evaluate_tree_ensemble, ml},
      Operator{"TreeEnsembleRegressor", infer_tree_regression, evaluate_tree_regressor, ml},
      Operator{"TreeEnsembleClassifier", infer_tree_classifier, evaluate_tree_classifier, ml},
  };
  return table;
}

}  // namespace cermet
