#include <algorithm>
#include <map>

#include "ops/text/strings.ref.h"

namespace cermet {
namespace {

template <class Token>
using Gram = std::vector<Token>;

// The n-grams of the pool with their place in it.
template <class Token>
using Pool = std::map<Gram<Token>, size_t>;

// ngram_counts[n - 1] is where the n-grams begin in the flat list of tokens.
template <class Token>
Pool<Token> make_pool(const EvalContext& context, const std::vector<Token>& tokens) {
  const auto begins = context.attributes().integers("ngram_counts");
  const size_t places = context.attributes().integers("ngram_indexes").size();
  const auto total = static_cast<int64_t>(tokens.size());
  Pool<Token> pool;
  size_t place = 0;
  for (size_t k = 0; k < begins.size(); ++k) {
    const int64_t end = k + 1 < begins.size() ? begins[k + 1] : total;
    const auto length = static_cast<int64_t>(k + 1);
    context.require(
        begins[k] >= 0 && begins[k] <= end && end <= total && (end - begins[k]) % length == 0,
        "ngram_counts: the tokens [{}, {}) of {} are no {}-grams", begins[k], end, total, length);
    for (int64_t at = begins[k]; at < end; at += length, ++place)
      pool.emplace(Gram<Token>(tokens.begin() + at, tokens.begin() + at + length), place);
  }
  context.require(place == places, "ngram_indexes: expected {} entries, one an n-gram, got {}",
                  place, places);
  return pool;
}

struct Lengths {
  int64_t low, high, skips;
};

// found(place) for each n-gram of the pool in a row of tokens. Skips mean nothing to 1-grams.
template <class Token, class F>
void find_grams(const Pool<Token>& pool, std::span<const Token> row, const Lengths& lengths,
                F found) {
  const auto size = static_cast<int64_t>(row.size());
  for (int64_t n = lengths.low; n <= std::min(lengths.high, size); ++n)
    for (int64_t step = 1; step <= (n == 1 ? 1 : std::min(lengths.skips + 1, size)); ++step)
      for (int64_t first = 0; first + (n - 1) * step < size; ++first) {
        Gram<Token> gram;
        for (int64_t k = 0; k < n; ++k) gram.push_back(row[first + k * step]);
        if (const auto place = pool.find(gram); place != pool.end()) found(place->second);
      }
}

Lengths lengths_of(const Attributes& attributes) {
  return {attributes.integer("min_gram_length"), attributes.integer("max_gram_length"),
          attributes.integer("max_skip_count")};
}

template <class Token>
void count_grams(EvalContext& context, const std::vector<Token>& tokens,
                 const std::vector<Token>& pool_tokens) {
  const Attributes& attributes = context.attributes();
  const auto pool = make_pool(context, pool_tokens);
  const auto columns = attributes.integers("ngram_indexes");
  const auto weights = attributes.numbers("weights");
  const std::string mode = attributes.text("mode");
  const TensorView output = context.output(0);
  const int64_t width = output.shape.back();
  const int64_t rows = output.shape.size() == 2 ? output.shape[0] : 1;
  const size_t length = rows == 0 ? 0 : tokens.size() / static_cast<size_t>(rows);
  std::vector<double> result(static_cast<size_t>(rows * width));
  for (int64_t r = 0; r < rows; ++r) {
    const auto row = std::span(tokens).subspan(r * length, length);
    find_grams<Token>(pool, row, lengths_of(attributes), [&](size_t place) {
      const double weight = mode == "TF" || weights.empty() ? 1 : weights[place];
      double& cell = result[r * width + columns[place]];
      cell = mode == "IDF" ? weight : cell + weight;
    });
  }
  store_all(output, result);
}

}  // namespace

void infer_tf_idf(InferContext& context) {
  const Attributes& attributes = context.attributes();
  const std::string mode = attributes.text("mode");
  context.require(mode == "TF" || mode == "IDF" || mode == "TFIDF",
                  "mode: expected TF, IDF or TFIDF, got \"{}\"", mode);
  const Lengths lengths = lengths_of(attributes);
  context.require(lengths.low >= 1 && lengths.high >= lengths.low && lengths.skips >= 0,
                  "expected 1 <= min_gram_length <= max_gram_length and 0 <= max_skip_count, got "
                  "{}, {} and {}",
                  lengths.low, lengths.high, lengths.skips);
  const auto columns = attributes.integers("ngram_indexes");
  const auto weights = attributes.numbers("weights");
  context.require(!columns.empty() && *std::min_element(columns.begin(), columns.end()) >= 0,
                  "ngram_indexes: expected columns from 0 on");
  context.require(weights.empty() || weights.size() == columns.size(),
                  "weights: expected {} as ngram_indexes, got {}", columns.size(), weights.size());
  const bool strings = context.element(0) == ElementType::string;
  context.require(strings || is_integer(context.element(0)),
                  "expected a tensor of integers or strings, got {}", context.input(0).to_string());
  context.require(attributes.has(strings ? "pool_strings" : "pool_int64s"),
                  "the pool of n-grams for {} is missing", context.input(0).to_string());
  if (!context.has_rank(0)) return context.set_output_rank_unknown(0, ElementType::float32);
  context.require(context.rank(0) <= 2, "expected at most 2 dimensions, got {}",
                  context.input(0).to_string());
  Dims dims;
  if (context.rank(0) == 2) dims.push_back(context.dims(0)[0]);
  dims.push_back(Dim(*std::max_element(columns.begin(), columns.end())) + 1);
  context.set_output(0, ElementType::float32, std::move(dims));
}

void evaluate_tf_idf(EvalContext& context) {
  const ConstTensorView& input = context.input(0);
  if (input.type == ElementType::string) {
    const auto* texts = input.as<std::string>();
    return count_grams(context, std::vector<std::string>(texts, texts + input.elements()),
                       context.attributes().texts("pool_strings"));
  }
  count_grams(context, load_all<int64_t>(input), context.attributes().integers("pool_int64s"));
}

}  // namespace cermet
