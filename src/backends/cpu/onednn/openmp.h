// oneDNN's threads are those of a team of ours.
#pragma once

#include "base/thread_team.h"

namespace cermet::cpu::onednn {

// While it lives, oneDNN counts the threads of `team`, and what it runs in this thread after
// start() runs on them. They are the team's for itself while oneDNN runs.
class TeamScope {
 public:
  explicit TeamScope(ThreadTeam& team);
  ~TeamScope();
  // Starts the threads that don't run yet: throws as ThreadTeam::crew() does, which nothing may
  // that oneDNN calls. Does nothing inside a share of any team, where oneDNN's work runs in this
  // thread.
  static void start();
  TeamScope(const TeamScope&) = delete;
  TeamScope& operator=(const TeamScope&) = delete;

 private:
  ThreadTeam* before_;
};

// Whether oneDNN finds these threads. It does not in a program that brings an OpenMP of its own;
// oneDNN then has as many of that one's threads as the team has.
bool threads_are_ours();

}  // namespace cermet::cpu::onednn
