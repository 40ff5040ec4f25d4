// Where blocks lie whose lifetimes are known, and whose users may run side by side.
#include <gtest/gtest.h>

#include <random>

#include "plan/memory_planner.h"

namespace cermet::testing {
namespace {

TEST(PlaceBlocks, ReusesMemoryOfWhatIsDead) {
  std::vector<Block> blocks{{100, {0, 1}}, {100, {2, 3}}, {100, {1, 2}}};
  EXPECT_EQ(place_blocks(blocks), 256u);
  EXPECT_EQ(blocks[0].offset, blocks[1].offset);
}

TEST(PlaceBlocks, FillsGaps) {
  std::vector<Block> blocks{{64, {0, 9}}, {640, {0, 9}}, {128, {0, 3}}, {64, {4, 9}}, {64, {4, 9}}};
  EXPECT_EQ(place_blocks(blocks), 64u + 640 + 128);
}

TEST(PlaceBlocks, EmptyBlocksTakeNothing) {
  std::vector<Block> blocks{{0, {0, 1}}, {0, {0, 1}}};
  EXPECT_EQ(place_blocks(blocks), 0u);
}

bool collide(const Block& a, const Block& b) {
  if (&a == &b || a.bytes == 0 || b.bytes == 0) return false;
  if (a.life.first > b.life.last || b.life.first > a.life.last) return false;
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

TEST(PlaceBlocks, NeverOverlapsLivingBlocks) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<Block> blocks(1 + random() % 40);
    size_t all = 0, most = 0;
    for (Block& block : blocks) {
      block.bytes = random() % 4 == 0 ? 0 : random() % 1000;
      block.life.first = static_cast<int32_t>(random() % 20);
      block.life.last = block.life.first + static_cast<int32_t>(random() % 6);
      all += (block.bytes + 63) / 64 * 64;
      most = std::max(most, block.bytes);
    }
    const size_t arena = place_blocks(blocks);
    EXPECT_LE(arena, all);
    EXPECT_GE(arena, most);
    for (const Block& a : blocks) {
      ASSERT_EQ(a.offset % arena_alignment, 0u);
      ASSERT_LE(a.offset + a.bytes, arena);
      for (const Block& b : blocks) ASSERT_FALSE(collide(a, b)) << "round " << round;
    }
  }
}

// Steps 0 and 1 after one another, and beside them 2 and 3.
bool two_branches(int32_t earlier, int32_t later) {
  return earlier / 2 == later / 2 || later > 3 || earlier > 3;
}

TEST(PlaceBlocksApart, WhatRunsSideBySideSharesNothing) {
  const std::vector<Block> blocks{{640, {0, 1}, {0, 1}}, {640, {2, 3}, {2, 3}}};
  for (const bool side_by_side : {false, true}) {
    std::vector<Block> placed = blocks;
    const auto in_turn = [&](int32_t a, int32_t b) { return !side_by_side || two_branches(a, b); };
    // Alone they would take one place; together they may not take more than half as much again.
    EXPECT_EQ(place_blocks_apart(placed, in_turn), 640u);
    placed = blocks;
    placed.push_back({640, {4, 4}, {4}});
    placed.push_back({640, {4, 4}, {4}});
    EXPECT_EQ(place_blocks_apart(placed, in_turn), 1280u);
    EXPECT_EQ(placed[0].offset != placed[1].offset, side_by_side);
  }
}

TEST(PlaceBlocksApart, TheArenaGrowsByFewMegabytes) {
  constexpr size_t megabyte = 1 << 20;
  for (const size_t bytes : {3 * megabyte, 5 * megabyte}) {
    std::vector<Block> blocks{
        {4 * bytes, {4, 4}, {4}}, {4 * bytes, {0, 1}, {0, 1}}, {bytes, {2, 3}, {2, 3}}};
    const bool grows = place_blocks_apart(blocks, two_branches) > 4 * bytes;
    EXPECT_EQ(grows, bytes == 3 * megabyte);
    EXPECT_EQ(blocks[2].offset >= 4 * bytes, grows);
  }
}

TEST(PlaceBlocksApart, NeverOverlapsLivingBlocks) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<Block> blocks(1 + random() % 40);
    for (Block& block : blocks) {
      block.bytes = random() % 4 == 0 ? 0 : random() % 1000;
      block.life.first = static_cast<int32_t>(random() % 20);
      block.life.last = block.life.first + static_cast<int32_t>(random() % 6);
      block.users = {block.life.first, block.life.last};
    }
    std::vector<Block> close = blocks;
    const size_t least = place_blocks(close);
    const size_t arena =
        place_blocks_apart(blocks, [](int32_t a, int32_t b) { return a % 3 == b % 3; });
    EXPECT_LE(arena, least + least / 2);
    for (const Block& a : blocks) {
      ASSERT_EQ(a.offset % arena_alignment, 0u);
      ASSERT_LE(a.offset + a.bytes, arena);
      for (const Block& b : blocks) ASSERT_FALSE(collide(a, b)) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace cermet::testing
