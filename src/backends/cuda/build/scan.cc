#include "backends/cuda/build/scan.h"

#include <algorithm>
#include <charconv>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/lanes.h"
#include "base/scalar.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 256;
constexpr int items = 4;  // elements of a thread at a time

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!problem.domain.empty() || (problem.op != "CumSum" && problem.op != "CumProd"))
    return "computes running sums and products only";
  if (auto reason = rejects_operands(problem)) return reason;
  if (own_input_count(problem) < 2 || !problem.inputs[0] || !problem.inputs[1])
    return "an input is absent";
  if (query.constant(1) == nullptr) return "the axis is no constant";
  if (problem.inputs[0]->type.element == ElementType::boolean) return "the elements are no numbers";
  if (problem.inputs[0]->type.rank() == 0) return "the input is a scalar";
  if (problem.inputs[0]->layout != problem.outputs[0]->layout)
    return "input and result have different layouts";
  return rejects_epilogue(problem);
}

Lanes lanes_of(const TacticQuery& query, const Dims& dims) {
  std::vector<bool> within(dims.size(), false);
  within.at(axis_of(load_integers(query.constant(1)->view(), "axis").at(0), dims.size())) = true;
  return Lanes(dims, query.problem().inputs[0]->layout, within);
}

// y[lane, r] = join of x[lane, 0 .. r], or .. r - 1, from either end; the epilogue behind. Carried
// in the compute type, integers as unsigned ones of 64 bits. A configuration is the number of
// parts that a lane is cut into.
class ScanKernel {
 public:
  ScanKernel(const TacticQuery& query, int chunks)
      : query_(query), problem_(query.problem()), chunks_(chunks) {}

  DeviceSource source() {
    DeviceSource source;
    KernelWriter writer(problem_, "scan");
    const Lanes lanes = begin(writer);
    const bool runs = lanes.inner().is_constant(1);
    const bool split = runs && chunks_ > 1;
    if (split) add_totals(source);
    const std::string_view type = compute_type(problem_.inputs[0]->type.element);
    writer.body(element_result(writer));
    writer.body(fmt::format(
        "const auto write = [=](index_t at, Fold::value_t value) {{\n{}[at] = result(at, "
        "static_cast<{}>(value));\n}};\n",
        writer.output(0), type));
    const std::string options =
        fmt::format("{}, {}", is_reverse(), problem_.attributes.integer("exclusive", 0) != 0);
    if (runs) {
      const std::string totals = split ? writer.workspace("const Fold::value_t", 0)
                                       : "static_cast<const Fold::value_t*>(nullptr)";
      writer.body(
          fmt::format("{}scan_runs<Fold, {}, {}, {}, {}>({}, {}, {}, scratch, {}, write);\n",
                      scratch(), threads, items, chunks_, options, writer.input(0),
                      index(writer, lanes.count()), index(writer, lanes.length()), totals));
    } else {
      writer.body(fmt::format("scan_columns<Fold, {}, {}>({}, {}, {}, {}, write);\n", threads,
                              options, writer.input(0), index(writer, lanes.count()),
                              index(writer, lanes.length()), index(writer, lanes.inner())));
    }
    const Dim blocks = runs ? blocks_for(lanes.count() * Dim(int64_t{chunks_}), 1)
                            : blocks_for(lanes.count(), threads);
    writer.finish({{blocks, 1, 1}, {threads, 1, 1}}, source);
    return source;
  }

 private:
  static std::string index(KernelWriter& writer, const Dim& value) {
    return fmt::format("static_cast<index_t>({})", writer.value(value));
  }
  static std::string scratch() {
    return fmt::format("__shared__ Fold::value_t scratch[{}];\n", threads / 32);
  }
  bool is_reverse() const { return problem_.attributes.integer("reverse", 0) != 0; }

  Lanes begin(KernelWriter& writer) {
    for (const char* file : {"lanes.cu", "folds.cu", "scan.cu"}) writer.include(file);
    writer.declare(index_declaration({writer.input_dims(0)}));
    const ElementType type = problem_.inputs[0]->type.element;
    writer.declare(fmt::format("using Fold = {}<{}>;\n",
                               problem_.op == "CumProd" ? "ProductFold" : "SumFold",
                               is_floating(type) ? compute_type(type) : "uint64"));
    return lanes_of(query_, writer.input_dims(0));
  }

  void add_totals(DeviceSource& source) {
    KernelWriter writer(problem_, "scan_totals");
    const Lanes lanes = begin(writer);
    writer.body(fmt::format("{}total_runs<Fold, {}, {}, {}>({}, {}, {}, scratch, {});\n", scratch(),
                            threads, chunks_, is_reverse(), writer.input(0),
                            index(writer, lanes.count()), index(writer, lanes.length()),
                            writer.workspace("Fold::value_t", 0)));
    const Dim parts = lanes.count() * Dim(int64_t{chunks_});
    writer.finish({{blocks_for(parts, 1), 1, 1}, {threads, 1, 1}}, source);
    source.program.workspace_bytes = parts * Dim(8);
  }

  const TacticQuery& query_;
  const Problem& problem_;
  const int chunks_;
};

std::optional<Lanes> typical_lanes(const TacticQuery& query) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes || !shapes->inputs[0]) return std::nullopt;
  return lanes_of(query, to_dims(*shapes->inputs[0]));
}

int chunks_in(std::string_view text) {
  int chunks = 1;
  std::from_chars(text.data(), text.data() + text.size(), chunks);
  return chunks;
}

std::vector<std::string> configurations(const TacticQuery& query) {
  std::vector<std::string> texts{"1"};
  const auto lanes = typical_lanes(query);
  if (!lanes || !lanes_of(query, *query.problem().inputs[0]->type.dims).inner().is_constant(1))
    return texts;
  const int64_t wanted = 2 * rates_of(query.architecture).multiprocessors /
                         std::max<int64_t>(1, lanes->count().constant());
  const int64_t chunks = std::min<int64_t>(wanted, lanes->length().constant() / (threads * 16));
  if (chunks > 1) texts.push_back(fmt::format("{}", chunks));
  return texts;
}

// Blocks of 256 threads that scan tile after tile; some 2 us for 1024 elements by one block.
double estimate(const TacticQuery& query, std::string_view configuration) {
  const double traffic = traffic_us(query);
  const auto lanes = typical_lanes(query);
  if (traffic < 0 || !lanes) return traffic;
  const CardRates rates = rates_of(query.architecture);
  const int chunks = chunks_in(configuration);
  const auto length = static_cast<double>(lanes->length().constant());
  if (!lanes->inner().is_constant(1)) return 1.5 * traffic + length * 0.2;
  const double blocks = static_cast<double>(lanes->count().constant()) * chunks;
  const double waves = std::max(1.0, blocks / (rates.multiprocessors * 8.0));
  return 1.5 * traffic + (chunks > 1 ? rates.launch_us + traffic / 2 : 0) +
         waves * length / chunks / (threads * items) * 1.0;
}

}  // namespace

Tactic scan_tactic() {
  Tactic tactic;
  tactic.name = "cuda.scan";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.generate = [](const TacticQuery& query, std::string_view configuration) {
    return ScanKernel(query, chunks_in(configuration)).source();
  };
  return tactic;
}

}  // namespace cermet::cuda
