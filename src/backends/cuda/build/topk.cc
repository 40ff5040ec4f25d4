#include "backends/cuda/build/topk.h"

#include <algorithm>
#include <sstream>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/lanes.h"
#include "base/scalar.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 256;

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!problem.domain.empty() || problem.op != "TopK") return "computes TopK only";
  if (query.defines_sizes) return "how many elements are wanted is known only when it runs";
  if (problem.has_epilogue()) return "takes no epilogue";
  if (auto reason = rejects_operands(problem)) return reason;
  if (!problem.inputs[0]) return "input 0 is absent";
  if (problem.inputs[0]->type.element == ElementType::boolean) return "the elements are no numbers";
  if (problem.inputs[0]->type.rank() == 0) return "the input is a scalar";
  for (const auto& output : problem.outputs)
    if (output && output->layout != problem.inputs[0]->layout)
      return "input and results have different layouts";
  return std::nullopt;
}

// "sort SIZE": whole lanes of at most SIZE elements in shared memory. "keep SIZE PARTS": the first
// SIZE / 2 of each part of a lane, then of those. "memory": whole lanes, in the workspace.
struct Configuration {
  std::string method;
  int size = 0;
  int parts = 1;

  static Configuration parse(std::string_view text) {
    Configuration result;
    std::istringstream stream{std::string(text)};
    stream >> result.method >> result.size >> result.parts;
    return result;
  }
};

bool has_long_keys(const Problem& problem) {
  return bit_width(problem.inputs[0]->type.element) > 32;
}

size_t axis_of_problem(const Problem& problem) {
  return axis_of(problem.attributes.integer("axis", -1),
                 static_cast<size_t>(problem.inputs[0]->type.rank()));
}

Lanes lanes_of(const Problem& problem, const Dims& dims) {
  std::vector<bool> within(dims.size(), false);
  within.at(axis_of_problem(problem)) = true;
  return Lanes(dims, problem.inputs[0]->layout, within);
}

// values[o, j, i] = x[o, r, i], indices[o, j, i] = r for the j-th of the k first r of the lane (o,
// i); a block works on a lane, or a part of one. Lanes have fewer than 2^32 elements.
class TopKKernel {
 public:
  TopKKernel(const Problem& problem, const Configuration& configuration)
      : problem_(problem), configuration_(configuration) {}

  DeviceSource source() {
    if (configuration_.method == "sort") return sorted();
    if (configuration_.method == "memory") return in_memory();
    return kept();
  }

 private:
  static std::string index(KernelWriter& writer, const Dim& value) {
    return fmt::format("static_cast<index_t>({})", writer.value(value));
  }

  // Declarations, and lambdas that make the key of an element and write a result.
  Lanes begin(KernelWriter& writer) {
    for (const char* file : {"lanes.cu", "topk.cu"}) writer.include(file);
    const Dims dims = writer.input_dims(0);
    writer.declare(index_declaration({dims}));
    writer.declare(
        fmt::format("using Key = {};\n", has_long_keys(problem_) ? "LongKey" : "ShortKey"));
    const Lanes lanes = lanes_of(problem_, dims);
    writer.body(fmt::format("const index_t count = {}, length = {}, inner = {}, k = {};\n",
                            writer.value(lanes.count()), writer.value(lanes.length()),
                            writer.value(lanes.inner()),
                            writer.value(writer.output_dims(0)[axis_of_problem(problem_)])));
    writer.body(fmt::format(
        "const auto place = [=](index_t lane, index_t r) -> index_t {{\nreturn (lane / inner * "
        "length + r) * inner + lane % inner;\n}};\n"
        "const auto key_at = [=](index_t lane, index_t r) -> Key {{\nreturn key_of<Key, "
        "{}>(to_compute({}[place(lane, r)]), static_cast<uint32>(r));\n}};\n",
        problem_.attributes.integer("largest", 1) != 0, writer.input(0)));
    return lanes;
  }

  std::string write(KernelWriter& writer) {
    std::string text = fmt::format(
        "const auto write = [=](index_t lane, index_t j, uint32 r) {{\n"
        "const index_t at = (lane / inner * k + j) * inner + lane % inner;\n"
        "{}[at] = {}[place(lane, static_cast<index_t>(r))];\n",
        writer.output(0), writer.input(0));
    if (problem_.outputs.size() > 1 && problem_.outputs[1])
      text += fmt::format("{}[at] = static_cast<int64>(r);\n", writer.output(1));
    return text + "};\n";
  }

  static std::string write_first(std::string_view keys) {
    return fmt::format(
        "for (index_t j = threadIdx.x; j < k; j += {}) write(lane, j, {}[j].index());\n", threads,
        keys);
  }

  static constexpr std::string_view each_lane =
      "for (index_t lane = blockIdx.x; lane < count; lane += gridDim.x) {\n";

  DeviceSource sorted() {
    KernelWriter writer(problem_, "top_of_lanes");
    const Lanes lanes = begin(writer);
    writer.body(write(writer));
    writer.body(fmt::format(
        "__shared__ Key keys[{0}];\n{1}__syncthreads();\n"
        "for (int t = threadIdx.x; t < {0}; t += {2}) keys[t] = t < length ? key_at(lane, t) : "
        "Key::last();\nsort_keys<{2}>(keys, {0});\n{3}}}\n",
        configuration_.size, each_lane, threads, write_first("keys")));
    DeviceSource source;
    writer.finish({{blocks_for(lanes.count(), 1), 1, 1}, {threads, 1, 1}}, source);
    return source;
  }

  DeviceSource in_memory() {
    KernelWriter writer(problem_, "top_in_memory");
    const Lanes lanes = begin(writer);
    writer.body(write(writer));
    writer.body(fmt::format(
        "int64 size = 1;\nwhile (size < length) size *= 2;\n{}Key* keys = {} + lane * size;\n"
        "for (int64 t = threadIdx.x; t < size; t += {}) keys[t] = t < length ? key_at(lane, "
        "static_cast<index_t>(t)) : Key::last();\nsort_keys<{}>(keys, size);\n{}}}\n",
        each_lane, writer.workspace("Key", 0), threads, threads, write_first("keys")));
    DeviceSource source;
    writer.finish({{blocks_for(lanes.count(), 1), 1, 1}, {threads, 1, 1}}, source);
    // A power of two is less than twice the length.
    source.program.workspace_bytes = lanes.count() * (lanes.length() + 1) * Dim(2 * 16);
    return source;
  }

  DeviceSource kept() {
    const int size = configuration_.size, parts = configuration_.parts;
    const bool split = parts > 1;
    DeviceSource source;
    KernelWriter writer(problem_, split ? "top_of_parts" : "top_of_lanes");
    const Lanes lanes = begin(writer);
    if (!split) writer.body(write(writer));
    writer.body(fmt::format(
        "__shared__ Key keys[{0}];\nconst index_t part = (length + {1} - 1) / {1};\n"
        "for (index_t item = blockIdx.x; item < count * {1}; item += gridDim.x) {{\n"
        "const index_t lane = item / {1}, begin = item % {1} * part;\n"
        "const index_t elements = length - begin < part ? length - begin : part;\n"
        "keep_first<{2}, {0}>(keys, elements, [=](index_t r) -> Key {{\nreturn key_at(lane, begin "
        "+ r);\n}});\n{3}}}\n",
        size, parts, threads,
        split ? fmt::format("for (int j = threadIdx.x; j < {0}; j += {1}) {2}[item * {0} + j] = "
                            "keys[j];\n",
                            size / 2, threads, writer.workspace("Key", 0))
              : write_first("keys")));
    const Dim items = lanes.count() * Dim(int64_t{parts});
    writer.finish({{blocks_for(items, 1), 1, 1}, {threads, 1, 1}}, source);
    if (split) {
      join(source);
      source.program.workspace_bytes = items * Dim(int64_t{size} / 2 * 16);
    }
    return source;
  }

  // The first of what the parts of each lane kept.
  void join(DeviceSource& source) {
    const int size = configuration_.size, parts = configuration_.parts;
    KernelWriter writer(problem_, "top_of_tops");
    const Lanes lanes = begin(writer);
    writer.body(write(writer));
    writer.body(fmt::format(
        "__shared__ Key keys[{0}];\n{1}const Key* kept = {2} + static_cast<int64>(lane) * {3};\n"
        "keep_first<{4}, {0}>(keys, {3}, [=](int r) -> Key {{\nreturn kept[r];\n}});\n{5}}}\n",
        size, each_lane, writer.workspace("const Key", 0), size / 2 * parts, threads,
        write_first("keys")));
    writer.finish({{blocks_for(lanes.count(), 1), 1, 1}, {threads, 1, 1}}, source);
  }

  const Problem& problem_;
  const Configuration configuration_;
};

int power_of_two(int64_t least) {
  int result = 64;
  while (result < least) result *= 2;
  return result;
}

std::optional<Lanes> typical_lanes(const TacticQuery& query) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes || !shapes->inputs[0]) return std::nullopt;
  return lanes_of(query.problem(), to_dims(*shapes->inputs[0]));
}

std::vector<std::string> configurations(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const int most = has_long_keys(problem) ? 2048 : 4096;  // 32 KB of keys
  const Dim& length = (*problem.inputs[0]->type.dims)[axis_of_problem(problem)];
  const Tensor* wanted = query.constant(1);
  const Dim k = wanted != nullptr ? Dim(load_integers(wanted->view(), "K").at(0))
                                  : (*problem.outputs[0]->type.dims)[axis_of_problem(problem)];
  std::vector<std::string> texts;
  if (length.is_constant() && length.constant() <= most)
    texts.push_back(fmt::format("sort {}", power_of_two(length.constant())));
  if (k.is_constant() && 2 * k.constant() <= most) {
    const int size = std::max(256, power_of_two(2 * k.constant()));
    if (texts.empty() || length.constant() > size) {
      texts.push_back(fmt::format("keep {} 1", size));
      if (const auto lanes = typical_lanes(query)) {
        const int64_t blocks = 2 * rates_of(query.architecture).multiprocessors /
                               std::max<int64_t>(1, lanes->count().constant());
        const int64_t parts = std::min<int64_t>(blocks, lanes->length().constant() / (4 * size));
        if (parts > 1) texts.push_back(fmt::format("keep {} {}", size, parts));
      }
    }
  }
  if (texts.empty()) texts.emplace_back("memory");
  return texts;
}

// A block sorts 2^n keys in n * (n + 1) / 2 steps, each some 50 ns and more for more keys than
// threads.
double sort_us(double keys) {
  double steps = 0, n = 0;
  for (double size = 1; size < keys; size *= 2) steps += ++n;
  return steps * (0.05 + keys / threads * 0.005);
}

double estimate(const TacticQuery& query, std::string_view text) {
  const double traffic = traffic_us(query);
  const auto lanes = typical_lanes(query);
  if (traffic < 0 || !lanes) return traffic;
  const CardRates rates = rates_of(query.architecture);
  const Configuration c = Configuration::parse(text);
  const auto count = static_cast<double>(lanes->count().constant());
  const auto length = static_cast<double>(lanes->length().constant());
  const double waves = std::max(1.0, count * c.parts / (rates.multiprocessors * 4.0));
  if (c.method == "sort") return traffic + waves * sort_us(c.size);
  if (c.method == "memory") return traffic + waves * 8 * sort_us(length);
  const double half = c.size / 2.0;
  double us = traffic + waves * std::max(1.0, length / c.parts / half) * sort_us(c.size);
  if (c.parts > 1) us += rates.launch_us + c.parts * sort_us(c.size);
  return us;
}

}  // namespace

Tactic topk_tactic() {
  Tactic tactic;
  tactic.name = "cuda.topk";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.generate = [](const TacticQuery& query, std::string_view configuration) {
    return TopKKernel(query.problem(), Configuration::parse(configuration)).source();
  };
  return tactic;
}

}  // namespace cermet::cuda
