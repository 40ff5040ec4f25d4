// What is told of fusions that almost came about: one graph a condition, and graphs of which
// nothing is to be told.
#include "passes/near_fusions.h"

#include <gtest/gtest.h>

#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

using Build = void (*)(GraphMaker&);

std::vector<std::string> told(Build build, PassOptions options = {}) {
  Graph graph;
  GraphMaker m(graph);
  build(m);
  std::vector<NearFusion> near;
  options.near_fusions = &near;
  run_passes(graph, options);
  std::vector<std::string> lines;
  for (const NearFusion& fusion : near)
    lines.push_back(
        fmt::format("{}: {}: {}", fusion.pass, fmt::join(fusion.nodes, " "), fusion.condition));
  return lines;
}

ValueId weights(GraphMaker& m) { return m.constant("w", ramp(ElementType::float32, {2, 3, 1, 1})); }

ValueId convolution(GraphMaker& m) {
  return m.add("Conv", {m.input("x", "float32[N, 3, 4, 4]"), weights(m)});
}

ValueId normalized(GraphMaker& m, ValueId x) {
  const ValueId v = m.constant("v", reals({2}, {1, 2}));
  return m.add("BatchNormalization", {x, v, v, v, v});
}

struct NearCase {
  const char* name;
  Build build;
  std::vector<std::string> expected;
};

void two_readers_of_a_convolution(GraphMaker& m) {
  const ValueId c = convolution(m);
  m.output(m.add("Relu", {c}));
  m.output(m.add("GlobalAveragePool", {c}));
}

void convolution_that_is_an_output(GraphMaker& m) {
  const ValueId c = convolution(m);
  m.output(c);
  m.output(m.add("Relu", {c}));
}

void larger_sum(GraphMaker& m) {
  const ValueId c = m.add("MatMul", {m.input("x", "float32[1, 3]"), m.input("w", "float32[3, 2]")});
  m.output(m.add("Add", {c, m.input("y", "float32[5, 2]")}));
}

void integer_product(GraphMaker& m) {
  const ValueId c = m.add("MatMul", {m.input("x", "int32[4, 3]"), m.input("w", "int32[3, 2]")});
  m.output(m.add("Neg", {c}));
}

void quantisation_by_channel(GraphMaker& m) {
  const ValueId scale = m.constant("s", reals({2}, {1, 2}));
  Tensor zero(ElementType::int8, {2});
  store_all<double>(zero.view(), {0, 0});
  m.output(m.add("QuantizeLinear", {convolution(m), scale, m.constant("z", std::move(zero))},
                 attributes({{"axis", int64_t{1}}})));
}

void pointwise_with_two_readers(GraphMaker& m) {
  const ValueId e = m.add("Tanh", {m.input("x", "float32[2, 3]")});
  m.output(m.add("Neg", {e}));
  m.output(m.add("Softmax", {e}));
}

void pointwise_that_is_an_output(GraphMaker& m) {
  const ValueId e = m.add("Tanh", {m.input("x", "float32[2, 3]")});
  m.output(e);
  m.output(m.add("Neg", {e}));
}

void pointwise_of_other_sizes(GraphMaker& m) {
  const ValueId e = m.add("Tanh", {m.input("x", "float32[3]")});
  m.output(m.add("Mul", {e, m.input("y", "float32[2, 3]")}));
}

void normalisation_of_a_shared_convolution(GraphMaker& m) {
  const ValueId c = convolution(m);
  m.output(normalized(m, c));
  m.output(m.add("GlobalAveragePool", {c}));
}

void normalisation_with_computed_mean(GraphMaker& m) {
  const ValueId v = m.constant("v", reals({2}, {1, 2}));
  m.output(m.add("BatchNormalization",
                 {m.input("x", "float32[N, 2, 4]"), v, v, m.input("mean", "float32[2]"), v}));
}

void reshape_to_open_sizes(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, M, 4]");
  const ValueId once = m.add("Reshape", {x, m.constant("a", ints({0, 0, 2, 2}))});
  m.output(m.add("Reshape", {once, m.constant("b", ints({0, 0, 4, 1}))}));
}

void scaled_half_product(GraphMaker& m) {
  m.output(m.add("Gemm", {m.input("x", "float16[2, 3]"), m.input("w", "float16[3, 4]")},
                 attributes({{"alpha", 0.5}})));
}

void gather_of_uneven_indices(GraphMaker& m) {
  m.output(m.add("Gather", {m.input("x", "float32[4]"), m.constant("i", ints({0, 1, 3}))}));
}

void slices_of_open_sizes(GraphMaker& m) {
  const ValueId one = m.constant("one", ints({1})), end = m.constant("end", ints({100}));
  const ValueId once = m.add("Slice", {m.input("x", "float32[N]"), one, end});
  m.output(m.add("Slice", {once, one, end}));
}

Attributes window() { return attributes({{"kernel_shape", std::vector<int64_t>{2, 2}}}); }

ValueId padded(GraphMaker& m, ValueId x) {
  return m.add("Pad", {x, m.constant("pads", ints({0, 0, 1, 1, 0, 0, 1, 1}))});
}

void padding_of_two_readers(GraphMaker& m) {
  const ValueId x = padded(m, m.input("x", "float32[N, 3, 4, 4]"));
  m.output(m.add("AveragePool", {x}, window()));
  m.output(m.add("Softmax", {x}));
}

void padding_that_may_be_larger(GraphMaker& m) {
  m.output(m.add("MaxPool", {padded(m, m.input("x", "float32[N, 3, 4, 4]"))}, window()));
}

void transpose_for_two_readers(GraphMaker& m) {
  const ValueId x = m.add("Transpose", {m.input("x", "float32[4, 5]")});
  const ValueId y = m.add("Softmax", {x});
  m.output(m.add("CumSum", {y, m.constant("axis", ints({}, {0}))}));
  m.output(m.add("CumSum",
                 {m.add("Transpose", {m.add("Hardmax", {y})}), m.constant("one", ints({}, {1}))}));
  m.output(x);
}

void shift_before_pads(GraphMaker& m) {
  const ValueId mean = m.constant("mean", reals({3, 1, 1}, {1, 2, 3}));
  const ValueId x = m.add("Sub", {m.input("x", "float32[N, 3, 4, 4]"), mean});
  m.output(
      m.add("Conv", {x, weights(m)}, attributes({{"pads", std::vector<int64_t>{1, 1, 1, 1}}})));
}

// s' = tanh(s) + x[at], as often as `trips` says.
void loop_of(GraphMaker& m, ValueId trips, bool may_fail) {
  Graph body;
  body.share_symbols(m.graph());
  GraphMaker b(body);
  b.input("i", "int64[]");
  const ValueId c = b.input("c", "boolean[]"), s = b.input("s", "float32[N]"),
                x = b.input("x", "float32[N]"), at = b.input("at", "int64[]");
  ValueId next = b.add("Softmax", {s});
  if (may_fail) next = b.add("Mul", {next, b.add("Gather", {x, at})});
  b.output(c);
  b.output(next);
  const ValueId start = m.input("s", "float32[N]");
  m.output(m.add_control("Loop", {trips, no_value, start, start, m.input("at", "int64[]")}, {body},
                         1, attributes({{"captured", int64_t{2}}}))[0]);
}

void long_loop(GraphMaker& m) { loop_of(m, m.constant("n", ints({}, {1000})), false); }

void loop_without_a_known_trip(GraphMaker& m) { loop_of(m, m.input("n", "int64[]"), true); }

const std::vector<NearCase>& cases() {
  static const std::vector<NearCase> all{
      {"TwoReadersOfAConvolution",
       two_readers_of_a_convolution,
       {"fuse-epilogue: Conv0 Relu1: the value 'Conv0' between them has 2 readers"}},
      {"ConvolutionThatIsAnOutput",
       convolution_that_is_an_output,
       {"fuse-epilogue: Conv0 Relu1: the value 'Conv0' between them is an output of the graph"}},
      {"LargerSum",
       larger_sum,
       {"fuse-epilogue: MatMul0 Add1: the sizes differ: float32[1, 2] and float32[5, 2]"}},
      {"IntegerProduct",
       integer_product,
       {"fuse-epilogue: MatMul0 Neg1: the product is int32; epilogues work on floating-point "
        "numbers"}},
      {"QuantisationByChannel",
       quantisation_by_channel,
       {"fuse-epilogue: Conv0 QuantizeLinear1: QuantizeLinear has a scale for each slice"}},
      {"PointwiseWithTwoReaders",
       pointwise_with_two_readers,
       {"fuse-pointwise: Tanh0 Neg1: the value 'Tanh0' between them has 2 readers"}},
      {"PointwiseThatIsAnOutput",
       pointwise_that_is_an_output,
       {"fuse-pointwise: Tanh0 Neg1: the value 'Tanh0' between them is an output of the graph"}},
      {"PointwiseOfOtherSizes",
       pointwise_of_other_sizes,
       {"fuse-pointwise: Tanh0 Mul1: the sizes differ: float32[3] and float32[2, 3]"}},
      {"NormalisationOfASharedConvolution",
       normalisation_of_a_shared_convolution,
       {"fold-batch-normalization: Conv0 BatchNormalization1: the convolution's result has several "
        "readers",
        "fuse-epilogue: Conv0 BatchNormalization1: the value 'Conv0' between them has 2 readers"}},
      {"NormalisationWithComputedMean",
       normalisation_with_computed_mean,
       {"fold-batch-normalization: BatchNormalization0: its mean is not constant"}},
      {"PaddingOfTwoReaders",
       padding_of_two_readers,
       {"fold-pads: Pad0 AveragePool1: a Softmax reads its result too"}},
      {"PaddingThatMayBeLarger",
       padding_that_may_be_larger,
       {"fold-pads: Pad0 MaxPool1: the padding of 0 may be larger than the image's elements"}},
      {"ShiftBeforePads",
       shift_before_pads,
       {"fold-scales: Sub0 Conv1: zeros around the image, or between its elements, would have to "
        "be shifted too"}},
      {"TransposeForTwoReaders",
       transpose_for_two_readers,
       {"sink-transposes: Transpose0 Softmax1 Hardmax3: transposes of 40 elements would go, and "
        "others of 40 come"}},
      {"ReshapeToOpenSizes",
       reshape_to_open_sizes,
       {"merge-movements: Reshape0 Reshape1: 2 sizes of the result float32[N, M, 4, 1] are open"}},
      {"LongLoop", long_loop, {"unroll-loops: Loop0: the loop makes 1000 trips, more than 16"}},
      {"LoopWithoutAKnownTrip",
       loop_without_a_known_trip,
       {"unroll-loops: Loop0: its trip count is computed while running",
        "hoist-invariants: Loop0: Gather 'Gather1' gives the same in every iteration, but may fail "
        "where there is none"}},
      {"GatherOfUnevenIndices",
       gather_of_uneven_indices,
       {"slice-gathers: Gather0: its indices are not evenly spaced"}},
      {"SlicesOfOpenSizes",
       slices_of_open_sizes,
       {"merge-slices: Slice0 Slice1: both slice dimension 0, whose size N is not known"}},
      {"ScaledHalfProduct",
       scaled_half_product,
       {"expand-gemm: Gemm0: alpha is 0.5 and beta 1: scaling float16 apart from the product is "
        "not exact"}},
  };
  return all;
}

class NearFusionsOf : public ::testing::TestWithParam<NearCase> {};

TEST_P(NearFusionsOf, AreTold) { EXPECT_EQ(told(GetParam().build), GetParam().expected); }

TEST_P(NearFusionsOf, ChangeNothingWhenAskedFor) {
  Graph asked, plain;
  GraphMaker a(asked), p(plain);
  GetParam().build(a);
  GetParam().build(p);
  std::vector<NearFusion> near;
  PassOptions options;
  options.near_fusions = &near;
  run_passes(asked, options);
  run_passes(plain, {});
  EXPECT_EQ(print(asked), print(plain));
}

TEST_P(NearFusionsOf, AreNotToldBySkippedPasses) {
  PassOptions options;
  for (const std::string& line : GetParam().expected)
    options.skip.push_back(line.substr(0, line.find(':')));
  for (const std::string& line : told(GetParam().build, options))
    EXPECT_EQ(std::count(options.skip.begin(), options.skip.end(), line.substr(0, line.find(':'))),
              0)
        << line;
}

INSTANTIATE_TEST_SUITE_P(Passes, NearFusionsOf, ::testing::ValuesIn(cases()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(NearFusions, AreNotToldOfWhatWasFused) {
  EXPECT_EQ(told([](GraphMaker& m) {
              const ValueId c = normalized(m, convolution(m));
              m.output(m.add("Add", {m.add("Relu", {c}), m.input("y", "float32[N, 2, 4, 4]")}));
            }),
            std::vector<std::string>{});
}

// One reader of the two goes away later: they are equal.
TEST(NearFusions, AreNotToldOfWhatBecomesPossible) {
  EXPECT_EQ(told([](GraphMaker& m) {
              const ValueId c = convolution(m);
              m.output(m.add("Softmax", {m.add("Relu", {c})}));
              m.output(m.add("LogSoftmax", {m.add("Relu", {c})}));
            }),
            std::vector<std::string>{});
}

TEST(NearFusions, AreToldWithinBodies) {
  EXPECT_EQ(
      told([](GraphMaker& m) {
        Graph yes, no;
        yes.share_symbols(m.graph());
        no.share_symbols(m.graph());
        GraphMaker y(yes), n(no);
        const ValueId e = y.add("Tanh", {y.input("x", "float32[2]")});
        y.output(y.add("Add", {y.add("Softmax", {e}), y.add("Softmax", {y.add("Neg", {e})})}));
        n.output(n.add("Softmax", {n.input("x", "float32[2]")}));
        const ValueId c = m.input("c", "boolean[]"), x = m.input("x", "float32[2]");
        m.output(m.add_control("If", {c, x}, {yes, no}, 1)[0]);
      }),
      std::vector<std::string>{
          "fuse-pointwise: Tanh0 Neg2: the value 'Tanh0' between them has 2 readers"});
}

}  // namespace
}  // namespace cermet::testing
