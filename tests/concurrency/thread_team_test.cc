#include "base/thread_team.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/error.h"

namespace cermet {
namespace {

TEST(ThreadTeam, RunsEveryWorkerOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadTeam team(threads);
    std::vector<int> calls(threads, 0);
    team.run([&](int worker, int workers) {
      EXPECT_EQ(workers, threads);
      ++calls[worker];
    });
    EXPECT_EQ(calls, std::vector<int>(threads, 1));
  }
}

TEST(ThreadTeam, CutsRangesAtMultiplesOfTheGrain) {
  for (const int threads : {1, 2, 3, 7})
    for (const int64_t n : {0, 1, 5, 64, 1000})
      for (const int64_t grain : {0, 1, 3, 64, 2000}) {
        ThreadTeam team(threads);
        std::vector<int> seen(n, 0);
        std::atomic<int> calls = 0;
        team.parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          ++calls;
          EXPECT_LT(begin, end);
          EXPECT_EQ(begin % std::max<int64_t>(grain, 1), 0);
          for (int64_t i = begin; i < end; ++i) ++seen[i];
        });
        EXPECT_EQ(seen, std::vector<int>(n, 1));
        EXPECT_LE(calls, threads);
      }
}

TEST(ThreadTeam, OneThreadIsTheCaller) {
  ThreadTeam team(1);
  const auto caller = std::this_thread::get_id();
  team.run([&](int, int) { EXPECT_EQ(std::this_thread::get_id(), caller); });
  team.parallel_for(100, 1,
                    [&](int64_t, int64_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

TEST(ThreadTeam, SmallWorkStaysWithTheCaller) {
  ThreadTeam team(3);
  const auto caller = std::this_thread::get_id();
  team.parallel_for(10, 16, [&](int64_t begin, int64_t end) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(end - begin, 10);
  });
}

TEST(ThreadTeam, WorkInsideAWorkerStaysThere) {
  ThreadTeam team(2);
  std::atomic<int> total = 0;
  team.run([&](int, int) {
    team.parallel_for(10, 1,
                      [&](int64_t begin, int64_t end) { total += static_cast<int>(end - begin); });
  });
  EXPECT_EQ(total, 20);
}

TEST(ThreadTeam, ExceptionsReachTheCaller) {
  for (const int threads : {1, 3}) {
    ThreadTeam team(threads);
    std::atomic<int> finished = 0;
    EXPECT_THROW(team.run([&](int worker, int workers) {
      if (worker == workers - 1) throw std::domain_error("worker");
      ++finished;
    }),
                 std::domain_error);
    EXPECT_EQ(finished, threads - 1);
    EXPECT_THROW(team.run([](int, int) { fail(ErrorCode::runtime, "all of them"); }), Error);
  }
}

TEST(ThreadTeam, SeveralCallersHaveTheirOwn) {
  std::atomic<int64_t> sum = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c)
    callers.emplace_back([&] {
      ThreadTeam team(2);
      for (int i = 0; i < 50; ++i)
        team.parallel_for(100, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(sum, 3 * 50 * 100);
}

// Work of one team within work of another stays with the thread, whatever the other team is doing.
TEST(ThreadTeam, TeamsWithinTeamsAreSerial) {
  ThreadTeam outer(3);
  ThreadTeam inner(2);
  std::atomic<int> calls = 0;
  outer.run([&](int, int) {
    const auto self = std::this_thread::get_id();
    inner.run([&](int worker, int workers) {
      EXPECT_EQ(std::this_thread::get_id(), self);
      EXPECT_EQ(worker, 0);
      EXPECT_EQ(workers, 1);
      ++calls;
    });
  });
  EXPECT_EQ(calls, 3);
}

TEST(ThreadTeam, GoesOnAfterAnException) {
  ThreadTeam team(4);
  for (int i = 0; i < 50; ++i) {
    EXPECT_THROW(team.run([](int, int) { throw std::domain_error("each"); }), std::domain_error);
    std::atomic<int> calls = 0;
    team.run([&](int, int) { ++calls; });
    EXPECT_EQ(calls, 4);
  }
}

// Plain memory: what a region writes, the next one and the caller read.
TEST(ThreadTeam, RegionsSeeWhatEarlierOnesWrote) {
  for (const int spin : {0, 20, 1000}) {
    ThreadTeam team({.threads = 3, .spin = std::chrono::microseconds(spin), .cpus = {}});
    std::vector<int64_t> cells(3, 1);
    for (int region = 0; region < 300; ++region) {
      team.run([&](int worker, int workers) { cells[(worker + region) % workers] += 1; });
      if (region % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    EXPECT_EQ(cells, std::vector<int64_t>(3, 301));
  }
}

// Many more threads than cores: nothing waits for a thread that has no core for long.
TEST(ThreadTeam, ManyTeamsAtOnceFinish) {
  constexpr int teams = 16;
  constexpr int regions = 200;
  std::atomic<int64_t> sum = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < teams; ++c)
    callers.emplace_back([&, size = 2 + c % 5] {
      ThreadTeam team(size);
      for (int i = 0; i < regions; ++i)
        team.parallel_for(1000, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(sum, int64_t{1000} * teams * regions);
}

TEST(ThreadTeam, SharesThatWaitForEachOtherHaveThreadsOfTheirOwn) {
  ThreadTeam team(3);
  struct Meeting {
    std::atomic<int> here = 0;
    WaitableNumber open{0};
  } meeting;
  const auto meet = [](void* data, int, int workers) {
    auto& all = *static_cast<Meeting*>(data);
    if (++all.here == workers) return all.open.store(1);
    all.open.wait_while(0, std::chrono::microseconds(10));
  };
  for (int i = 0; i < 100; ++i) {
    meeting.here = 0;
    meeting.open.store(0);
    team.crew().begin(meet, &meeting);
    meet(&meeting, 0, team.size());
    team.crew().finish();
  }
  EXPECT_EQ(meeting.here, 3);
}

TEST(ThreadTeam, WakesThreadsThatSleep) {
  ThreadTeam team({.threads = 3, .spin = std::chrono::microseconds(0), .cpus = {}});
  constexpr std::chrono::seconds limit(60);
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const auto start = std::chrono::steady_clock::now();
    team.wake(limit);
    EXPECT_LT(std::chrono::steady_clock::now() - start, limit);
  }
}

TEST(ThreadTeam, GoesOnAfterARest) {
  ThreadTeam team(3);
  team.rest();  // no threads yet
  for (int i = 0; i < 200; ++i) {
    std::vector<int> calls(3, 0);
    team.run([&](int worker, int) { ++calls[worker]; });
    EXPECT_EQ(calls, std::vector<int>(3, 1));
    if (i % 3 != 0) team.rest();
    if (i % 6 == 5) team.rest();
  }
}

TEST(ThreadTeam, KeepsWorkersOnTheirCpus) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  ASSERT_EQ(::sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  int last = CPU_SETSIZE - 1;
  while (!CPU_ISSET(last, &allowed)) --last;
  ThreadTeam team({.threads = 3, .cpus = {last}});
  team.crew().begin(
      [](void* cpu, int, int) { EXPECT_EQ(::sched_getcpu(), *static_cast<int*>(cpu)); }, &last);
  team.crew().finish();
  ThreadTeam elsewhere({.threads = 2, .cpus = {-1}});
  EXPECT_THROW(elsewhere.run([](int, int) {}), Error);
}

TEST(ThreadTeam, NeedsAThread) {
  EXPECT_THROW(ThreadTeam(0), Error);
  EXPECT_THROW(ThreadTeam(1 << 20), Error);
  EXPECT_GE(available_threads(), 1);
}

}  // namespace
}  // namespace cermet
