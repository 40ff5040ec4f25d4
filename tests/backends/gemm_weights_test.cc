// Constant right sides of products as an engine holds them.
#include "backends/cpu/run/gemm_weights.h"

#include <gtest/gtest.h>

#include "backends/cpu/run/packed_weights.h"
#include "tests/support/graph_maker.h"

namespace cermet::cpu {
namespace {

// More rows than a block, and columns that fill no panel.
constexpr int64_t depth = gemm_depth + 19, width = 37;

// No two elements are equal.
Tensor counting() {
  std::vector<float> values(depth * width);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
  return testing::reals({depth, width}, values);
}

Tensor packed(const GemmForm& form) {
  const Tensor matrix = counting();
  return pack_matrix({matrix.as<float>(), width, 1}, form,
                     product_functions(InstructionSet::portable).transpose);
}

TEST(GemmWeights, OfAnotherWidthAreTakenApart) {
  for (const int64_t columns : {8, 16, 32}) {
    const GemmForm wanted{columns, depth, width};
    const Tensor expected = packed(wanted);
    for (const int64_t others : {8, 16, 32}) {
      const GemmForm there{others, depth, width};
      const Tensor read = read_packed(packed(there), there.to_string(), wanted);
      ASSERT_EQ(read.elements(), expected.elements());
      for (int64_t i = 0; i < read.elements(); ++i)
        ASSERT_EQ(read.as<float>()[i], expected.as<float>()[i]) << i;
    }
  }
}

TEST(GemmWeights, ColumnsLieInTheirPanels) {
  const Tensor matrix = counting();
  const Tensor panels = packed({16, depth, width});
  const auto at = [&](int64_t k, int64_t j) { return matrix.as<float>()[k * width + j]; };
  EXPECT_EQ(panels.as<float>()[0], at(0, 0));
  EXPECT_EQ(panels.as<float>()[16 + 5], at(1, 5));
  EXPECT_EQ(panels.as<float>()[gemm_depth * 16 + 3], at(0, 19)) << "the second panel";
  EXPECT_EQ(panels.as<float>()[gemm_depth * 32 + 5], 0) << "behind the last column";
  EXPECT_EQ(panels.as<float>()[gemm_depth * 48 + 16], at(gemm_depth + 1, 0)) << "the second block";
}

TEST(GemmWeights, OtherFormsAreRefused) {
  const GemmForm wanted{16, depth, width};
  const Tensor given = packed(wanted);
  for (const char* text : {"", "panels of 16", "panels of 16, 275x37 ", "panels of 0, 275x37",
                           "panels of 65, 275x37", "panels of 16, 275x0", "panels of -1, 275x37"})
    EXPECT_THROW(GemmForm::parse(text), Error) << text;
  EXPECT_THROW(read_packed(given, "panels of 16, 275x36", wanted), Error);
  EXPECT_THROW(read_packed(Tensor(ElementType::float32, {8}), wanted.to_string(), wanted), Error);
}

}  // namespace
}  // namespace cermet::cpu
