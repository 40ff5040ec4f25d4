// Which launches wait for which, by the memory that they touch, and which streams they get.
#include "runtime/launch_order.h"

#include <gtest/gtest.h>

#include <random>

namespace cermet {
namespace {

using Launches = std::vector<LaunchMemory>;

MemoryPiece bytes(uintptr_t begin, uintptr_t end) { return {begin, end, 0, 0}; }

// Channels `first` to `last` of rows of 16 bytes, 4 of them, from 1000 on.
MemoryPiece channels(uintptr_t first, uintptr_t last) {
  return {1000 + first, 1000 + 3 * 16 + last, last - first, 16};
}

// "0:1 0:2 1,2:3": launches that read and write numbered places of 10 bytes.
Launches launches(std::initializer_list<std::pair<std::vector<int>, std::vector<int>>> list) {
  Launches result;
  for (const auto& [reads, writes] : list) {
    LaunchMemory& memory = result.emplace_back();
    for (const int place : reads) memory.reads.push_back(bytes(10 * place, 10 * place + 10));
    for (const int place : writes) memory.writes.push_back(bytes(10 * place, 10 * place + 10));
  }
  return result;
}

std::vector<size_t> streams_of(const StreamedLaunches& launches) {
  std::vector<size_t> result;
  for (const StreamedLaunch& launch : launches.launches) result.push_back(launch.stream);
  return result;
}

using Indices = std::vector<size_t>;

TEST(MemoryPieces, OverlapWhereTheyShareAByte) {
  EXPECT_TRUE(overlap(bytes(0, 10), bytes(9, 20)));
  EXPECT_TRUE(overlap(bytes(5, 6), bytes(0, 10)));
  EXPECT_FALSE(overlap(bytes(0, 10), bytes(10, 20)));
  EXPECT_FALSE(overlap(bytes(5, 5), bytes(5, 5)));
}

TEST(MemoryPieces, OfOnePitchOverlapWhereTheirRowsDo) {
  EXPECT_FALSE(overlap(channels(0, 8), channels(8, 16)));
  EXPECT_FALSE(overlap(channels(8, 16), channels(0, 8)));
  EXPECT_FALSE(overlap(channels(4, 8), channels(12, 16)));
  EXPECT_TRUE(overlap(channels(0, 8), channels(7, 16)));
  EXPECT_TRUE(overlap(channels(7, 16), channels(0, 8)));
  // From another row on, and one that goes on at the next row's begin.
  EXPECT_FALSE(overlap(channels(0, 8), {1016 + 8, 1064, 8, 16}));
  EXPECT_TRUE(overlap(channels(0, 8), {1008, 1070, 12, 16}));
}

TEST(MemoryPieces, OfDifferentPitchesOverlapWhereTheyMay) {
  EXPECT_TRUE(overlap(channels(0, 8), bytes(1008, 1010)));
  EXPECT_TRUE(overlap(channels(0, 8), {1008, 1070, 8, 24}));
  EXPECT_FALSE(overlap(channels(0, 8), bytes(1056, 1060)));
}

TEST(MemoryPieces, KnowTheRowsOfALayout) {
  Layout layout = Layout::channels_last(4);
  const std::byte* const data = reinterpret_cast<const std::byte*>(1024);
  MemoryPiece piece = piece_of(data, ElementType::float16, {1, 3, 2, 2}, layout);
  EXPECT_EQ(piece.end - piece.begin, 24u);
  EXPECT_EQ(piece.pitch, 0u);
  layout.row_dims = 1;
  layout.pitch = 8;
  piece = piece_of(data, ElementType::float16, {1, 3, 2, 2}, layout);
  EXPECT_EQ(piece.begin, 1024u);
  EXPECT_EQ(piece.end - piece.begin, 3u * 16 + 6);
  EXPECT_EQ(piece.row, 6u);
  EXPECT_EQ(piece.pitch, 16u);
}

TEST(LaunchOrder, ReadersWaitForWritersAndWritersForBoth) {
  // 1 and 2 read what 0 wrote; 3 writes there; 4 reads that.
  const LaunchOrder order(
      launches({{{}, {0}}, {{0}, {1}}, {{0}, {2}}, {{}, {0}}, {{0, 1, 2}, {3}}}));
  EXPECT_EQ(order.predecessors(0), Indices{});
  EXPECT_EQ(order.predecessors(1), Indices{0});
  EXPECT_EQ(order.predecessors(2), Indices{0});
  EXPECT_EQ(order.predecessors(3), (Indices{2, 1}));
  EXPECT_EQ(order.predecessors(4), Indices{3});
  EXPECT_TRUE(order.waits_for(4, 0));
  EXPECT_FALSE(order.waits_for(2, 1));
}

TEST(LaunchOrder, WritersOfOnePlaceRunInTurn) {
  const LaunchOrder order(launches({{{}, {0}}, {{}, {0}}, {{}, {1}}}));
  EXPECT_EQ(order.predecessors(1), Indices{0});
  EXPECT_EQ(order.predecessors(2), Indices{});
}

TEST(LaunchOrder, PartsOfAConcatenationAreWrittenSideBySide) {
  Launches list(3);
  list[0].writes = {channels(0, 8)};
  list[1].writes = {channels(8, 16)};
  list[2].reads = {bytes(1000, 1064)};
  const LaunchOrder order(list);
  EXPECT_EQ(order.predecessors(1), Indices{});
  EXPECT_EQ(order.predecessors(2), (Indices{1, 0}));
}

TEST(DealOut, AChainStaysInOneStreamAndOverlaps) {
  const StreamedLaunches dealt =
      deal_out(LaunchOrder(launches({{{0}, {1}}, {{1}, {2}}, {{2}, {3}}})), 4);
  EXPECT_EQ(dealt.streams, 1u);
  EXPECT_FALSE(dealt.launches[0].overlaps);
  EXPECT_TRUE(dealt.launches[1].overlaps);
  EXPECT_TRUE(dealt.launches[2].overlaps);
}

// A module of Inception's: towers of one, two and two launches.
TEST(DealOut, TowersGetStreamsOfTheirOwn) {
  const Launches towers = launches(
      {{{}, {0}}, {{0}, {1}}, {{0}, {2}}, {{2}, {3}}, {{0}, {4}}, {{4}, {5}}, {{1, 3, 5}, {6}}});
  const StreamedLaunches dealt = deal_out(LaunchOrder(towers), 4);
  EXPECT_EQ(streams_of(dealt), (Indices{0, 0, 1, 1, 2, 2, 2}));
  EXPECT_EQ(dealt.streams, 3u);
  EXPECT_EQ(dealt.launches[2].waits, Indices{0});
  EXPECT_EQ(dealt.launches[6].waits, (Indices{3, 1}));
  const std::vector<bool> signals = {true, true, false, true, false, false, false};
  const std::vector<bool> overlaps = {false, false, false, true, false, true, false};
  for (size_t i = 0; i < signals.size(); ++i) {
    EXPECT_EQ(dealt.launches[i].signals, signals[i]) << i;
    EXPECT_EQ(dealt.launches[i].overlaps, overlaps[i]) << i;
  }
}

TEST(DealOut, TakesNoMoreStreamsThanItMay) {
  Launches list;
  for (int i = 0; i < 6; ++i) list.push_back(launches({{{}, {i}}})[0]);
  EXPECT_EQ(streams_of(deal_out(LaunchOrder(list), 2)), (Indices{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(deal_out(LaunchOrder(list), 0).streams, 1u);
}

TEST(DealOut, AStreamWhoseWorkIsDoneIsTakenAgain) {
  // Twice two branches: the second pair needs no third stream.
  const Launches list = launches(
      {{{}, {0}}, {{0}, {1}}, {{0}, {2}}, {{1, 2}, {3}}, {{3}, {4}}, {{3}, {5}}, {{4, 5}, {6}}});
  EXPECT_EQ(deal_out(LaunchOrder(list), 4).streams, 2u);
}

// What streams and events order: all that the memory asks for, and for launches that overlap what
// they wait for is the one in front alone.
TEST(DealOut, KeepsTheOrderOfRandomLaunches) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Launches list;
    for (int i = 0; i < 30; ++i)
      list.push_back(
          launches({{{int(random() % 12), int(random() % 12)}, {int(random() % 12)}}})[0]);
    const LaunchOrder order(list);
    const StreamedLaunches dealt = deal_out(order, random() % 5);
    std::vector<std::vector<bool>> reached(list.size(), std::vector<bool>(list.size()));
    std::vector<int> last(dealt.streams, -1);
    for (size_t i = 0; i < list.size(); ++i) {
      const StreamedLaunch& launch = dealt.launches[i];
      Indices waits = launch.waits;
      if (last[launch.stream] >= 0) waits.push_back(last[launch.stream]);
      for (const size_t before : waits) {
        ASSERT_TRUE(before == size_t(last[launch.stream]) || dealt.launches[before].signals);
        reached[i][before] = true;
        for (size_t k = 0; k < before; ++k) reached[i][k] = reached[i][k] || reached[before][k];
      }
      for (size_t k = 0; k < i; ++k) {
        ASSERT_TRUE(reached[i][k] || !order.waits_for(i, k)) << i << " has to wait for " << k;
      }
      if (launch.overlaps) {
        ASSERT_EQ(order.predecessors(i), Indices{size_t(last[launch.stream])});
      }
      last[launch.stream] = static_cast<int>(i);
    }
  }
}

}  // namespace
}  // namespace cermet
