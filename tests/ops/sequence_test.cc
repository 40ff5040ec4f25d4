#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

Value pair_of_vectors() { return evaluated("SequenceConstruct", {ints({1, 2}), ints({3})})[0]; }

TEST(Sequence, InsertsErasesAndReads) {
  const Value sequence = pair_of_vectors();
  EXPECT_EQ(result("SequenceLength", {sequence}), "[]: 2");
  EXPECT_EQ(result("SequenceAt", {sequence, ints({}, {-1})}), "[1]: 3");
  EXPECT_THROW(result("SequenceAt", {sequence, ints({}, {2})}), Error);
  const Value longer = evaluated("SequenceInsert", {sequence, ints({9}), ints({}, {0})})[0];
  EXPECT_EQ(result("SequenceAt", {longer, ints({}, {0})}), "[1]: 9");
  EXPECT_THROW(evaluated("SequenceInsert", {sequence, reals({1}, {1})}), Error);
  EXPECT_EQ(evaluated("SequenceErase", {longer})[0].elements.size(), 2u);
  EXPECT_THROW(evaluated("SequenceErase", {Value::sequence({}, ElementType::int64)}), Error);
}

TEST(Sequence, SplitsAndJoins) {
  const Value pieces = evaluated("SplitToSequence", {ints({1, 2, 3, 4, 5}), ints({}, {2})})[0];
  ASSERT_EQ(pieces.elements.size(), 3u);
  EXPECT_EQ(pieces.elements[2].tensor.shape(), Shape{1});
  EXPECT_EQ(result("ConcatFromSequence", {pieces}, with({{"axis", int64_t{0}}})), "[5]: 1 2 3 4 5");
  const Value scalars =
      evaluated("SplitToSequence", {ints({7, 8})}, with({{"keepdims", int64_t{0}}}))[0];
  EXPECT_EQ(result("ConcatFromSequence", {scalars},
                   with({{"axis", int64_t{-1}}, {"new_axis", int64_t{1}}})),
            "[2]: 7 8");
  EXPECT_THROW(evaluated("SplitToSequence", {ints({1, 2}), ints({1, 2})}), Error);
}

TEST(Sequence, InfersWhatElementsHaveInCommon) {
  const auto matrix = floats({sym("N"), 2});
  EXPECT_EQ(inferred("SequenceConstruct", {matrix, matrix}), "sequence(float32[N, 2])");
  EXPECT_EQ(inferred("SequenceConstruct", {matrix, floats({3})}), "sequence(float32[?])");
  EXPECT_EQ(inferred("SplitToSequence", {matrix}, with({{"axis", int64_t{1}}})),
            "sequence(float32[N, 1])");
  EXPECT_EQ(inferred("SplitToSequence", {matrix, known_scalar(2)}), "sequence(float32[?])");
}

TEST(Optional, HoldsOrDoesNot) {
  const Attributes type = with({{"type", std::string("sequence(int64)")}});
  EXPECT_EQ(inferred("Optional", {}, type), "optional(sequence(int64[?]))");
  const Value none = evaluated("Optional", {}, type)[0];
  EXPECT_EQ(result("OptionalHasElement", {none}), "[]: 0");
  EXPECT_EQ(result("OptionalHasElement", {}), "[]: 0");
  EXPECT_THROW(evaluated("OptionalGetElement", {none}), Error);
  const Value some = evaluated("Optional", {ints({4})})[0];
  EXPECT_EQ(result("OptionalHasElement", {some}), "[]: 1");
  EXPECT_EQ(result("OptionalGetElement", {some}), "[1]: 4");
  EXPECT_THROW(inferred("Optional", {}, with({{"type", std::string("matrix")}})), Error);
}

}  // namespace
}  // namespace cermet::testing
