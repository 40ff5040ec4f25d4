// Teams that together have more threads than there are cores take turns. Side by side each would
// wait for threads whose cores the other has, for as long as the system leaves them there.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>

namespace cermet {

// Cores that are given out in the order in which they are asked for. To take what is free costs two
// atomic operations. It is advice: who waits too long goes ahead without.
class Turns {
 public:
  explicit Turns(int cores);
  // Of the cores that this process may run on.
  static Turns& of_process();

  // Takes `cores`, or all if they are more than there are. False after `patience`: then nothing is
  // taken.
  bool take(int cores, std::chrono::nanoseconds patience);
  void give_back(int cores);
  // Whether somebody waits.
  bool are_wanted() const { return waiting_.load(std::memory_order_relaxed) > 0; }

 private:
  struct Waiter {
    int cores = 0;
    bool served = false;
    std::condition_variable changed = {};
  };

  bool try_take(int cores);
  void serve();

  const int cores_;
  std::atomic<int> free_;
  std::atomic<int> waiting_ = 0;
  std::mutex mutex_;
  std::list<Waiter*> queue_;
};

// The turn of a team, from construction to destruction. A team of one thread leaves it to the
// system who runs when, and so does who is inside a turn or a share of a team already.
class Turn {
 public:
  Turn(Turns& turns, int threads);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Whether others wait and this turn has been long enough.
  bool is_over() const;
  // Whether others wait.
  bool is_wanted() const { return cores_ > 0 && turns_.are_wanted(); }
  // Lets those who wait go first.
  void pass();

 private:
  void begin();
  void end();

  Turns& turns_;
  const int cores_;  // 0: takes no turns
  bool holds_ = false;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace cermet
