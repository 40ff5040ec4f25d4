// Turns: who gets cores, in which order, and that nobody waits for ever.
#include "base/turns.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace cermet {
namespace {

using namespace std::chrono_literals;

TEST(Turns, AreTakenAndGivenBack) {
  Turns turns(4);
  EXPECT_TRUE(turns.take(3, 0ms));
  EXPECT_FALSE(turns.take(2, 1ms));
  EXPECT_TRUE(turns.take(1, 0ms));
  EXPECT_FALSE(turns.are_wanted());
  turns.give_back(3);
  EXPECT_TRUE(turns.take(2, 0ms));
}

TEST(Turns, MoreThanThereAreIsAll) {
  Turns turns(2);
  EXPECT_TRUE(turns.take(16, 0ms));
  EXPECT_FALSE(turns.take(1, 1ms));
  turns.give_back(16);
  EXPECT_TRUE(turns.take(2, 0ms));
}

// One that asks for all is not passed over by others that ask for less.
TEST(Turns, GoInTheOrderInWhichTheyAreWanted) {
  Turns turns(2);
  ASSERT_TRUE(turns.take(1, 0ms));
  std::vector<int> order;
  std::thread large([&] {
    ASSERT_TRUE(turns.take(2, 10s));
    order.push_back(2);
    turns.give_back(2);
  });
  while (!turns.are_wanted()) std::this_thread::yield();
  EXPECT_FALSE(turns.take(1, 1ms)) << "one is free, but wanted";
  std::thread small([&] {
    ASSERT_TRUE(turns.take(1, 10s));
    order.push_back(1);
    turns.give_back(1);
  });
  turns.give_back(1);
  large.join();
  small.join();
  EXPECT_EQ(order, std::vector<int>({2, 1}));
}

// Who gives up no longer stands in the way of those behind.
TEST(Turns, WhoGivesUpIsForgotten) {
  Turns turns(2);
  ASSERT_TRUE(turns.take(1, 0ms));
  std::thread large([&] { EXPECT_FALSE(turns.take(2, 20ms)); });
  while (!turns.are_wanted()) std::this_thread::yield();
  EXPECT_TRUE(turns.take(1, 10s));
  large.join();
  EXPECT_FALSE(turns.are_wanted());
}

TEST(Turn, LastsFromConstructionToDestruction) {
  Turns turns(2);
  {
    const Turn turn(turns, 2);
    EXPECT_FALSE(turns.take(1, 1ms));
    const Turn within(turns, 2);  // would wait for the one around it
    EXPECT_FALSE(within.is_wanted());
  }
  EXPECT_TRUE(turns.take(2, 0ms));
}

TEST(Turn, OfOneThreadIsLeftToTheSystem) {
  Turns turns(1);
  const Turn first(turns, 1);
  EXPECT_TRUE(turns.take(1, 0ms));
}

TEST(Turn, IsPassedToWhoWaits) {
  Turns turns(2);
  Turn turn(turns, 2);
  std::atomic<bool> had_it = false;
  std::thread other([&] {
    const Turn its(turns, 2);
    had_it = true;
  });
  while (!turn.is_wanted()) std::this_thread::yield();
  EXPECT_FALSE(had_it);
  std::this_thread::sleep_for(3ms);
  EXPECT_TRUE(turn.is_over());
  turn.pass();
  EXPECT_TRUE(had_it);
  EXPECT_FALSE(turn.is_over());
  other.join();
}

}  // namespace
}  // namespace cermet
