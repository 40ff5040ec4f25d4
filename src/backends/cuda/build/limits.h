// What a block of threads may have at most, by architecture.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "plan/device_program.h"
#include "tactics/tactic.h"

namespace cermet::cuda {

// Shared memory of "sm_90", "sm_90a" or "compute_90". PTX is taken for the card of its own number;
// the driver of a newer card that has less refuses what asks for more.
int64_t most_shared_bytes(std::string_view architecture);
// Of all of them.
int64_t most_shared_bytes(std::span<const std::string> architectures);
// Of all architectures that the query's kernel is for.
int64_t most_shared_bytes(const TacticQuery& query);

// Throws internal naming the limit where a launch of the program can't be made on one of the
// architectures. Shared memory whose size only a run knows is the driver's to judge.
void check_limits(const DeviceProgram& program, std::span<const std::string> architectures);

}  // namespace cermet::cuda
