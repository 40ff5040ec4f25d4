// The plan: what runs, in which order, on which memory. It knows operators only as problems.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cermet/tensor.h"
#include "plan/device_program.h"
#include "problem/problem.h"

namespace cermet {

using BufferId = int32_t;
inline constexpr BufferId no_buffer = -1;

// Whose memory and processors: the machine's own, or the GPU's.
enum class Place : uint8_t { host, device };
std::string_view name(Place place);

enum class Storage : uint8_t { constant, input, output, activation, workspace, state };
std::string_view name(Storage storage);

// A place for one value. Its size is known when all symbols of its type are.
struct Buffer {
  std::string name;
  ValueType type;
  Storage storage = Storage::activation;
  Layout layout;
  int32_t constant = -1;  // index into Plan::constants
  // This value lies in that one's memory, `alias_offset` bytes from its start: the same elements
  // under another shape, or a part of them.
  BufferId alias = no_buffer;
  Dim alias_offset = {};
  Place place = Place::host;
};

// Weights as kernels read them.
struct PlanConstant {
  Tensor tensor;
  std::vector<std::string> initializers;  // the model's names of what it was made of
  std::vector<std::string> operations;    // what was done to them, in order
  // How the kernel that reads it packed the elements, in that kernel's own words; empty: row-major.
  std::string form = {};
};

// The kernel that was chosen for a step.
struct Choice {
  std::string tactic;  // "cpu.reference"
  int32_t version = 1;
  std::string configuration;  // the tactic's own text

  bool operator==(const Choice&) const = default;
};

struct Step;

// A list of steps with values that come in and go out: the whole plan, a branch, a loop body.
struct Region {
  std::vector<BufferId> inputs;
  std::vector<BufferId> outputs;
  std::vector<Step> steps;
};

struct Step {
  std::string name;
  Problem problem;
  std::vector<BufferId> inputs;   // no_buffer where an optional operand is absent
  std::vector<BufferId> outputs;  // likewise
  Choice choice;
  std::vector<std::string> origin;  // ONNX nodes
  // branch: then, else (inputs: the step's inputs from 1 on). loop, scan: body, as Node says.
  std::vector<Region> regions;
  // Output `first` may use the memory of input `second`, which nobody reads afterwards.
  std::vector<std::pair<int32_t, int32_t>> in_place;
  Place place = Place::host;
  DeviceProgram program = {};  // place device: what runs
};

// Bounds of one input, by dimension.
struct ProfileInput {
  std::string name;
  Shape min, opt, max;
};
struct Profile {
  std::vector<ProfileInput> inputs;
};

struct Plan {
  std::vector<Buffer> buffers;
  std::vector<PlanConstant> constants;
  Region root;
  std::vector<Profile> profiles;          // empty: a free dimension takes any size
  std::vector<std::string> input_names;   // of root.inputs; the model's names
  std::vector<std::string> output_names;  // of root.outputs
  // The items of a batch that is taken slice by slice: a run goes through the steps once for each,
  // and the results of all come out side by side. The first dimension of every input says how many
  // items a slice has.
  std::optional<Dim> batch;
  std::vector<DeviceModule> modules;  // of the programs of steps

  const Buffer& buffer(BufferId id) const { return buffers[id]; }
  // Whether a step runs on a device.
  bool uses_device() const;
  // The buffer whose memory `id` uses.
  BufferId root_of(BufferId id) const;
  // Whether `id` begins where its root does.
  bool begins_at_root(BufferId id) const;
  // Items of a slice; 0 where there is no batch.
  int64_t slice_items() const;
  // The type of an input or output as a caller sees it, with the whole batch.
  ValueType outer_type(BufferId id) const;
};

// What a step of kind view shows: its input under another shape, parts of its input, or as its
// output the memory in which its inputs lie side by side.
enum class ViewForm : uint8_t { reshape, parts, whole };
ViewForm view_form(const Problem& problem);

// Visits every step, bodies after the step they belong to.
template <class Steps, class F>
void for_each_step(Steps& steps, F&& f) {
  for (auto& step : steps) {
    f(step);
    for (auto& region : step.regions) for_each_step(region.steps, f);
  }
}

// The first of the step's inputs that its bodies read themselves, wherever they are.
size_t first_captured(const Step& step);

// Throws internal naming the law that is broken.
void verify(const Plan& plan);
// Text for people and golden tests.
std::string print(const Plan& plan);

}  // namespace cermet
