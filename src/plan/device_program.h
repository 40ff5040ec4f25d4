// What a step on a device runs: launches of compiled kernels, whose sizes follow from the shapes
// of the step's operands, or a call of a library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cermet/tensor.h"
#include "expr/dim.h"

namespace cermet {

// Machine code of a kernel for one architecture.
struct KernelImage {
  std::string architecture;  // "sm_90": that one; "compute_90": PTX, for it and newer ones
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  // of the bytes
};

// A kernel's source, compiled. Steps with equal sources share one.
struct DeviceModule {
  std::string name;  // the hash of the source
  std::vector<KernelImage> images;
};

// Every parameter of a kernel is 8 bytes: a pointer, or a signed integer.
struct LaunchArgument {
  enum class Kind : uint8_t {
    input,      // pointer to input `index`, `value` bytes further
    output,     // pointer to output `index`, `value` bytes further
    workspace,  // pointer to the step's workspace, `value` bytes further
    size,       // `value` itself
    fault,      // pointer to the step's KernelFault
  };
  Kind kind = Kind::size;
  int32_t index = 0;
  Dim value;

  bool operator==(const LaunchArgument&) const = default;
};

// What a kernel tells of data that contradict the model; it reads and writes nothing by them. Lies
// in the host's memory, where the device can reach it. `kind` is the last to be written, and of
// several faults any is told.
struct KernelFault {
  enum class Kind : int64_t {
    none = 0,
    index = 1,   // `value` is an index into a dimension of `bound` elements
    length = 2,  // `value` is a length of a sequence of at most `bound` elements
    place = 3,   // at `value` begins what does not fit into `bound` elements
    sizes = 4,   // there are `bound` indices along a dimension of `value` elements
    region = 5,  // a region is no numbers, or too large to be sampled
    empty = 6,   // `bound` elements are wanted of a dimension that has none
  };
  Kind kind = Kind::none;
  int64_t value = 0, bound = 0, unused = 0;
};
static_assert(sizeof(KernelFault) == 32);

// In words, without the step: "index 7 is outside a dimension of 5 elements".
std::string to_string(const KernelFault& fault);

// Sizes are in the symbols of operand_size(). A launch whose grid has no block is left out.
struct Launch {
  int32_t module = -1;  // index into Plan::modules (a source's index where nothing is compiled yet)
  std::string function;
  std::array<Dim, 3> grid{1, 1, 1};
  std::array<int32_t, 3> block{1, 1, 1};
  Dim shared_bytes;  // dynamic shared memory
  std::vector<LaunchArgument> arguments;

  bool operator==(const Launch&) const = default;
};

// An operation of a library of NVIDIA's, which brings kernels of its own. What the sizes and
// arguments of an operation are stands with the code that calls it (backends/cuda/run).
struct LibraryCall {
  std::string library;                    // "cublaslt", "cudnn"
  int64_t version = 0;                    // the oldest that will do, as the library counts
  std::string operation;                  // "matmul", "convolution"
  std::map<std::string, Dim> sizes;       // and flags, in the symbols of operand_size()
  std::vector<LaunchArgument> arguments;  // pointers; a size of 0 stands for one that is absent
  // The algorithm that was chosen, in bytes of the library's own that are good for `version` alone,
  // and the values of `sizes` at which it was. Empty: the library is asked when shapes are known.
  std::string algorithm;
  std::vector<int64_t> algorithm_sizes;

  bool operator==(const LibraryCall&) const = default;
};

struct DeviceProgram {
  std::vector<Launch> launches;     // one after the other
  std::optional<LibraryCall> call;  // in place of launches
  Dim workspace_bytes;

  bool empty() const { return launches.empty() && !call; }
  bool can_find_faults() const;
  bool operator==(const DeviceProgram&) const = default;
};

// The size of a step's operand in one dimension, as a symbol: "in0.2", "out0.1".
Dim operand_size(bool output, size_t operand, size_t dimension);
// Their values; an operand that is absent has none.
SymbolValues operand_sizes(std::span<const std::optional<Shape>> inputs,
                           std::span<const std::optional<Shape>> outputs);

// What a tactic of a device gives for a step: texts, and launches whose modules are their indices.
struct DeviceSource {
  std::vector<std::string> sources;
  DeviceProgram program;
};

}  // namespace cermet
