#include <cmath>
#include <limits>

#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct PoolCase {
  Shape x;
  std::vector<int64_t> kernel, strides, pads, dilations;
  bool ceil = false;
  std::string automatic = "NOTSET";
};

KernelCase pool(std::string_view op, Tensor x, Attributes attributes, bool channels_last) {
  const Layout last = Layout::channels_last(static_cast<int>(x.shape().size()));
  KernelCase what =
      kernel_case(ProblemKind::pooling, std::string(op), {std::move(x)}, std::move(attributes));
  if (channels_last) {
    what.layouts = {last};
    what.output_layouts = {last};
  }
  return what;
}

Attributes attributes_of(const PoolCase& c) {
  Attributes attributes;
  attributes.set("kernel_shape", c.kernel);
  attributes.set("strides", c.strides);
  attributes.set("dilations", c.dilations);
  if (c.automatic == "NOTSET") attributes.set("pads", c.pads);
  attributes.set("auto_pad", c.automatic);
  attributes.set("ceil_mode", int64_t{c.ceil});
  return attributes;
}

const std::vector<PoolCase> cases{{{1, 3, 5, 7}, {2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}},
                                  {{2, 64, 9, 8}, {3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}},
                                  {{1, 37, 10, 11}, {3, 2}, {1, 3}, {2, 0, 1, 1}, {1, 1}},
                                  {{1, 8, 13, 12}, {3, 3}, {2, 2}, {1, 2, 2, 1}, {2, 3}},
                                  {{1, 5, 7, 7}, {3, 3}, {2, 2}, {0, 0, 0, 0}, {1, 1}, true},
                                  {{1, 4, 8, 6}, {3, 3}, {3, 2}, {1, 1, 0, 0}, {1, 1}, true},
                                  {{2, 6, 9, 9}, {4, 2}, {2, 2}, {}, {1, 1}, false, "SAME_UPPER"},
                                  {{2, 6, 9, 9}, {4, 2}, {2, 2}, {}, {1, 1}, false, "SAME_LOWER"},
                                  {{3, 21, 40}, {5}, {3}, {2, 2}, {1}},
                                  {{1, 40, 1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}},
                                  {{0, 3, 4, 4}, {2, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}}};

TEST(Pooling, GivesWhatTheReferenceGives) {
  for (const PoolCase& c : cases)
    for (bool channels_last : {false, true}) {
      Attributes attributes = attributes_of(c);
      const auto expect = [&](std::string_view op) {
        expect_same_as_reference(pool(op, random_tensor(float32, c.x), attributes, channels_last),
                                 cpu::make_pooling_kernel, {1e-6, 1e-6});
      };
      expect("MaxPool");
      expect("AveragePool");
      attributes.set("count_include_pad", int64_t{1});
      expect("AveragePool");
    }
}

TEST(Pooling, GlobalOnes) {
  for (const char* op : {"GlobalAveragePool", "GlobalMaxPool"})
    for (const Shape& shape : std::vector<Shape>{{2, 35, 7, 7}, {1, 3, 30, 1}, {2, 16, 19}})
      for (bool channels_last : {false, true})
        expect_same_as_reference(pool(op, random_tensor(float32, shape), {}, channels_last),
                                 cpu::make_pooling_kernel, {1e-5, 1e-6});
}

// The largest of what holds NaN is NaN wherever it stands.
TEST(Pooling, NanIsHandedOn) {
  for (const int64_t place : {0, 13, 63}) {
    Tensor x(float32, {1, 1, 8, 8});
    auto* elements = x.view().as<float>();
    for (int i = 0; i < 64; ++i) elements[i] = -std::numeric_limits<float>::infinity();
    elements[place] = std::numeric_limits<float>::quiet_NaN();
    for (bool channels_last : {false, true})
      expect_same_as_reference(pool("GlobalMaxPool", x, {}, channels_last),
                               cpu::make_pooling_kernel, {0, 0});
  }
}

}  // namespace
}  // namespace cermet
