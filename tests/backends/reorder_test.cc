#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;

// Between row-major and channels-last, in both directions.
TEST(Reorder, KeepsEveryElement) {
  for (const ElementType type : {ElementType::uint8, ElementType::float32, ElementType::int64})
    for (const Shape& shape : {Shape{2, 2, 5, 7}, Shape{1, 3, 16, 30}, Shape{3, 4, 6, 5},
                               Shape{2, 21, 9, 13}, Shape{1, 64, 8, 8}, Shape{2, 1, 3, 3},
                               Shape{2, 33, 50}, Shape{1, 6, 3, 4, 5}, Shape{1, 5, 0, 4}}) {
      KernelCase what =
          kernel_case(ProblemKind::reorder, "Identity", {random_tensor(type, shape, 0, 100)});
      const Layout last = Layout::channels_last(static_cast<int>(shape.size()));
      what.layouts = {{}};
      what.output_layouts = {last};
      expect_same_as_reference(what, cpu::make_reorder_kernel, {0, 0});
      what.layouts = {last};
      what.output_layouts = {{}};
      expect_same_as_reference(what, cpu::make_reorder_kernel, {0, 0});
    }
}

}  // namespace
}  // namespace cermet
