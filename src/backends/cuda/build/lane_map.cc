#include "backends/cuda/build/lane_map.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/operand_memory.h"

namespace cermet::cuda {
namespace {

constexpr int most_in_registers = 32;  // elements of a thread
constexpr int column_threads = 256;

// "lane GROUP ELEMENTS": threads of a lane, elements that each can keep; "column WIDTH": threads
// side by side.
struct Configuration {
  std::string method;
  int group = 32;
  int elements = 1;

  static Configuration parse(std::string_view text) {
    Configuration result;
    std::istringstream stream{std::string(text)};
    stream >> result.method >> result.group >> result.elements;
    return result;
  }
  std::string to_string() const { return fmt::format("{} {} {}", method, group, elements); }
  int threads() const { return std::max(group, 128); }
};

bool by_columns(const Lanes& lanes) { return lanes.are_columns() && !lanes.inner().is_constant(1); }

int round_up(int64_t value, int multiple) {
  return static_cast<int>((value + multiple - 1) / multiple * multiple);
}

class LaneMapKernel {
 public:
  LaneMapKernel(KernelWriter& writer, const LaneMap& map, std::string_view operation,
                const Configuration& configuration, const PackStatements& write)
      : writer_(writer),
        map_(map),
        lanes_(map.lanes()),
        operation_(operation),
        configuration_(configuration),
        write_(write) {}

  void finish(DeviceSource& into) {
    if (configuration_.method == "column")
      by_column(into);
    else
      by_lane(into);
  }

 private:
  std::string index(const Dim& value) {
    return fmt::format("static_cast<index_t>({})", writer_.value(value));
  }

  std::string results(int pack) const {
    return fmt::format(
        "const auto results = [=](index_t lane, index_t r, index_t at, Values<{}::T, {}> values) "
        "{{\n{}}};\n",
        operation_, pack, write_(pack));
  }

  // Room for `values` of either fold.
  std::string scratch(int values) const {
    return fmt::format(
        "using F1 = {0}::First::value_t;\nusing F2 = {0}::Second::value_t;\n"
        "__shared__ __align__(16) unsigned char scratch[(sizeof(F1) > sizeof(F2) ? sizeof(F1) : "
        "sizeof(F2)) * {1}];\n",
        operation_, values);
  }

  void by_lane(DeviceSource& into) {
    const int threads = configuration_.threads(), group = configuration_.group;
    const bool runs = lanes_.are_runs();
    writer_.body(scratch(threads / 32));
    if (runs) {
      writer_.body(fmt::format(
          "const auto lane_offset = [=](index_t lane) -> index_t {{\nreturn lane * {};\n}};\n"
          "const auto element_offset = [=](index_t r) -> index_t {{\nreturn r;\n}};\n",
          index(lanes_.length())));
    } else {
      writer_.body(lanes_.lane_offset(writer_, "lane_offset"));
      writer_.body(lanes_.element_offset(writer_, "element_offset"));
    }
    const auto call = [&](int pack) {
      return fmt::format(
          "{}map_lanes<{}, {}, {}, {}, {}>({}, {}, {}, scratch, lane_offset, element_offset, "
          "results);\n",
          results(pack), operation_, threads, group, std::max(1, configuration_.elements / pack),
          pack, writer_.input_may_alias(0), index(lanes_.count()), index(lanes_.length()));
    };
    if (runs && !lanes_.length().is_constant() && map_.widest > 1 && !map_.unit)
      writer_.body(fmt::format("if ({} % {} == 0) {{\n{}}} else {{\n{}}}\n", index(lanes_.length()),
                               map_.widest, call(map_.widest), call(1)));
    else
      writer_.body(call(pack_of_lanes()));
    writer_.finish({{blocks_for(lanes_.count(), threads / group), 1, 1}, {threads, 1, 1}}, into);
  }

  // Packs must not leave the innermost dimensions that lie within a lane.
  int pack_of_lanes() const {
    if (!map_.layout.order.empty() || !lanes_.are_runs()) {
      const std::vector<size_t> order = memory_order(map_.layout, map_.dims.size());
      Dim side_by_side = 1;
      for (size_t k = order.size(); k > 0 && map_.within[order[k - 1]]; --k)
        side_by_side = side_by_side * map_.dims[order[k - 1]];
      return within_unit(dividing_pack(side_by_side, map_.widest));
    }
    return within_unit(dividing_pack(lanes_.length(), map_.widest));
  }

  int within_unit(int pack) const { return map_.unit ? dividing_pack(*map_.unit, pack) : pack; }

  void by_column(DeviceSource& into) {
    const int width = configuration_.group;
    const int pack = within_unit(dividing_pack(lanes_.inner(), map_.widest));
    const Dim outer = lanes_.outer();
    writer_.body(scratch(column_threads * pack));
    writer_.body(results(pack));
    writer_.body(fmt::format("map_columns<{}, {}, {}, {}>({}, {}, {}, {}, scratch, results);\n",
                             operation_, column_threads, width, pack, writer_.input_may_alias(0),
                             index(outer), index(lanes_.length()), index(lanes_.inner())));
    const Dim across = ceil_div(lanes_.inner(), Dim(int64_t{width} * pack));
    writer_.finish({{blocks_for(outer * across, 1), 1, 1}, {column_threads, 1, 1}}, into);
  }

  KernelWriter& writer_;
  const LaneMap& map_;
  const Lanes lanes_;
  const std::string operation_;
  const Configuration configuration_;
  const PackStatements& write_;
};

}  // namespace

std::vector<std::string> lane_map_configurations(const LaneMap& map, const LaneMap& typical) {
  const Lanes lanes = map.lanes();
  if (by_columns(lanes)) return {"column 32 1", "column 8 1"};
  const int64_t length = typical.lanes().length().constant();
  const int pack = map.widest;
  std::vector<std::string> texts;
  // A length that is known only when the kernel runs may be far from the typical one.
  const bool known = lanes.length().is_constant();
  for (int group : {4, 32, 128, 256, 512, 1024}) {
    if (!known && group < 32) continue;
    const int64_t least = known ? 1 : 16;
    const int elements = round_up(std::max(least, (length + group - 1) / group), pack);
    if (elements > most_in_registers) continue;
    texts.push_back(Configuration{"lane", group, elements}.to_string());
    if (texts.size() == 3 || (known && elements == pack)) break;
  }
  if (texts.empty()) texts.push_back(Configuration{"lane", 1024, pack}.to_string());
  return texts;
}

// Some 32 KB under way on each multiprocessor give the full rate; what is read again is assumed to
// come from the cache at a third of the cost.
double lane_map_estimate(const TacticQuery& query, const LaneMap& typical,
                         std::string_view configuration) {
  const double traffic = traffic_us(query);
  if (traffic < 0) return traffic;
  const CardRates rates = rates_of(query.architecture);
  const Configuration c = Configuration::parse(configuration);
  const Lanes lanes = typical.lanes();
  const auto count = static_cast<double>(lanes.count().constant());
  const auto length = static_cast<double>(lanes.length().constant());
  const double element = bit_width(query.problem().inputs[0]->type.element) / 8.0;
  const bool column = c.method == "column";
  const double kept = static_cast<double>(c.group) * c.elements;
  const double in_flight =
      column ? count * std::min(length, column_threads / static_cast<double>(c.group)) * 16
             : count * std::min(length, kept) * element;
  const double share = std::clamp(in_flight / (rates.multiprocessors * 32768.0), 1e-3, 1.0);
  const double passes = column || length > kept ? 1.6 : 1;
  const double launched = column ? count * column_threads / c.group : count * c.group;
  const double waves = launched / (rates.multiprocessors * 2048.0);
  return rates.launch_us + (traffic - rates.launch_us) * passes / share +
         (c.group > 32 && !column ? 0.8 : 0.4) * waves;
}

void finish_lane_map(KernelWriter& writer, const LaneMap& map, std::string_view operation,
                     std::string_view configuration, const PackStatements& write,
                     DeviceSource& into) {
  LaneMapKernel(writer, map, operation, Configuration::parse(configuration), write).finish(into);
}

}  // namespace cermet::cuda
