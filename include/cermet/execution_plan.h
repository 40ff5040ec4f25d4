// What an engine does at given shapes, for people: its tensors, where they lie, and its steps.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cermet/tensor.h"

namespace cermet {

struct PlannedTensor {
  std::string name;
  std::string storage;  // "constant", "input", "output", "activation" ...
  Value::Kind kind = Value::Kind::tensor;
  ElementType type = ElementType::undefined;
  std::optional<Shape> shape;  // nothing where it depends on data
  std::string layout;          // "row-major", "0231"
  size_t bytes = 0;            // 0 where the shape is not known
  int alias = -1;              // the tensor whose memory this one is, under another shape
  std::string place = "host";  // or "device": whose memory it is in
  // Its place in the arena of its place; nothing for what lies elsewhere (constants, inputs, sizes
  // that depend on data).
  std::optional<size_t> offset;
  // The steps during which its memory is in use; -1 where there are none.
  int first_step = -1, last_step = -1;
};

// In the order of EngineSummary::steps.
struct PlannedStep {
  std::vector<int> inputs, outputs;  // indices into tensors; absent operands are left out
  size_t workspace_offset = 0, workspace_bytes = 0;  // in the arena, during this step
  // Arithmetic operations as docs/report.md counts them, a multiplication with addition as two, of
  // all slices together. Nothing where the count is not known.
  std::optional<double> operations;
  // In the body of a loop, so that a run may do it any number of times: operations and bytes are of
  // one of them.
  bool repeats = false;
  // What it computes in: the type of the factors where it `multiplies` (products, convolutions and
  // attention, which tensor cores may do), else the widest of the floats among operands and
  // results, and where there are none that of the first; undefined where nothing has elements.
  ElementType arithmetic = ElementType::undefined;
  bool multiplies = false;
  // Every operand read once and every result written once in each slice. 0 where nothing moves
  // (views), nothing where a size is not known.
  std::optional<double> bytes;
};

struct ExecutionPlan {
  std::vector<PlannedTensor> tensors;
  std::vector<PlannedStep> steps;
  size_t arena_bytes = 0;  // of the host
  // The steps run so many times, each time for a slice of the batch; tensors are those of a slice.
  int64_t slices = 1;
  size_t device_arena_bytes = 0;
};

}  // namespace cermet
