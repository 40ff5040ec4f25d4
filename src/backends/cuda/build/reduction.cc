#include "backends/cuda/build/reduction.h"

#include <algorithm>
#include <sstream>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/lanes.h"
#include "backends/cuda/build/reduction_fold.h"
#include "backends/cuda/build/scalar_printer.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 256;

// How a lane is shared out: "run", "column" or "gather"; threads of a group (run, gather), or
// packs side by side (column); parts that a lane is cut into, to be joined by a second kernel.
struct Configuration {
  std::string method;
  int group = 32;
  int chunks = 1;

  static Configuration parse(std::string_view text) {
    Configuration result;
    std::istringstream stream{std::string(text)};
    stream >> result.method >> result.group >> result.chunks;
    return result;
  }
  std::string to_string() const { return fmt::format("{} {} {}", method, group, chunks); }
};

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!is_reduction(problem)) return "computes reductions only";
  if (auto reason = rejects_operands(problem)) return reason;
  if (problem.inputs.empty() || !problem.inputs[0]) return "input 0 is absent";
  if (problem.op.starts_with("Global") && !is_floating(problem.inputs[0]->type.element))
    return "global pools are of floats";
  if (auto reason = reduced_dims(query).unknown) return reason;
  return rejects_epilogue(problem);
}

Lanes lanes_of(const TacticQuery& query, const Dims& dims) {
  return Lanes(dims, query.problem().inputs[0]->layout, reduced_dims(query).within);
}

// out[lane] = finish(fold over r of map(in[lane, r])). Sums are of the compute type (64-bit for
// integers), each thread's part in order, parts joined as a tree of fixed shape. Results never
// are the input's memory.
class ReductionKernel {
 public:
  ReductionKernel(const TacticQuery& query, const Configuration& configuration)
      : query_(query),
        problem_(query.problem()),
        configuration_(configuration),
        fold_(fold_of(problem_)),
        split_(configuration.chunks > 1) {}

  DeviceSource source() {
    DeviceSource source;
    KernelWriter first(problem_, split_ ? "reduce_parts" : "reduce");
    add_first(first, source);
    if (!split_) return source;
    KernelWriter second(problem_, "join_parts");
    const Lanes lanes = begin(second);
    second.body(result(second, lanes));
    second.body(fmt::format("join_chunks<Fold, {}, {}>({}, static_cast<index_t>({}), result);\n",
                            threads, configuration_.chunks,
                            second.workspace("const Fold::value_t", 0),
                            second.value(lanes.count())));
    second.finish({{blocks_for(lanes.count(), threads / 32), 1, 1}, {threads, 1, 1}}, source);
    source.program.workspace_bytes = lanes.count() * Dim(int64_t{configuration_.chunks} * 16);
    return source;
  }

 private:
  // Declarations that both kernels have.
  Lanes begin(KernelWriter& writer) {
    writer.include("lanes.cu");
    writer.include("folds.cu");
    writer.include("reduction.cu");
    writer.declare(index_declaration({writer.input_dims(0)}));
    writer.declare(fold_.before);
    writer.declare(fmt::format("using Fold = {};\n", fold_.fold));
    return lanes_of(query_, writer.input_dims(0));
  }

  // Takes the value of a whole lane to memory.
  std::string result(KernelWriter& writer, const Lanes& lanes) {
    const Operand& output = *problem_.outputs[0];
    const Dims dims = writer.input_dims(0);
    const std::vector<bool> within = reduced_dims(query_).within;
    const bool keeps = output.type.rank() == static_cast<int>(dims.size());
    std::vector<std::string> names;
    for (size_t d = 0; d < dims.size(); ++d)
      if (keeps || !within[d]) names.push_back(fmt::format("c{}", d));
    const std::string own = fold_.finish("value", writer.value(lanes.length()));
    const PrintedExpression printed = print_epilogue(writer, "own", names, "v");
    return fmt::format(
        "const auto result = [=](index_t lane, Fold::value_t value) {{\n{}const {} own = {};\n{}"
        "{}[{}] = from_compute<{}>({});\n}};\n",
        declare_coordinates(writer, "lane", dims, lanes.counting(), "c"),
        compute_type(own_result_type(problem_)), own, printed.statements, writer.output(0),
        broadcast_offset(writer, writer.output_dims(0), output.layout, names),
        storage_type(output.type.element), printed.results[0]);
  }

  // Where a part of a lane goes.
  std::string part(KernelWriter& writer) {
    return fmt::format(
        "Fold::value_t* parts = {};\nconst auto result = [=](index_t item, Fold::value_t value) "
        "{{\nparts[item] = value;\n}};\n",
        writer.workspace("Fold::value_t", 0));
  }

  void add_first(KernelWriter& writer, DeviceSource& source) {
    const Lanes lanes = begin(writer);
    writer.body(split_ ? part(writer) : result(writer, lanes));
    const Dim items = lanes.count() * Dim(int64_t{configuration_.chunks});
    Dim blocks = blocks_for(items, threads / configuration_.group);
    if (configuration_.method == "run")
      writer.body(runs(writer, lanes));
    else if (configuration_.method == "column")
      blocks = columns(writer, lanes);
    else
      writer.body(gathered(writer, lanes));
    writer.finish({{blocks, 1, 1}, {threads, 1, 1}}, source);
  }

  int pack() const { return widest_pack(problem_.inputs[0]->type.element); }

  std::string runs(KernelWriter& writer, const Lanes& lanes) {
    const bool even = dividing_pack(lanes.length(), pack()) == pack();
    return fmt::format(
        "__shared__ Fold::value_t scratch[{0}];\nreduce_runs<Fold, {1}, {2}, {3}, {4}, {5}>({6}, "
        "static_cast<index_t>({7}), static_cast<index_t>({8}), scratch, result);\n",
        threads / 32, threads, configuration_.group, pack(), even, configuration_.chunks,
        writer.input(0), writer.value(lanes.count()), writer.value(lanes.length()));
  }

  Dim columns(KernelWriter& writer, const Lanes& lanes) {
    // A value has up to 16 bytes: the shared memory that every block has holds no more packs.
    const int most = std::min(pack(), 8);
    const int known = dividing_pack(lanes.inner(), most);
    const int widest = lanes.inner().is_constant() ? known : most;
    const Dim outer = lanes.outer();
    const std::string inner = fmt::format("static_cast<index_t>({})", writer.value(lanes.inner()));
    const auto call = [&](int pack) {
      return fmt::format(
          "reduce_columns<Fold, {}, {}, {}, {}>({}, static_cast<index_t>({}), "
          "static_cast<index_t>({}), {}, scratch, result);\n",
          threads, configuration_.group, pack, configuration_.chunks, writer.input(0),
          writer.value(outer), writer.value(lanes.length()), inner);
    };
    writer.body(fmt::format("__shared__ Fold::value_t scratch[{}];\n", threads * widest));
    if (widest == known)
      writer.body(call(known));
    else
      writer.body(fmt::format("if ({} % {} == 0) {{\n{}}} else {{\n{}}}\n", inner, widest,
                              call(widest), call(1)));
    const Dim across = ceil_div(lanes.inner(), Dim(int64_t{configuration_.group} * widest));
    return blocks_for(outer * across * Dim(int64_t{configuration_.chunks}), 1);
  }

  std::string gathered(KernelWriter& writer, const Lanes& lanes) {
    writer.body(lanes.lane_offset(writer, "lane_offset"));
    writer.body(lanes.element_offset(writer, "element_offset"));
    return fmt::format(
        "__shared__ Fold::value_t scratch[{}];\nreduce_gathered<Fold, {}, {}>({}, "
        "static_cast<index_t>({}), static_cast<index_t>({}), lane_offset, element_offset, scratch, "
        "result);\n",
        threads / 32, threads, configuration_.group, writer.input(0), writer.value(lanes.count()),
        writer.value(lanes.length()));
  }

  const TacticQuery& query_;
  const Problem& problem_;
  const Configuration configuration_;
  const ReductionFold fold_;
  const bool split_;
};

// Sizes at the typical shapes.
struct LaneSizes {
  int64_t count = 1, length = 1, inner = 1;
};

std::optional<LaneSizes> typical_lanes(const TacticQuery& query) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes || !shapes->inputs[0]) return std::nullopt;
  const Lanes lanes = lanes_of(query, to_dims(*shapes->inputs[0]));
  return LaneSizes{lanes.count().constant(), lanes.length().constant(), lanes.inner().constant()};
}

// Threads that have something to read, at most.
double busy_threads(const LaneSizes& sizes, const Configuration& configuration, int pack) {
  const double items = static_cast<double>(sizes.count) * configuration.chunks;
  const double length = static_cast<double>(sizes.length) / configuration.chunks;
  if (configuration.method == "column") {
    const double rows = static_cast<double>(threads) / configuration.group;
    return items / pack * std::min(rows, length);
  }
  const double packs = configuration.method == "run" ? length / pack : length;
  return items * std::min<double>(configuration.group, std::max(1.0, packs));
}

// A card reads at full rate with some 32 KB under way on each multiprocessor; a thread has up to 4
// packs. Groups that are wider than their lanes cost their launch and their joining.
double estimate(const TacticQuery& query, std::string_view text) {
  const double traffic = traffic_us(query);
  const auto sizes = typical_lanes(query);
  if (traffic < 0 || !sizes) return traffic;
  const CardRates rates = rates_of(query.architecture);
  const Configuration configuration = Configuration::parse(text);
  const ElementType type = query.problem().inputs[0]->type.element;
  int pack = widest_pack(type);
  if (configuration.method == "column") pack = dividing_pack(Dim(sizes->inner), pack);
  if (configuration.method == "gather") pack = 1;
  const double bytes = pack * bit_width(type) / 8.0 * 4;
  const double needed = rates.multiprocessors * 32768.0;
  const double busy = std::max(1.0, busy_threads(*sizes, configuration, pack));
  const double share = std::min(1.0, busy * bytes / needed);
  const double launched =
      configuration.method == "column"
          ? static_cast<double>(sizes->count) / pack * threads / configuration.group
          : static_cast<double>(sizes->count) * configuration.group;
  const double waves = launched * configuration.chunks / (rates.multiprocessors * 2048.0);
  double us = rates.launch_us + (traffic - rates.launch_us) / share + 0.3 * waves;
  if (configuration.group > 32 && configuration.method != "column") us += 0.2 * waves;
  if (configuration.chunks > 1) us += rates.launch_us + 1;
  return us;
}

std::vector<std::string> configurations(const TacticQuery& query) {
  const Lanes lanes = lanes_of(query, *query.problem().inputs[0]->type.dims);
  std::vector<Configuration> list;
  if (lanes.are_runs())
    for (int group : {4, 32, threads}) list.push_back({"run", group, 1});
  else if (lanes.are_columns())
    for (int group : {8, 32}) list.push_back({"column", group, 1});
  else
    for (int group : {1, 32, threads}) list.push_back({"gather", group, 1});
  std::vector<std::string> texts;
  for (const Configuration& c : list) texts.push_back(c.to_string());
  // Cut into as many parts as keep the card busy, where the lanes alone don't.
  const auto sizes = typical_lanes(query);
  if (!sizes || sizes->count == 0 || !lanes.are_columns()) return texts;
  Configuration split = list.back();
  const bool column = split.method == "column";
  const int64_t per_block =
      column ? int64_t{split.group} * dividing_pack(Dim(sizes->inner), 4) : int64_t{1};
  const int64_t blocks = std::max<int64_t>(1, sizes->count / per_block);
  const int64_t wanted = 4 * rates_of(query.architecture).multiprocessors / blocks;
  const int64_t useful = column ? sizes->length / 64 : sizes->length / (threads * 16);
  split.chunks = static_cast<int>(std::min({wanted, useful, int64_t{1024}}));
  if (split.chunks > 1) texts.push_back(split.to_string());
  return texts;
}

}  // namespace

Tactic reduction_tactic() {
  Tactic tactic;
  tactic.name = "cuda.reduction";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.generate = [](const TacticQuery& query, std::string_view configuration) {
    return ReductionKernel(query, Configuration::parse(configuration)).source();
  };
  return tactic;
}

}  // namespace cermet::cuda
