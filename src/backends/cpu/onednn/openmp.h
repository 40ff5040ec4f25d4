// oneDNN's threads are those of a team of ours.
#pragma once

#include "base/thread_team.h"

namespace cermet::cpu::onednn {

// While it lives, what oneDNN runs in this thread runs on `team`, which it keeps to itself. Starts
// the team's threads when there are others than the caller's: throws as ThreadTeam::crew() does.
class TeamScope {
 public:
  explicit TeamScope(ThreadTeam& team);
  ~TeamScope();
  TeamScope(const TeamScope&) = delete;
  TeamScope& operator=(const TeamScope&) = delete;

 private:
  ThreadTeam* before_;
};

// Whether oneDNN finds these threads. It does not in a program that brings an OpenMP of its own;
// oneDNN then has as many of that one's threads as the team has.
bool threads_are_ours();

}  // namespace cermet::cpu::onednn
