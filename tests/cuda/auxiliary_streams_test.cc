// Launches captured in several streams: the emulator runs a graph in any order that its edges
// allow, so that a missing one gives wrong numbers.
#include "runtime/auxiliary_streams.h"

#include <gtest/gtest.h>

#include <array>

#include "backends/cuda/run/memory.h"
#include "base/error.h"
#include "tests/cuda/emulated_card.h"

namespace cermet::testing {
namespace {

// Copies of an element from place to place of the card's memory, as launches.
class EmulatorAuxiliaryStreams : public ::testing::Test {
 protected:
  struct Copy {
    int from, to;
  };
  int64_t* place(int i) { return reinterpret_cast<int64_t*>(memory_.data()) + 2 * i; }

  // What the last place holds after the copies, each waiting for those that `order` names.
  int64_t run(const std::vector<Copy>& copies, const LaunchOrder& order, int seed) {
    const cuda::UsedDevice used(*device_);
    const std::string order_setting = fmt::format("late=1,order={}", seed);
    const test::FakeCudaSettings settings(order_setting.c_str());
    const std::array<int64_t, places> numbers = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int i = 0; i < places; ++i) queue_.copy_in(place(i), &numbers[i], sizeof(int64_t));
    queue_.wait();
    AuxiliaryStreams streams(queue_, 4);
    cuda::Graph graph = streams.capture(deal_out(order, 4), [&](size_t i, bool) {
      queue_.copy(place(copies[i].to), place(copies[i].from), sizeof(int64_t));
    });
    queue_.launch(graph);
    int64_t last = 0;
    queue_.copy_out(&last, place(places - 1), sizeof(last));
    queue_.wait();
    return last;
  }

  // `forgotten`: a copy whose reading is left out.
  LaunchOrder order_of(const std::vector<Copy>& copies, int forgotten = -1) {
    std::vector<LaunchMemory> memory;
    for (const Copy& copy : copies) {
      LaunchMemory& touched = memory.emplace_back();
      if (static_cast<int>(memory.size()) - 1 != forgotten)
        touched.reads.push_back(piece_of(place(copy.from), sizeof(int64_t)));
      touched.writes.push_back(piece_of(place(copy.to), sizeof(int64_t)));
    }
    return LaunchOrder(memory);
  }

  static constexpr int places = 8;
  cuda::DevicePointer device_ = cuda::Device::open(0);
  DeviceQueue queue_{std::make_shared<cuda::MemorySource>(device_)};
  cuda::DeviceMemory memory_{device_, places * 16};
};

// Place 1 is used twice: by the branch of 2, then by that of 3.
TEST_F(EmulatorAuxiliaryStreams, KeepTheOrderThatTheMemoryAsksFor) {
  const std::vector<Copy> copies = {{0, 4}, {4, 1}, {5, 2}, {1, 3}, {2, 1}, {3, 6}, {1, 7}, {6, 7}};
  for (int seed = 1; seed <= 20; ++seed)
    EXPECT_EQ(run(copies, order_of(copies), seed), 0) << "order " << seed;
}

// What the tests here could not see otherwise: without an edge the numbers change.
TEST_F(EmulatorAuxiliaryStreams, AMissingEdgeShows) {
  const std::vector<Copy> copies = {{0, 4}, {4, 1}, {5, 2}, {1, 3}, {2, 1}, {3, 6}, {1, 7}, {6, 7}};
  for (const int forgotten : {1, 3, 5, 7}) {
    int wrong = 0;
    for (int seed = 1; seed <= 20; ++seed)
      wrong += run(copies, order_of(copies, forgotten), seed) != 0 ? 1 : 0;
    EXPECT_GT(wrong, 0) << "without what copy " << forgotten << " reads";
  }
}

TEST_F(EmulatorAuxiliaryStreams, AnErrorAmidACaptureLeavesTheQueueUsable) {
  const std::vector<Copy> copies = {{0, 1}, {0, 2}, {0, 3}};
  const cuda::UsedDevice used(*device_);
  AuxiliaryStreams streams(queue_, 4);
  EXPECT_THROW(streams.capture(deal_out(order_of(copies), 4),
                               [&](size_t i, bool) {
                                 if (i == 2) fail(ErrorCode::runtime, "no");
                               }),
               Error);
  queue_.wait();
  const std::vector<Copy> chain = {{0, 1}, {1, 7}};
  EXPECT_EQ(run(chain, order_of(chain), 1), 0);
}

}  // namespace
}  // namespace cermet::testing
