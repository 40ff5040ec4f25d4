#include "ops/families.ref.h"
#include "ops/text/strings.ref.h"

namespace cermet {
namespace {

constexpr Operator operators[] = {
    {"RegexFullMatch", infer_regex_full_match, evaluate_regex_full_match},
    {"StringConcat", infer_string_concat, evaluate_string_concat},
    {"StringNormalizer", infer_string_normalizer, evaluate_string_normalizer},
    {"StringSplit", infer_string_split, evaluate_string_split},
    {"TfIdfVectorizer", infer_tf_idf, evaluate_tf_idf},
};

}  // namespace

std::span<const Operator> text_operators() { return operators; }

}  // namespace cermet
