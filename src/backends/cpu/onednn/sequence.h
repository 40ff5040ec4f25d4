// Primitives of oneDNN that run one after the other: what every kernel of this module becomes when
// its shapes are known.
#pragma once

#include <vector>

#include "backends/cpu/onednn/descriptors.h"
#include "plan/kernel.h"

namespace cermet::cpu::onednn {

// Where the memory of an argument is during a run.
struct Place {
  enum class Kind : uint8_t { input, output, workspace, fixed };
  Kind kind = Kind::input;
  size_t index = 0;             // of the step's operand, or bytes from the workspace's begin
  const void* fixed = nullptr;  // kind fixed

  static Place input(size_t i) { return {Kind::input, i, nullptr}; }
  static Place output(size_t i) { return {Kind::output, i, nullptr}; }
};

struct Argument {
  int id = 0;  // DNNL_ARG_...
  Descriptor descriptor;
  Place place;
};

class PrimitiveSequence : public BoundKernel {
 public:
  PrimitiveSequence();

  // Workspace that keeps its content from one primitive to the next.
  Place reserve(const Descriptor& descriptor);
  // Arguments are without the scratchpad, which all primitives share.
  void add(const dnnl::primitive& primitive, const std::vector<Argument>& arguments);
  // Before the first primitive, the input's bytes are copied to the output unless it is the same
  // memory already.
  void copy_before(size_t input, size_t output, size_t bytes);

  size_t workspace_bytes() const override { return reserved_ + scratchpad_; }
  void run(const Call& call) override;
  std::string description() const override;

 private:
  struct Bound {
    dnnl::primitive primitive;
    std::vector<dnnl::memory> memories;
    std::vector<Place> places;
    std::vector<dnnl_exec_arg_t> arguments;  // of `memories`, in order
    bool has_scratchpad = false;             // the last argument
  };
  struct Copy {
    size_t input, output, bytes;
  };

  void run_copies(const Call& call) const;
  void* find(const Place& place, const Call& call) const;

  dnnl::stream stream_;
  std::vector<Bound> primitives_;
  std::vector<Copy> copies_;
  size_t reserved_ = 0;
  size_t scratchpad_ = 0;
};

}  // namespace cermet::cpu::onednn
