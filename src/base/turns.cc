#include "base/turns.h"

#include <algorithm>
#include <utility>

#include "base/crew.h"
#include "base/thread_team.h"

namespace cermet {
namespace {

// Far more than it costs to hand the cores over, which is to wake threads.
constexpr std::chrono::milliseconds long_turn(2);
// Who holds cores may itself wait for the one that wants them, by way of a plugin.
constexpr std::chrono::milliseconds patience(100);

thread_local bool in_turn = false;

}  // namespace

Turns::Turns(int cores) : cores_(cores), free_(cores) {}

Turns& Turns::of_process() {
  static Turns turns(available_threads());
  return turns;
}

bool Turns::try_take(int cores) {
  int free = free_.load(std::memory_order_seq_cst);
  while (free >= cores)
    if (free_.compare_exchange_weak(free, free - cores, std::memory_order_seq_cst)) return true;
  return false;
}

// Whoever gives back looks whether somebody waits, and whoever waits has said so before it looks
// for what is free: one of them sees the other.
bool Turns::take(int cores, std::chrono::nanoseconds patience) {
  cores = std::min(cores, cores_);
  if (waiting_.load(std::memory_order_seq_cst) == 0 && try_take(cores)) return true;
  std::unique_lock lock(mutex_);
  Waiter waiter{cores};
  const auto place = queue_.insert(queue_.end(), &waiter);
  waiting_.fetch_add(1, std::memory_order_seq_cst);
  serve();
  waiter.changed.wait_for(lock, patience, [&] { return waiter.served; });
  if (waiter.served) return true;
  queue_.erase(place);
  waiting_.fetch_sub(1, std::memory_order_seq_cst);
  serve();  // those behind may want less
  return false;
}

void Turns::give_back(int cores) {
  free_.fetch_add(std::min(cores, cores_), std::memory_order_seq_cst);
  if (waiting_.load(std::memory_order_seq_cst) == 0) return;
  const std::lock_guard lock(mutex_);
  serve();
}

// With the mutex held.
void Turns::serve() {
  while (!queue_.empty() && try_take(queue_.front()->cores)) {
    Waiter& waiter = *queue_.front();
    queue_.pop_front();
    waiting_.fetch_sub(1, std::memory_order_seq_cst);
    waiter.served = true;
    waiter.changed.notify_one();
  }
}

Turn::Turn(Turns& turns, int threads)
    : turns_(turns), cores_(threads > 1 && !in_turn && !Crew::in_share() ? threads : 0) {
  begin();
}

Turn::~Turn() { end(); }

void Turn::begin() {
  if (cores_ == 0) return;
  holds_ = turns_.take(cores_, patience);
  in_turn = true;
  since_ = std::chrono::steady_clock::now();
}

void Turn::end() {
  if (cores_ == 0) return;
  in_turn = false;
  if (std::exchange(holds_, false)) turns_.give_back(cores_);
}

bool Turn::is_over() const {
  return is_wanted() && std::chrono::steady_clock::now() - since_ > long_turn;
}

void Turn::pass() {
  end();
  begin();
}

}  // namespace cermet
