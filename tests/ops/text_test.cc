#include "ops/text/regex.ref.h"
#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

using Texts = std::vector<std::string>;

Tensor strings(Shape shape, const Texts& values) {
  return Tensor::from(ElementType::string, std::move(shape), values);
}

Texts texts(const Value& value) {
  const auto* begin = value.tensor.as<std::string>();
  return {begin, begin + value.tensor.elements()};
}

bool matches(std::string_view pattern, std::string_view text) {
  return Regex(pattern).matches_whole(text);
}

TEST(Regex, MatchesTheWholeText) {
  EXPECT_TRUE(matches("(ab)+", "abab"));
  EXPECT_FALSE(matches("(ab)+", "ababa"));
  EXPECT_TRUE(matches("a{2,3}", "aaa"));
  EXPECT_FALSE(matches("a{2,3}", "aaaa"));
  EXPECT_TRUE(matches("a??b|", ""));
  EXPECT_TRUE(matches("x{,3}", "x{,3}"));
  EXPECT_TRUE(matches(R"((www\.)?[\w.-]+@\w+\.(com|org))", "a.b@c.org"));
  EXPECT_TRUE(matches(R"(\bword\b \w+)", "word word"));
  EXPECT_TRUE(matches(R"(\Qa+b\E+)", "a+bb"));
}

TEST(Regex, ReadsClassesAndFlags) {
  EXPECT_TRUE(matches(R"([]a\-[:digit:]]+)", "]a-7"));
  EXPECT_FALSE(matches("[^]a]", "]"));
  EXPECT_FALSE(matches(".", "\n"));
  EXPECT_TRUE(matches("(?s).", "\n"));
  EXPECT_TRUE(matches("(?i)ab(?-i:C)", "AbC"));
  EXPECT_FALSE(matches("(?i)ab(?-i:C)", "abc"));
  EXPECT_TRUE(matches("(?m)a$\n^b", "a\nb"));
  EXPECT_FALSE(matches("a$\n^b", "a\nb"));
}

TEST(Regex, WorksOnCodePoints) {
  EXPECT_TRUE(matches(".", "é"));
  EXPECT_TRUE(matches(R"(\x{65e5}.)", "日本"));
  EXPECT_TRUE(matches("[é-ü]", "ö"));
  EXPECT_TRUE(matches(".", "\xFF"));  // no UTF-8: a replacement character
}

TEST(Regex, TakesTimeLinearInTheText) {
  EXPECT_FALSE(matches("(a*)*b", std::string(20000, 'a')));
  EXPECT_FALSE(matches("(a|aa)+b", std::string(20000, 'a')));
}

TEST(Regex, RefusesWhatIsNotItsSyntax) {
  for (const char* pattern : {"(a", "a)", "*a", "a**", "a{2}{3}", "[b-a]", "[a", "[[:foo:]]",
                              "(?=a)", "\\1", "\\Z", "a{1001}", "\\", "(?P<n", "\\x{110000}"})
    EXPECT_THROW(Regex{pattern}, Error) << pattern;
  EXPECT_THROW(Regex{R"(\pL)"}, Error);
  EXPECT_THROW(Regex{"(((((a{1000}){1000}){1000}){1000}){1000})"}, Error);
  EXPECT_THROW(Regex{"((((){1000}){1000}){1000})"}, Error);
  EXPECT_THROW(Regex{std::string(5000, '(')}, Error);
}

TEST(RegexFullMatch, JudgesEachElement) {
  EXPECT_EQ(result("RegexFullMatch", {strings({2, 1}, {"a1", "b"})},
                   with({{"pattern", std::string("[a-z][0-9]")}})),
            "[2, 1]: 1 0");
  EXPECT_THROW(inferred("RegexFullMatch", {typed(ElementType::string, Dims{1})},
                        with({{"pattern", std::string("(")}})),
               Error);
}

TEST(StringConcat, Broadcasts) {
  const auto outputs = evaluated("StringConcat", {strings({2}, {"a", "b"}), strings({}, {"-x"})});
  EXPECT_EQ(texts(outputs[0]), (Texts{"a-x", "b-x"}));
}

TEST(StringSplit, PadsToTheLongest) {
  const auto outputs = evaluated("StringSplit", {strings({2}, {"a,b", "c"})},
                                 with({{"delimiter", std::string(",")}}), 2);
  EXPECT_EQ(outputs[0].tensor.shape(), (Shape{2, 2}));
  EXPECT_EQ(texts(outputs[0]), (Texts{"a", "b", "c", ""}));
  EXPECT_EQ(load_all<int64_t>(outputs[1].tensor.view()), (std::vector<int64_t>{2, 1}));
}

TEST(StringSplit, BlanksAreGroupedAndDelimitersAreNot) {
  const auto split = [](const std::string& text, const Attributes& attributes) {
    return texts(evaluated("StringSplit", {strings({1}, {text})}, attributes, 2)[0]);
  };
  EXPECT_EQ(split("  a  b c ", {}), (Texts{"a", "b", "c"}));
  EXPECT_EQ(split("a  b c ", with({{"maxsplit", int64_t{1}}})), (Texts{"a", "b c "}));
  EXPECT_EQ(split("", {}), Texts{});
  EXPECT_EQ(split("a,,b", with({{"delimiter", std::string(",")}})), (Texts{"a", "", "b"}));
  EXPECT_EQ(split("", with({{"delimiter", std::string(",")}})), Texts{""});
}

TEST(StringNormalizer, RemovesStopWordsAndChangesCase) {
  Attributes attributes =
      with({{"stopwords", Texts{"Monday"}}, {"case_change_action", std::string("UPPER")}});
  const Tensor days = strings({3}, {"monday", "tuesday", "été"});
  EXPECT_EQ(texts(evaluated("StringNormalizer", {days}, attributes)[0]), (Texts{"TUESDAY", "ÉTÉ"}));
  attributes.set("is_case_sensitive", int64_t{1});
  EXPECT_EQ(texts(evaluated("StringNormalizer", {days}, attributes)[0]).size(), 3u);
  const auto none =
      evaluated("StringNormalizer", {strings({1, 1}, {"x"})}, with({{"stopwords", Texts{"x"}}}));
  EXPECT_EQ(none[0].tensor.shape(), (Shape{1, 1}));
  EXPECT_EQ(texts(none[0]), Texts{""});
  EXPECT_THROW(evaluated("StringNormalizer", {strings({2, 1}, {"x", "y"})}), Error);
}

Attributes tf_idf(std::string_view mode) {
  return with({{"mode", std::string(mode)},
               {"min_gram_length", int64_t{1}},
               {"max_gram_length", int64_t{2}},
               {"max_skip_count", int64_t{1}},
               {"ngram_counts", std::vector<int64_t>{0, 2}},
               {"ngram_indexes", std::vector<int64_t>{2, 0, 1}},
               {"pool_int64s", std::vector<int64_t>{5, 7, 5, 7}},
               {"weights", std::vector<double>{2, 3, 10}}});
}

TEST(TfIdfVectorizer, CountsWithSkips) {
  // 1-grams 5 (column 2) and 7 (column 0), 2-gram [5, 7] (column 1).
  const Tensor rows = ints({2, 3}, {5, 7, 7, 1, 5, 5});
  EXPECT_EQ(result("TfIdfVectorizer", {rows}, tf_idf("TF")), "[2, 3]: 2 2 1 0 0 2");
  EXPECT_EQ(result("TfIdfVectorizer", {rows}, tf_idf("IDF")), "[2, 3]: 3 10 2 0 0 2");
  EXPECT_EQ(result("TfIdfVectorizer", {rows}, tf_idf("TFIDF")), "[2, 3]: 6 20 2 0 0 4");
}

TEST(TfIdfVectorizer, RefusesPoolsThatDoNotFit) {
  Attributes attributes = tf_idf("TF");
  attributes.set("ngram_counts", std::vector<int64_t>{0, 3});
  EXPECT_THROW(result("TfIdfVectorizer", {ints({1})}, attributes), Error);
  attributes.set("ngram_counts", std::vector<int64_t>{-1, 2});
  EXPECT_THROW(result("TfIdfVectorizer", {ints({1})}, attributes), Error);
  attributes = tf_idf("TF");
  attributes.set("ngram_indexes", std::vector<int64_t>{0, 1, -2});
  EXPECT_THROW(result("TfIdfVectorizer", {ints({1})}, attributes), Error);
}

}  // namespace
}  // namespace cermet::testing
