#include "backends/cuda/build/recurrent.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/recurrent_activations.h"
#include "backends/cuda/build/size_struct.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 512;
constexpr int64_t tile = 64;                // of the product of the inputs, both ways
constexpr int64_t most_shared = 96 * 1024;  // bytes that a block of any card has
constexpr int64_t most_steps = 1024;        // that are launched one by one
constexpr int step_threads = 128;           // a warp for each unit of the state

enum : size_t { input_x, input_w, input_r, input_b, input_lengths, input_h, input_c, input_p };

struct CellName {
  std::string_view op;
  RecurrentCell cell;
  std::string_view text;
};
constexpr std::array cell_names{
    CellName{"RNN", RecurrentCell::rnn, "RnnCell"},
    CellName{"GRU", RecurrentCell::gru, "GruCell"},
    CellName{"LSTM", RecurrentCell::lstm, "LstmCell"},
};

const CellName* cell_of(const Problem& problem) {
  for (const CellName& known : cell_names)
    if (problem.domain.empty() && problem.op == known.op) return &known;
  return nullptr;
}

bool has(const Problem& problem, size_t i) {
  return i < problem.inputs.size() && problem.inputs[i].has_value();
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::reference || cell_of(problem) == nullptr)
    return "computes RNN, GRU and LSTM only";
  Problem present = problem;
  std::erase(present.outputs, std::nullopt);
  if (auto reason = rejects_operands(present)) return reason;
  if (problem.has_epilogue()) return "computes no epilogue";
  for (size_t i : {input_x, input_w, input_r})
    if (!has(problem, i)) return "an operand is absent";
  for (const auto* operands : {&present.inputs, &present.outputs})
    for (const auto& operand : *operands)
      if (operand && !operand->layout.is_row_major()) return "an operand is not row-major";
  if (!is_floating(problem.inputs[input_x]->type.element)) return "the elements are no floats";
  if (has(problem, input_lengths) &&
      problem.inputs[input_lengths]->type.element != ElementType::int32)
    return "the lengths of sequences are not int32";
  const Dim& hidden = (*problem.inputs[input_r]->type.dims)[2];
  if (!hidden.is_constant() || hidden.constant() == 0) return "the hidden size is not known";
  return std::nullopt;
}

// Sizes of a problem that is not rejected, and how a block of `items` items of the batch works.
class Walk {
 public:
  // "b4": a block walks along four items' sequences; "s4": a launch for each step.
  Walk(const TacticQuery& query, std::string_view configuration)
      : problem(query.problem()),
        cell(*cell_of(problem)),
        attributes(RecurrentAttributes::from(problem.attributes, cell.cell)),
        stepwise(configuration.front() == 's'),
        items(configuration.back() - '0'),
        hidden((*problem.inputs[input_r]->type.dims)[2].constant()),
        columns(hidden * gate_count(cell.cell)),
        packed(query.constant(input_r) != nullptr && !stepwise),
        compute(compute_type(problem.inputs[input_x]->type.element)) {
    // What lies side by side is loaded at once.
    const int64_t widest = 16 / compute_bytes();
    vector = packed || stepwise ? std::gcd(hidden, widest) : 1;
    column_threads = std::min<int64_t>((columns / vector + 31) / 32 * 32, threads);
    parts = std::max<int64_t>(std::min(threads / column_threads, hidden), 1);
  }

  bool resets_first() const {
    return cell.cell == RecurrentCell::gru && !attributes.linear_before_reset;
  }
  std::string_view storage() const { return storage_type(problem.inputs[input_x]->type.element); }
  int64_t compute_bytes() const { return compute == "double" ? 8 : 4; }
  // Of a block's states and partial sums.
  int64_t block_elements() const { return items * (2 * hidden + parts * columns); }
  bool is_shared() const { return block_elements() * compute_bytes() <= most_shared; }

  const Problem& problem;
  const CellName& cell;
  RecurrentAttributes attributes;
  bool stepwise;
  int64_t items, hidden, columns;
  bool packed;  // the recurrent weights, as [direction, k, gate]
  std::string_view compute;
  int64_t vector, column_threads, parts;
};

SizeStruct text_of(const Walk& walk, const KernelWriter& writer) {
  const Dims x = writer.input_dims(input_x);
  const bool batch_first = walk.attributes.batch_first;
  const Dim length = x[batch_first ? 1 : 0], batch = x[batch_first ? 0 : 1];
  const int64_t directions = walk.attributes.directions(), hidden = walk.hidden;
  SizeStruct text("int64");
  text.add("length", length);
  text.add("batch", batch);
  text.add("features", x[2]);
  text.add("hidden", hidden);
  text.add("gates", walk.columns / hidden);
  text.add("directions", directions);
  text.add("items", walk.items);
  text.add("vector", walk.vector);
  text.add("column_threads", walk.column_threads);
  text.add("parts", walk.parts);
  text.add("backward", walk.attributes.is_backward(0) ? 1 : 0);
  text.add("input_forget", walk.attributes.input_forget ? 1 : 0);
  const bool linear = walk.cell.cell == RecurrentCell::gru && walk.attributes.linear_before_reset;
  text.add("linear_before_reset", linear ? 1 : 0);
  text.add("with_recurrent_bias", linear ? 2 * hidden : walk.columns);
  text.add("r_k", walk.packed ? walk.columns : 1);
  text.add("r_n", walk.packed ? 1 : hidden);
  // Rows of the input; elements of results.
  text.add("x_t", batch_first ? Dim(1) : batch);
  text.add("x_b", batch_first ? length : Dim(1));
  text.add("y_t", batch_first ? Dim(directions * hidden) : batch * (directions * hidden));
  text.add("y_d", batch_first ? Dim(hidden) : batch * hidden);
  text.add("y_b", batch_first ? length * (directions * hidden) : Dim(hidden));
  text.add("s_d", batch_first ? Dim(hidden) : batch * hidden);
  text.add("s_b", batch_first ? Dim(directions * hidden) : Dim(hidden));
  return text;
}

// A pointer to an operand, null where it is absent.
std::string input_or_null(KernelWriter& writer, size_t i) {
  const Problem& problem = writer.problem();
  if (has(problem, i)) return writer.input(i);
  return "nullptr";
}
std::string output_or_null(KernelWriter& writer, size_t i) {
  const Problem& problem = writer.problem();
  if (i < problem.outputs.size() && problem.outputs[i]) return writer.output(i);
  return "nullptr";
}

void add_projection(const Walk& walk, const Dim& rows, DeviceSource& source) {
  KernelWriter writer(walk.problem, "recurrent_projection_kernel");
  writer.include("scalar.cu");
  writer.include("recurrent.cu");
  text_of(walk, writer).write(writer);
  writer.body(fmt::format("recurrent_projection<Sizes, {}, {}>(sizes, {}, {}, {}, {});\n",
                          walk.storage(), walk.compute, writer.input(input_x),
                          writer.input(input_w), input_or_null(writer, input_b),
                          writer.workspace(walk.compute, 0)));
  writer.finish(
      {{ceil_div(rows, Dim(tile)), (walk.columns + tile - 1) / tile, walk.attributes.directions()},
       {256, 1, 1}},
      source);
}

// What both ways to walk declare: sizes, activations and `operands`.
void begin_walk(const Walk& walk, KernelWriter& writer) {
  writer.include("scalar.cu");
  writer.include("recurrent.cu");
  text_of(walk, writer).write(writer);
  writer.declare(print_activations(walk.attributes, walk.cell.cell, walk.compute));
  const bool lstm = walk.cell.cell == RecurrentCell::lstm;
  writer.body(fmt::format(
      "const RecurrentOperands<{}, {}> operands{{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}}};\n",
      walk.storage(), walk.compute, writer.workspace(walk.compute, 0), writer.input(input_r),
      input_or_null(writer, input_b), input_or_null(writer, input_h),
      lstm ? input_or_null(writer, input_c) : "nullptr",
      lstm ? input_or_null(writer, input_p) : "nullptr", input_or_null(writer, input_lengths),
      output_or_null(writer, 0), output_or_null(writer, 1),
      lstm ? output_or_null(writer, 2) : "nullptr"));
}

void add_walk(const Walk& walk, const Dim& batch, const Dim& projection_bytes,
              DeviceSource& source) {
  KernelWriter writer(walk.problem, "recurrent_walk_kernel");
  begin_walk(walk, writer);
  const std::string memory =
      walk.is_shared()
          ? fmt::format("reinterpret_cast<{}*>(dynamic_shared_memory)", walk.compute)
          : fmt::format("{} + (static_cast<int64>(blockIdx.y) * gridDim.x + blockIdx.x) * {}",
                        writer.workspace(walk.compute, projection_bytes), walk.block_elements());
  writer.body(
      fmt::format("const RecurrentMemory<Sizes, {0}> memory({1});\n"
                  "recurrent_walk<Sizes, {2}, Activations, {3}, {0}>(sizes, operands, memory);\n",
                  walk.compute, memory, walk.cell.text, walk.storage()));
  writer.finish({{ceil_div(batch, Dim(walk.items)), walk.attributes.directions(), 1},
                 {threads, 1, 1},
                 walk.is_shared() ? walk.block_elements() * walk.compute_bytes() : 0},
                source);
}

// The length is a number. All launches are of one kernel, which is told the step.
void add_steps(const Walk& walk, int64_t length, const Dim& batch, const Dim& projection_bytes,
               DeviceSource& source) {
  KernelWriter start(walk.problem, "recurrent_start_kernel");
  begin_walk(walk, start);
  start.body(fmt::format("recurrent_start(sizes, operands, {});\n",
                         start.workspace(walk.compute, projection_bytes)));
  const int64_t directions = walk.attributes.directions();
  start.finish({{blocks_for(batch * (directions * walk.hidden), 256), 1, 1}, {256, 1, 1}}, source);

  KernelWriter step(walk.problem, "recurrent_step_kernel");
  begin_walk(walk, step);
  step.body(fmt::format("recurrent_step<Sizes, {}, Activations>(sizes, operands, {}, {});\n",
                        walk.cell.text, step.workspace(walk.compute, projection_bytes),
                        step.value(Dim::symbol("step"))));
  constexpr int64_t units = step_threads / 32;
  step.finish({{ceil_div(batch, Dim(walk.items)), (walk.hidden + units - 1) / units, directions},
               {step_threads, 1, 1}},
              source);
  const Launch any = std::move(source.program.launches.back());
  source.program.launches.pop_back();
  for (int64_t s = 0; s < length; ++s) {
    source.program.launches.push_back(any);
    for (LaunchArgument& argument : source.program.launches.back().arguments)
      argument.value = argument.value.substitute({{"step", Dim(s)}});
  }
}

DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  const Walk walk(query, configuration);
  const KernelWriter writer(walk.problem, "");
  const Dims x = writer.input_dims(input_x);
  const Dim rows = x[0] * x[1], batch = x[walk.attributes.batch_first ? 0 : 1];
  const Dim length = x[walk.attributes.batch_first ? 1 : 0];
  const int64_t directions = walk.attributes.directions();
  // A multiple of 16 bytes, as pointers into the workspace are.
  const Dim projection_bytes =
      ceil_div(rows * (directions * walk.columns * walk.compute_bytes()), 16) * 16;
  DeviceSource source;
  add_projection(walk, rows, source);
  Dim elements;  // of the workspace behind the projection
  if (walk.stepwise) {
    add_steps(walk, length.constant(), batch, projection_bytes, source);
    elements = batch * (3 * directions * walk.hidden);
  } else {
    add_walk(walk, batch, projection_bytes, source);
    if (!walk.is_shared())
      elements = ceil_div(batch, Dim(walk.items)) * (directions * walk.block_elements());
  }
  source.program.workspace_bytes = projection_bytes + elements * walk.compute_bytes();
  return source;
}

std::vector<std::string> configurations(const TacticQuery& query) {
  const Walk walk(query, "b1");
  const Dims& x = *walk.problem.inputs[input_x]->type.dims;
  const Dim &batch = x[walk.attributes.batch_first ? 0 : 1],
            &length = x[walk.attributes.batch_first ? 1 : 0];
  const bool countable =
      length.is_constant() && length.constant() >= 1 && length.constant() <= most_steps;
  std::vector<std::string> list;
  for (const int items : {1, 2, 4, 8})
    if (items == 1 || !batch.is_constant() || batch.constant() >= items)
      list.push_back(fmt::format("b{}", items));
  for (const int items : {1, 4, 8})
    if (countable && !walk.resets_first() &&
        (items == 1 || !batch.is_constant() || batch.constant() >= items))
      list.push_back(fmt::format("s{}", items));
  return list;
}

// Microseconds of a step in which each group of items reads all recurrent weights: from the L2
// cache by one block, or by the blocks of all multiprocessors.
double step_us(const Walk& walk, double groups, const CardRates& rates) {
  const auto weights = static_cast<double>(walk.columns * walk.hidden);
  const double bytes = weights * bit_width(walk.problem.inputs[input_x]->type.element) / 8;
  const double products = weights * static_cast<double>(walk.items);
  constexpr double bytes_per_us = 1e5, products_per_us = 1e5;  // of a multiprocessor
  if (!walk.stepwise)
    return (1.5 + std::max(bytes / bytes_per_us, products / products_per_us)) *
           std::max(1.0, groups / rates.multiprocessors);
  const double share = groups / (0.4 * rates.multiprocessors);
  return rates.launch_us + 1.2 + share * std::max(bytes / bytes_per_us, products / products_per_us);
}

double estimate(const TacticQuery& query, std::string_view configuration) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes) return -1;
  const Walk walk(query, configuration);
  const CardRates rates = rates_of(query.architecture);
  const Shape& x = *shapes->inputs[input_x];
  const auto length = static_cast<double>(x[walk.attributes.batch_first ? 1 : 0]);
  const int64_t batch = x[walk.attributes.batch_first ? 0 : 1];
  const auto groups =
      static_cast<double>((batch + walk.items - 1) / walk.items * walk.attributes.directions());
  return 2 * rates.launch_us + length * step_us(walk, groups, rates);
}

// [directions, gates, hidden] as [directions, hidden, gates].
std::optional<PackedConstant> pack(const TacticQuery& query) {
  const Tensor* weights = query.constant(input_r);
  if (weights == nullptr || query.step->choice.configuration.starts_with('s')) return std::nullopt;
  const Shape& shape = weights->shape();
  Tensor packed(weights->type(), {shape[0], shape[2], shape[1]});
  const auto bytes = static_cast<size_t>(bit_width(weights->type())) / 8;
  const auto* from = static_cast<const std::byte*>(weights->data());
  auto* const to = static_cast<std::byte*>(packed.view().data);
  for (int64_t d = 0; d < shape[0]; ++d)
    for (int64_t n = 0; n < shape[1]; ++n)
      for (int64_t k = 0; k < shape[2]; ++k, from += bytes)
        std::memcpy(to + static_cast<size_t>((d * shape[2] + k) * shape[1] + n) * bytes, from,
                    bytes);
  return PackedConstant{input_r, packed, "cuda.recurrent dkn"};
}

}  // namespace

Tactic recurrent_tactic() {
  Tactic tactic;
  tactic.name = "cuda.recurrent";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.pack = pack;
  tactic.generate = generate;
  return tactic;
}

}  // namespace cermet::cuda
