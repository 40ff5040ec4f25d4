// Every kernel of the oneDNN module against the reference, over shapes, layouts and epilogues.
#include <gtest/gtest.h>

#include "backends/cpu/run/kernel_library.h"
#include "base/error.h"
#include "tests/backends/epilogues.h"
#include "tests/backends/step_case.h"

namespace cermet::test {
namespace {

class OneDnn : public testing::Test {
 protected:
  void SetUp() override {
    if (!cpu::onednn_missing().empty()) GTEST_SKIP() << cpu::onednn_missing();
  }
};

using Ints = std::vector<int64_t>;

Attributes attributes(std::initializer_list<std::pair<std::string, Attribute>> entries) {
  Attributes result;
  for (const auto& [name, value] : entries) result.set(name, value);
  return result;
}

void expect_close(const StepCase& c, std::string_view tactic, const std::string& what) {
  std::string description;
  try {
    const double error = worst_error(c, tactic, &description);
    EXPECT_LT(error, 5e-5) << what << ": " << description;
    EXPECT_EQ(description.find("ref"), std::string::npos) << what << ": " << description;
  } catch (const Error& error) {
    ADD_FAILURE() << what << ": " << error.what();
  }
}

Shape operand_shape(const std::string& word, const Shape& result, bool channels_innermost) {
  if (word == "full") return result;
  if (word == "scalar") return {};
  if (channels_innermost) return {result.back()};
  Shape shape(result.size() - 1, 1);
  shape[0] = result[1];
  return shape;
}

// The case with an epilogue whose full operands lie as the result does.
StepCase with_epilogue(StepCase c, const Epilogue& epilogue, const Shape& result,
                       bool channels_innermost) {
  c.epilogue = epilogue.expression;
  c.epilogue_first = c.inputs.size();
  for (const std::string& word : epilogue.operands)
    c.inputs.push_back({operand_shape(word, result, channels_innermost), word == "channel",
                        word == "full" ? c.output_layout : Layout{}});
  return c;
}

StepCase convolution(const Shape& x, const Shape& w, Attributes attributes, bool channels_last,
                     bool bias = false) {
  StepCase c;
  c.kind = ProblemKind::convolution;
  c.op = "Conv";
  c.attributes = std::move(attributes);
  const Layout layout =
      channels_last ? Layout::channels_last(static_cast<int>(x.size())) : Layout{};
  c.inputs = {{x, false, layout}, {w, true, {}}};
  if (bias) c.inputs.push_back({{w[0]}, true, {}});
  c.output_layout = layout;
  return c;
}

struct ConvolutionRow {
  Shape x, w;
  Attributes attributes;
};

const std::vector<ConvolutionRow>& convolution_rows() {
  static const std::vector<ConvolutionRow> rows{
      {{1, 3, 17, 19}, {8, 3, 3, 3}, attributes({{"pads", Ints{1, 1, 1, 1}}})},
      {{1, 3, 32, 32},
       {64, 3, 7, 7},
       attributes({{"pads", Ints{3, 3, 3, 3}}, {"strides", Ints{2, 2}}})},
      {{2, 16, 14, 14}, {24, 16, 1, 1}, {}},
      {{2, 16, 15, 13}, {32, 16, 1, 1}, attributes({{"strides", Ints{2, 2}}})},
      {{1, 5, 9, 9},
       {7, 5, 3, 3},
       attributes({{"dilations", Ints{2, 2}}, {"pads", Ints{2, 1, 0, 2}}})},
      {{2, 24, 12, 12},
       {24, 1, 3, 3},
       attributes({{"group", int64_t{24}}, {"pads", Ints{1, 1, 1, 1}}})},
      {{1, 30, 12, 11},
       {30, 1, 5, 5},
       attributes({{"group", int64_t{30}},
                   {"strides", Ints{2, 2}},
                   {"auto_pad", std::string("SAME_UPPER")}})},
      {{1, 32, 8, 8},
       {32, 8, 3, 3},
       attributes({{"group", int64_t{4}}, {"auto_pad", std::string("SAME_LOWER")}})},
      {{1, 1, 28, 28}, {8, 1, 5, 5}, attributes({{"auto_pad", std::string("SAME_UPPER")}})},
      {{1, 12, 1, 1}, {20, 12, 1, 1}, {}},
      {{3, 10, 40}, {16, 10, 5}, attributes({{"pads", Ints{2, 2}}, {"strides", Ints{2}}})},
      {{1, 64, 30}, {32, 64, 1}, {}},
      {{2, 3, 64, 1}, {16, 3, 3, 3}, attributes({{"pads", Ints{1, 1, 1, 1}}})},
      {{1, 8, 31, 1},
       {8, 1, 3, 5},
       attributes({{"group", int64_t{8}}, {"pads", Ints{0, 2, 1, 2}}})},
      {{1, 6, 20, 1},
       {8, 3, 3, 3},
       attributes({{"group", int64_t{2}}, {"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}})},
      {{1, 24, 40, 1}, {32, 24, 5, 1}, attributes({{"pads", Ints{1, 0, 2, 0}}})},
      {{2, 6, 33, 1},
       {8, 3, 3, 1},
       attributes({{"group", int64_t{2}}, {"strides", Ints{2, 1}}, {"dilations", Ints{3, 1}}})},
      {{1, 4, 6, 7, 8}, {9, 4, 3, 3, 3}, attributes({{"pads", Ints{1, 1, 1, 1, 1, 1}}})},
  };
  return rows;
}

TEST_F(OneDnn, Convolution) {
  for (const ConvolutionRow& row : convolution_rows())
    for (bool channels_last : {true, false})
      for (bool bias : {true, false})
        expect_close(convolution(row.x, row.w, row.attributes, channels_last, bias),
                     "onednn.convolution",
                     to_string(row.x) + to_string(row.w) + (channels_last ? " channels-last" : ""));
}

TEST_F(OneDnn, ConvolutionOfAColumnWithAnEpilogue) {
  for (const Epilogue& epilogue : epilogues())
    for (bool channels_last : {true, false})
      expect_close(
          with_epilogue(convolution({2, 20, 30, 1}, {20, 20, 3, 1},
                                    attributes({{"pads", Ints{1, 0, 1, 0}}}), channels_last),
                        epilogue, {2, 20, 30, 1}, false),
          "onednn.convolution", epilogue.name);
}

TEST_F(OneDnn, PackedConvolution) {
  for (const ConvolutionRow& row : convolution_rows())
    for (bool channels_last : {true, false}) {
      StepCase c = convolution(row.x, row.w, row.attributes, channels_last, true);
      c.packed = true;
      expect_close(c, "onednn.convolution", "packed " + to_string(row.x) + to_string(row.w));
    }
}

TEST_F(OneDnn, WeightsPackedForAnotherMachineArePackedAgain) {
  StepCase c = convolution({1, 8, 9, 9}, {16, 8, 3, 3}, {}, true);
  c.form = "16x8x3x3 padded 16x8x3x3 strides 1x16x384x128";
  c.form_layout = {{2, 3, 1, 0}, -1, 1};
  expect_close(c, "onednn.convolution", c.form);
}

TEST_F(OneDnn, DamagedFormsAreErrors) {
  StepCase c = convolution({1, 8, 9, 9}, {16, 8, 3, 3}, {}, true);
  for (const std::string form :
       {"16x8x3x3", "16x8x3x3 padded 16x8x3 strides 1x1x1x1", "x padded strides",
        "16x8x3x3 padded 16x8x3x3 strides 1x16x384x128 blocks 0@1",
        "16x8x3x3 padded 16x8x3x3 strides 1x16x384x128 blocks 16@9",
        "16x8x3x3 padded 16x8x3x3 strides 72x9x9223372036854775807x1",
        // Offsets whose sum exceeds 128 bits.
        ("16x8x3x3 padded 9223372036854775807x9223372036854775807x9223372036854775807x3 strides "
         "9223372036854775807x9223372036854775807x9223372036854775807x1"),
        "32x8x3x3 padded 32x8x3x3 strides 72x9x3x1", "4x8x3x3 padded 4x8x3x3 strides 72x9x3x1"}) {
    c.form = form;
    EXPECT_THROW(worst_error(c, "onednn.convolution"), Error) << form;
  }
}

TEST_F(OneDnn, ConvolutionWithComputedWeights) {
  for (size_t row : {0, 2, 5, 10}) {
    const ConvolutionRow& from = convolution_rows()[row];
    StepCase c = convolution(from.x, from.w, from.attributes, true);
    c.inputs[1].constant = false;
    expect_close(c, "onednn.convolution", to_string(from.x));
  }
}

// Same sizes as the input: the shapes of operands are at hand.
StepCase square_convolution(bool depthwise, bool channels_last, bool bias) {
  return convolution(
      {2, 20, 9, 7}, {20, depthwise ? 1 : 20, 3, 3},
      attributes({{"pads", Ints{1, 1, 1, 1}}, {"group", int64_t{depthwise ? 20 : 1}}}),
      channels_last, bias);
}

TEST_F(OneDnn, ConvolutionEpilogues) {
  for (const Epilogue& epilogue : epilogues())
    for (bool depthwise : {false, true})
      for (bool channels_last : {true, false})
        for (bool bias : {true, false})
          expect_close(with_epilogue(square_convolution(depthwise, channels_last, bias), epilogue,
                                     {2, 20, 9, 7}, false),
                       "onednn.convolution",
                       epilogue.name + (depthwise ? " depthwise" : "") +
                           (channels_last ? " channels-last" : ""));
}

TEST_F(OneDnn, AdditionsWriteOverTheirOperand) {
  for (const Epilogue& epilogue : epilogues()) {
    if (epilogue.name.find("residual") == std::string::npos) continue;
    for (bool depthwise : {false, true}) {
      StepCase c =
          with_epilogue(square_convolution(depthwise, true, true), epilogue, {2, 20, 9, 7}, false);
      c.in_place = true;
      expect_close(c, "onednn.convolution", epilogue.name);
    }
  }
}

TEST_F(OneDnn, ReadsOperandsOfOtherLayouts) {
  StepCase c =
      with_epilogue(square_convolution(false, true, true), epilogues()[18], {2, 20, 9, 7}, false);
  c.inputs.back().layout = {};
  expect_close(c, "onednn.convolution", "row-major residual");
  c.inputs[0].layout = {};
  expect_close(c, "onednn.convolution", "row-major input");
  c.output_layout = {};
  c.inputs[0].layout = Layout::channels_last(4);
  expect_close(c, "onednn.convolution", "row-major result");
}

TEST_F(OneDnn, Deconvolution) {
  const std::vector<ConvolutionRow> rows{
      {{1, 8, 7, 9}, {8, 6, 3, 3}, attributes({{"strides", Ints{2, 2}}})},
      {{2, 16, 8, 8}, {16, 16, 2, 2}, attributes({{"strides", Ints{2, 2}}})},
      {{1, 8, 7, 9},
       {8, 4, 3, 3},
       attributes(
           {{"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}, {"output_padding", Ints{1, 1}}})},
      {{1, 8, 7, 9},
       {8, 4, 4, 4},
       attributes({{"strides", Ints{2, 2}}, {"auto_pad", std::string("SAME_UPPER")}})},
      {{1, 4, 5, 5}, {4, 4, 3, 3}, attributes({{"dilations", Ints{2, 2}}})},
      {{1, 12, 6, 6}, {12, 2, 3, 3}, attributes({{"group", int64_t{3}}})},
      {{2, 6, 11}, {6, 5, 4}, attributes({{"strides", Ints{3}}})},
  };
  for (const ConvolutionRow& row : rows)
    for (bool channels_last : {true, false}) {
      StepCase c = convolution(row.x, row.w, row.attributes, channels_last);
      c.op = "ConvTranspose";
      expect_close(c, "onednn.deconvolution", to_string(row.x) + to_string(row.w));
      c.inputs.push_back({{row.w[1] * c.attributes.integer("group", 1)}, true, {}});
      c.epilogue = epilogues()[0].expression;
      c.epilogue_first = 3;
      expect_close(c, "onednn.deconvolution", to_string(row.x) + to_string(row.w) + " bias, relu");
    }
}

StepCase matmul(const Shape& a, const Shape& b, bool constant) {
  StepCase c;
  c.kind = ProblemKind::matmul;
  c.op = "MatMul";
  c.inputs = {{a, false, {}}, {b, constant, {}}};
  return c;
}

TEST_F(OneDnn, MatMul) {
  const std::vector<std::pair<Shape, Shape>> rows{{{5, 7}, {7, 11}},
                                                  {{1, 64}, {64, 10}},
                                                  {{2, 33, 48}, {48, 40}},
                                                  {{2, 3, 4, 16}, {16, 24}},
                                                  {{6, 17, 32}, {6, 32, 19}},
                                                  {{2, 3, 17, 32}, {2, 3, 32, 17}},
                                                  {{1, 3, 5, 8}, {4, 1, 8, 6}},
                                                  {{5, 8}, {3, 8, 6}}};
  for (const auto& [a, b] : rows) {
    for (bool constant : {true, false})
      expect_close(matmul(a, b, constant), "onednn.matmul", to_string(a) + to_string(b));
    StepCase packed = matmul(a, b, true);
    packed.packed = true;
    expect_close(packed, "onednn.matmul", "packed " + to_string(a) + to_string(b));
  }
}

TEST_F(OneDnn, MatMulEpilogues) {
  for (const Epilogue& epilogue : epilogues())
    for (bool constant : {true, false}) {
      expect_close(
          with_epilogue(matmul({2, 9, 24}, {24, 40}, constant), epilogue, {2, 9, 40}, true),
          "onednn.matmul", epilogue.name + " rows");
      expect_close(with_epilogue(matmul({2, 3, 9, 24}, {2, 3, 24, 40}, constant), epilogue,
                                 {2, 3, 9, 40}, true),
                   "onednn.matmul", epilogue.name + " batched");
    }
}

TEST_F(OneDnn, MatMulAddsAMask) {
  StepCase c = matmul({2, 3, 9, 24}, {2, 3, 24, 40}, false);
  c.epilogue = epilogues()[18].expression;
  c.epilogue_first = 2;
  for (const Shape& mask : {Shape{2, 1, 1, 40}, Shape{2, 1, 9, 40}}) {
    c.inputs.resize(2);
    c.inputs.push_back({mask, false, {}});
    expect_close(c, "onednn.matmul", to_string(mask));
  }
  c.inputs.back().shape = {9, 40};
  EXPECT_EQ(rejection(c, "onednn.matmul"), "oneDNN has only plain loops for it (ref:any)");
}

TEST_F(OneDnn, MatMulOfTransposedOperands) {
  const Layout last{{0, 1, 3, 2}, -1, 1}, heads{{0, 2, 1, 3}, -1, 1};
  StepCase c = matmul({2, 3, 9, 24}, {2, 3, 24, 40}, false);
  c.inputs[1].layout = last;
  expect_close(c, "onednn.matmul", "right transposed");
  c.inputs[0].layout = heads;
  expect_close(c, "onednn.matmul", "left by heads");
  c.inputs[1].layout = heads;
  c.output_layout = heads;
  expect_close(c, "onednn.matmul", "result by heads");
}

TEST_F(OneDnn, Gemm) {
  for (int64_t left : {0, 1})
    for (int64_t right : {0, 1})
      for (bool bias : {true, false}) {
        StepCase c =
            matmul(left ? Shape{24, 7} : Shape{7, 24}, right ? Shape{40, 24} : Shape{24, 40}, true);
        c.op = "Gemm";
        c.attributes = attributes({{"transA", left}, {"transB", right}});
        if (bias) c.inputs.push_back({{40}, true, {}});
        expect_close(c, "onednn.gemm", c.attributes.to_string());
        expect_close(with_epilogue(c, epilogues()[17], {7, 40}, true), "onednn.gemm", "gelu");
      }
}

StepCase pooling(const std::string& op, const Shape& x, Attributes attributes, bool channels_last) {
  StepCase c;
  c.kind = ProblemKind::pooling;
  c.op = op;
  c.attributes = std::move(attributes);
  c.output_layout = channels_last ? Layout::channels_last(static_cast<int>(x.size())) : Layout{};
  c.inputs = {{x, false, c.output_layout}};
  return c;
}

TEST_F(OneDnn, Pooling) {
  const std::vector<Attributes> rows{
      attributes({{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}}),
      attributes(
          {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}}),
      attributes(
          {{"kernel_shape", Ints{3, 2}}, {"strides", Ints{2, 2}}, {"ceil_mode", int64_t{1}}}),
      attributes({{"kernel_shape", Ints{3, 3}}, {"auto_pad", std::string("SAME_UPPER")}}),
  };
  for (bool channels_last : {true, false}) {
    for (const Attributes& row : rows)
      for (const char* op : {"MaxPool", "AveragePool"})
        expect_close(pooling(op, {2, 20, 14, 15}, row, channels_last), "onednn.pooling",
                     op + row.to_string());
    Attributes padded = rows[1];
    padded.set("count_include_pad", int64_t{1});
    expect_close(pooling("AveragePool", {2, 20, 14, 15}, padded, channels_last), "onednn.pooling",
                 "count_include_pad");
    for (const char* op : {"GlobalMaxPool", "GlobalAveragePool"})
      for (const Shape& x : {Shape{2, 33, 7, 7}, Shape{1, 16, 40}, Shape{1, 16, 3, 4, 5}})
        expect_close(pooling(op, x, {}, channels_last), "onednn.pooling", op + to_string(x));
  }
}

TEST_F(OneDnn, Softmax) {
  for (const char* op : {"Softmax", "LogSoftmax"})
    for (int64_t axis : {-1, 2}) {
      StepCase c;
      c.kind = ProblemKind::softmax;
      c.op = op;
      c.attributes = attributes({{"axis", axis}});
      c.inputs = {{{3, 12, 50}, false, {}}};
      expect_close(c, "onednn.softmax", op + std::to_string(axis));
      c.in_place = true;
      expect_close(c, "onednn.softmax", op + std::to_string(axis) + " in place");
    }
}

TEST_F(OneDnn, LayerNormalization) {
  for (int64_t axis : {-1, 1})
    for (bool shifted : {true, false}) {
      StepCase c;
      c.kind = ProblemKind::normalization;
      c.op = "LayerNormalization";
      c.attributes = attributes({{"axis", axis}, {"epsilon", 1e-3}});
      const Shape rows = axis == -1 ? Shape{48} : Shape{10, 48};
      c.inputs = {{{3, 10, 48}, false, {}}, {rows, true, {}}};
      if (shifted) c.inputs.push_back({rows, true, {}});
      expect_close(c, "onednn.layer_normalization", std::to_string(axis));
      c.in_place = true;
      expect_close(c, "onednn.layer_normalization", std::to_string(axis) + " in place");
    }
}

TEST_F(OneDnn, Reorder) {
  StepCase c;
  c.kind = ProblemKind::reorder;
  c.op = "Reorder";
  for (const Shape& shape : {Shape{2, 3, 14, 15}, Shape{1, 64, 7, 7}, Shape{2, 5, 9}}) {
    const Layout last = Layout::channels_last(static_cast<int>(shape.size()));
    c.inputs = {{shape, false, {}}};
    c.output_layout = last;
    expect_close(c, "onednn.reorder", to_string(shape) + " to channels-last");
    c.inputs = {{shape, false, last}};
    c.output_layout = {};
    expect_close(c, "onednn.reorder", to_string(shape) + " to row-major");
  }
}

TEST_F(OneDnn, Transpose) {
  for (const Ints& perm : {Ints{0, 2, 1, 3}, Ints{0, 2, 3, 1}, Ints{3, 2, 1, 0}}) {
    StepCase c;
    c.kind = ProblemKind::movement;
    c.op = "Transpose";
    c.attributes = attributes({{"perm", perm}});
    c.inputs = {{{2, 12, 5, 16}, false, {}}};
    expect_close(c, "onednn.transpose", c.attributes.to_string());
  }
}

TEST_F(OneDnn, RejectsWithReasons) {
  StepCase gemm = matmul({7, 24}, {24, 40}, true);
  gemm.op = "Gemm";
  gemm.attributes = attributes({{"alpha", 0.5}});
  EXPECT_EQ(rejection(gemm, "onednn.gemm"), "alpha is not 1");
  EXPECT_EQ(rejection(gemm, "onednn.matmul"), "computes MatMul only");
  StepCase sine = matmul({7, 24}, {24, 40}, true);
  const int x = sine.epilogue.input(0, ElementType::float32);
  sine.epilogue.add_result(sine.epilogue.apply(ScalarOp::sin, ElementType::float32, {x}));
  sine.epilogue_first = 2;
  EXPECT_EQ(rejection(sine, "onednn.matmul"),
            "epilogue: %1 (sin) is neither a known function of one value nor a combination with "
            "one operand");
}

}  // namespace
}  // namespace cermet::test
