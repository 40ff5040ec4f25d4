#include "base/error.h"
#include "base/scalar.h"
#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

constexpr auto make = cpu::make_movement_kernel;

Tensor ints(const std::vector<int64_t>& values) {
  return Tensor::from<int64_t>(int64, {static_cast<int64_t>(values.size())}, values);
}

Attributes with(std::initializer_list<std::pair<const char*, Attribute>> list) {
  Attributes attributes;
  for (const auto& [name, value] : list) attributes.set(name, value);
  return attributes;
}

void check(KernelCase what) { expect_same_as_reference(std::move(what), make, {0, 0}); }

KernelCase movement(std::string op, std::vector<std::optional<Tensor>> inputs,
                    Attributes attributes = {}) {
  KernelCase what =
      kernel_case(ProblemKind::movement, std::move(op), std::move(inputs), std::move(attributes));
  what.constant.assign(what.inputs.size(), true);
  what.constant[0] = false;
  return what;
}

std::vector<int64_t> sizes_of(const char* text) {
  std::vector<int64_t> list;
  for (; *text != 0; ++text) list.push_back(*text - '0');
  return list;
}

TEST(Movement, TransposesEveryWidthAndOrder) {
  for (ElementType type : {uint8, float16, float32, int64})
    for (const char* perm : {"0213", "0231", "3210", "0132", "1023", "0123", "0312"})
      for (const Shape& shape :
           {Shape{2, 9, 33, 17}, Shape{1, 8, 16, 40}, Shape{3, 1, 1, 70}, Shape{2, 0, 3, 4}})
        check(movement("Transpose", {random_tensor(type, shape, 0, 100)},
                       with({{"perm", sizes_of(perm)}})));
  check(movement("Transpose", {random_tensor(float32, {100, 300})}));
  check(movement("Transpose", {random_tensor(float32, {})}));
}

TEST(Movement, Joins) {
  for (int64_t axis : {0, 1, -1, 2}) {
    Shape other{3, 5, 70};
    other[axis < 0 ? 2 : axis] = 4;
    KernelCase what = movement("Concat",
                               {random_tensor(float32, {3, 5, 70}), random_tensor(float32, other),
                                random_tensor(float32, {3, 5, 70}, -3, 3, 4)},
                               with({{"axis", axis}}));
    what.constant.assign(3, false);
    check(what);
  }
}

TEST(Movement, JoinsChannelsLast) {
  KernelCase what = movement(
      "Concat", {random_tensor(float32, {2, 5, 6, 7}), random_tensor(float32, {2, 3, 6, 7})},
      with({{"axis", int64_t{1}}}));
  what.constant.assign(2, false);
  what.layouts.assign(2, Layout::channels_last(4));
  what.output_layouts = {Layout::channels_last(4)};
  check(what);
}

TEST(Movement, Splits) {
  KernelCase what = movement("Split", {random_tensor(int32, {4, 9, 5}, 0, 99), ints({2, 3, 4})},
                             with({{"axis", int64_t{1}}}));
  what.output_count = 3;
  check(what);
}

TEST(Movement, Slices) {
  const Tensor x = random_tensor(float32, {6, 20, 9});
  check(movement("Slice", {x, ints({1, 2}), ints({5, 19}), ints({0, 1}), ints({2, 3})}));
  check(movement("Slice", {x, ints({-1, 100}), ints({-100, -100}), ints({-1, 1}), ints({-2, -1})}));
  check(movement("Slice", {x, ints({0, 3}), ints({6, 3})}));
  check(movement("Slice", {x, ints({2}), ints({INT64_MAX}), ints({2})}));
}

TEST(Movement, ExpandsAndTiles) {
  check(movement("Expand", {random_tensor(float32, {5, 1, 3}), ints({2, 5, 70, 3})}));
  check(movement("Expand", {random_tensor(int64, {1}, 0, 9), ints({3, 4})}));
  check(movement("Tile", {random_tensor(float32, {2, 3, 5}), ints({2, 3, 4})}));
  check(movement("Tile", {random_tensor(float32, {2, 3, 5}), ints({2, 0, 4})}));
  check(movement("Tile", {random_tensor(float16, {2, 3}), ints({1, 1})}));
}

TEST(Movement, KeepsBytes) {
  check(movement("Identity", {random_tensor(float32, {300, 500})}));
  check(movement("Reshape", {random_tensor(uint8, {30, 51}, 0, 200), ints({51, 30})}));
  check(movement("Flatten", {random_tensor(float32, {3, 4, 5})}, with({{"axis", int64_t{1}}})));
}

TEST(Movement, MovesBlocks) {
  for (const char* mode : {"DCR", "CRD"})
    check(movement("DepthToSpace", {random_tensor(float32, {2, 18, 4, 5})},
                   with({{"blocksize", int64_t{3}}, {"mode", std::string(mode)}})));
  check(movement("SpaceToDepth", {random_tensor(float32, {2, 5, 8, 12})},
                 with({{"blocksize", int64_t{4}}})));
}

TEST(Movement, Pads) {
  const Tensor x = random_tensor(float32, {3, 5, 7});
  const Tensor value = Tensor::from<float>(float32, {}, {2.5f});
  for (const char* mode : {"constant", "edge", "reflect", "wrap"}) {
    const Attributes attributes = with({{"mode", std::string(mode)}});
    check(movement("Pad", {x, ints({0, 1, 2, 0, 3, 4}), value}, attributes));
    check(movement("Pad", {x, ints({0, -1, 2, 0, 3, -2})}, attributes));
    check(movement("Pad", {x, ints({2, 3}), value, ints({-1})}, attributes));
    check(movement("Pad", {x, ints({0, 0, 0, 0, 0, 0}), value}, attributes));
    // Reflection knows no margin beyond the dimension itself.
    if (attributes.text("mode", "") == "reflect") continue;
    check(movement("Pad", {x, ints({7, 0, 30, 8, 11, 9})}, attributes));
    check(movement("Pad", {x, ints({-2, 0, -6, 5, 0, 3})}, attributes));
  }
}

TEST(Movement, Gathers) {
  for (ElementType type : {float32, int64, uint8, float16})
    for (int64_t axis : {0, 1, -1}) {
      const Tensor indices = random_tensor(int64, {4, 3}, -5, 5);
      check(movement("Gather", {random_tensor(type, {5, 6, 7}, 0, 99), indices},
                     with({{"axis", axis}})));
    }
  check(movement("Gather", {random_tensor(float32, {9, 70}), random_tensor(int32, {}, 0, 9)}));
  check(movement("Gather", {random_tensor(float32, {9, 0}), random_tensor(int32, {2}, 0, 9)}));
}

TEST(Movement, NamesAnIndexOutsideItsRange) {
  KernelCase what = movement("Gather", {random_tensor(float32, {5, 2}), ints({1, 4})});
  run_reference(what);
  what.inputs[1] = ints({1, 5});
  try {
    run_kernel(what, {make, InstructionSet::portable, 2, false, 0});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::runtime);
    EXPECT_EQ(error.message(), "Gather: index 5 is outside a dimension of size 5");
  }
}

}  // namespace
}  // namespace cermet
