#include "backends/cpu/run/tile_program.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "base/error.h"

namespace cermet::cpu {
namespace {

constexpr size_t full_tile_bytes = tile_size * 8;

bool is_small_float(ElementType type) {
  return type == ElementType::float16 || type == ElementType::bfloat16;
}

// The range of an integer type as far as int64 holds it.
struct IntegerRange {
  int64_t low, high;
};
IntegerRange range_of(ElementType type) {
  const int bits = bit_width(type);
  if (is_signed_integer(type)) {
    const int64_t high = std::numeric_limits<int64_t>::max() >> (64 - bits);
    return {-high - 1, high};
  }
  return {0, bits == 64 ? std::numeric_limits<int64_t>::max() : (int64_t{1} << bits) - 1};
}

bool inside(IntegerRange a, IntegerRange b) { return a.low >= b.low && a.high <= b.high; }

size_t at(ScalarOp op) { return static_cast<size_t>(op); }
size_t at(Lane lane) { return static_cast<size_t>(lane); }
size_t at(ElementType type) { return static_cast<size_t>(type); }

}  // namespace

Lane lane_of(ElementType type) {
  switch (type) {
    case ElementType::float64:
      return Lane::f64;
    case ElementType::boolean:
      return Lane::mask;
    case ElementType::int64:
    case ElementType::uint64:
    case ElementType::uint32:
      return Lane::i64;
    default:
      return is_integer(type) ? Lane::i32 : Lane::f32;
  }
}

bool has_lane(ElementType type) {
  return type == ElementType::float32 || type == ElementType::float64 || is_small_float(type) ||
         type == ElementType::boolean || (is_integer(type) && bit_width(type) >= 8);
}

bool is_lane_in_memory(ElementType type) {
  return type == ElementType::float32 || type == ElementType::float64 ||
         type == ElementType::int32 || type == ElementType::int64 || type == ElementType::uint64;
}

// Goes through the nodes that the results need. While it runs, slots are numbered by kind; `finish`
// puts the kinds one behind the other.
class TileCompiler {
 public:
  TileCompiler(const ScalarExpr& expression, InstructionSet set, TileProgram& program)
      : expression_(expression),
        nodes_(expression.nodes()),
        table_(tile_functions(set)),
        program_(program),
        uses_(nodes_.size(), 0),
        places_(nodes_.size()) {}

  void compile() {
    count_uses();
    program_.operand_types_.assign(expression_.operand_count(), ElementType::undefined);
    for (int i = 0; i < static_cast<int>(nodes_.size()); ++i)
      if (uses_[i] > 0) compile_node(i);
    for (int node : expression_.results()) program_.result_types_.push_back(nodes_[node].type);
    // The first result may be an operand's memory: operands are handed on before it is written.
    store_results(true);
    store_results(false);
    write_results_directly();
    finish();
  }

 private:
  enum class Kind : uint8_t { tile, constant, operand, result };
  struct Place {
    Kind kind = Kind::tile;
    int number = 0;
    bool operator==(const Place&) const = default;
  };
  struct Row {
    TileFunction function;
    Place to;
    std::array<Place, 3> args;
    size_t count;
  };

  const ScalarNode& argument(const ScalarNode& node, int i) const { return nodes_[node.args[i]]; }

  // Unused nodes are left out. An addition takes its multiplication in when nobody else reads it.
  void count_uses() {
    for (int node : expression_.results()) ++uses_[node];
    for (size_t i = nodes_.size(); i-- > 0;) {
      if (uses_[i] == 0) continue;
      for (int k = 0; k < info(nodes_[i].op).arity; ++k) ++uses_[nodes_[i].args[k]];
    }
  }

  void store_results(bool of_operands) {
    for (size_t i = expression_.results().size(); i-- > 0;) {
      const Place place = places_[expression_.results()[i]];
      if ((place.kind == Kind::operand) == of_operands)
        emit(table_.store[at(program_.result_types_[i])], {Kind::result, static_cast<int>(i)},
             {place});
    }
  }

  int fused_product(const ScalarNode& node) const {
    if (node.op != ScalarOp::add || node.type != ElementType::float32) return -1;
    for (int k : {0, 1}) {
      const int product = node.args[k];
      if (nodes_[product].op == ScalarOp::mul && uses_[product] == 1 &&
          node.args[0] != node.args[1])
        return k;
    }
    return -1;
  }

  bool is_fused(int index) const {
    if (nodes_[index].op != ScalarOp::mul || uses_[index] != 1) return false;
    for (int i = index + 1; i < static_cast<int>(nodes_.size()); ++i) {
      if (uses_[i] == 0) continue;
      const int k = fused_product(nodes_[i]);
      if (k >= 0 && nodes_[i].args[k] == index) return true;
    }
    return false;
  }

  void compile_node(int index) {
    const ScalarNode& node = nodes_[index];
    require(has_lane(node.type), ErrorCode::unsupported, "elements of type {}", name(node.type));
    if (node.op == ScalarOp::input)
      places_[index] = compile_input(node);
    else if (node.op == ScalarOp::constant)
      places_[index] = compile_constant(node);
    else if (node.op == ScalarOp::cast)
      places_[index] = compile_cast(node);
    else if (!is_fused(index))
      places_[index] = compile_operation(node);
  }

  Place compile_input(const ScalarNode& node) {
    program_.operand_types_[node.index] = node.type;
    const Place operand{Kind::operand, node.index};
    if (is_lane_in_memory(node.type)) return operand;
    return emit(table_.load[at(node.type)], new_tile(lane_of(node.type)), {operand});
  }

  Place compile_constant(const ScalarNode& node) {
    switch (lane_of(node.type)) {
      case Lane::f32:
        return constant(static_cast<float>(node.value));
      case Lane::f64:
        return constant(node.value);
      case Lane::i32:
        return constant(static_cast<int32_t>(node.integer));
      case Lane::i64:
        return constant(node.integer);
      case Lane::mask:
        return constant(int32_t{node.integer != 0 ? -1 : 0});
    }
    fail(ErrorCode::internal, "a constant without lane");
  }

  Place compile_operation(const ScalarNode& node) {
    if (const int k = fused_product(node); k >= 0) {
      const ScalarNode& product = argument(node, k);
      return emit(table_.multiply_add, new_tile(Lane::f32),
                  {places_[product.args[0]], places_[product.args[1]], places_[node.args[1 - k]]});
    }
    if (const auto power = compile_power(node)) return *power;
    const int arity = info(node.op).arity;
    const ElementType type = node.op == ScalarOp::select ? node.type : argument(node, 0).type;
    const Lane lane = lane_of(type);
    TileFunction function = table_.operations[at(node.op)][at(lane)];
    if (type == ElementType::uint64 && table_.unsigned_operations[at(node.op)] != nullptr)
      function = table_.unsigned_operations[at(node.op)];
    require(function != nullptr, ErrorCode::unsupported, "{} of {}", info(node.op).name,
            name(type));
    std::vector<Place> args;
    for (int k = 0; k < arity; ++k) args.push_back(places_[node.args[k]]);
    const Place to = emit(function, new_tile(lane_of(node.type)), args);
    return is_integer(node.type) ? narrowed(to, node.type) : to;
  }

  // Powers with a small whole exponent are products.
  std::optional<Place> compile_power(const ScalarNode& node) {
    if (node.op != ScalarOp::pow || node.type != ElementType::float32) return std::nullopt;
    const ScalarNode& exponent = argument(node, 1);
    if (exponent.op != ScalarOp::constant) return std::nullopt;
    const Place x = places_[node.args[0]];
    const TileFunction multiply = table_.operations[at(ScalarOp::mul)][at(Lane::f32)];
    if (exponent.value != 2 && exponent.value != 3) return std::nullopt;
    const Place square = emit(multiply, new_tile(Lane::f32), {x, x});
    if (exponent.value == 2) return square;
    return emit(multiply, new_tile(Lane::f32), {square, x});
  }

  Place narrowed(Place place, ElementType type) {
    if (table_.narrow[at(type)] == nullptr) return place;
    return emit(table_.narrow[at(type)], new_tile(lane_of(type)), {place});
  }

  Place converted(Place place, Lane from, Lane to) {
    if (from == to) return place;
    const TileFunction function = table_.convert[at(from)][at(to)];
    require(function != nullptr, ErrorCode::internal, "no conversion between lanes");
    return emit(function, new_tile(to), {place});
  }

  Place compile_cast(const ScalarNode& node) {
    const ElementType from = argument(node, 0).type, to = node.type;
    const Place x = places_[node.args[0]];
    if (from == to) return x;
    const auto refuse = [&](std::string_view why) {
      fail(ErrorCode::unsupported, "a cast from {} to {}{}", name(from), name(to), why);
    };
    if (to == ElementType::boolean || from == ElementType::boolean)
      return converted(x, lane_of(from), lane_of(to));
    if (is_floating(to)) {
      const bool exact = is_floating(from) ? from != ElementType::float64 || !is_small_float(to)
                                           : to != ElementType::bfloat16 || bit_width(from) <= 16;
      if (!exact) refuse(", which would be rounded twice");
      if (from == ElementType::uint64) refuse("");
      const Place wide = converted(x, lane_of(from), lane_of(to));
      return is_small_float(to) ? narrowed(wide, to) : wide;
    }
    if (is_floating(from)) {
      if (!node.saturate) refuse(" without saturation");
      const auto& functions = lane_of(from) == Lane::f64 ? table_.from_f64 : table_.from_f32;
      return emit(functions[at(to)], new_tile(lane_of(to)), {x});
    }
    return node.saturate ? clamp_integer(x, from, to) : wrap_integer(x, from, to);
  }

  Place wrap_integer(Place x, ElementType from, ElementType to) {
    return narrowed(converted(x, lane_of(from), lane_of(to)), to);
  }

  Place clamp_integer(Place x, ElementType from, ElementType to) {
    require(from != ElementType::uint64, ErrorCode::unsupported, "a saturating cast from uint64");
    const Lane lane = lane_of(from);
    const IntegerRange source = range_of(from), target = range_of(to);
    if (!inside(source, target)) {
      const auto limit = [&](ScalarOp op, int64_t bound) {
        const Place tile =
            lane == Lane::i32 ? constant(static_cast<int32_t>(bound)) : constant(bound);
        x = emit(table_.operations[at(op)][at(lane)], new_tile(lane), {x, tile});
      };
      if (source.low < target.low) limit(ScalarOp::max, target.low);
      if (source.high > target.high) limit(ScalarOp::min, target.high);
    }
    return converted(x, lane, lane_of(to));
  }

  Place new_tile(Lane lane) {
    tile_lanes_.push_back(lane);
    return {Kind::tile, static_cast<int>(tile_lanes_.size() - 1)};
  }

  template <class T>
  Place constant(T value) {
    std::array<std::byte, 8> bytes{};
    std::memcpy(bytes.data(), &value, sizeof(T));
    for (size_t i = 0; i < constants_.size(); ++i)
      if (constants_[i].first == bytes && constants_[i].second == sizeof(T))
        return {Kind::constant, static_cast<int>(i)};
    constants_.emplace_back(bytes, sizeof(T));
    return {Kind::constant, static_cast<int>(constants_.size() - 1)};
  }

  Place emit(TileFunction function, Place to, std::span<const Place> args) {
    Row row{function, to, {}, args.size()};
    std::copy(args.begin(), args.end(), row.args.begin());
    for (size_t i = args.size(); i < 3; ++i) row.args[i] = args[0];
    rows_.push_back(row);
    return to;
  }
  Place emit(TileFunction function, Place to, std::initializer_list<Place> args) {
    return emit(function, to, std::span<const Place>(args.begin(), args.size()));
  }

  // A tile that is only stored as it is can be computed in the result's memory, unless an operand,
  // which may be the same memory, is read afterwards.
  void write_results_directly() {
    for (size_t i = 0; i < program_.result_types_.size(); ++i) {
      const Place result{Kind::result, static_cast<int>(i)};
      const auto store = std::find_if(rows_.begin(), rows_.end(),
                                      [&](const Row& row) { return row.to == result; });
      const Place tile = store->args[0];
      if (!is_lane_in_memory(program_.result_types_[i]) || tile.kind != Kind::tile) continue;
      const auto made =
          std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.to == tile; });
      const bool reads_later = std::any_of(made + 1, rows_.end(), [&](const Row& row) {
        return std::any_of(row.args.begin(), row.args.begin() + row.count,
                           [](Place place) { return place.kind == Kind::operand; });
      });
      if (reads_later) continue;
      rows_.erase(store);
      for (Row& row : rows_) {
        if (row.to == tile) row.to = result;
        std::replace(row.args.begin(), row.args.end(), tile, result);
      }
    }
  }

  // Tiles share memory with tiles of the same width that are not read any more.
  void place_tiles(std::vector<size_t>& register_of) {
    std::vector<size_t> last(tile_lanes_.size(), 0);
    for (size_t i = 0; i < rows_.size(); ++i)
      for (const Place& place : rows_[i].args)
        if (place.kind == Kind::tile) last[place.number] = i;
    std::array<std::vector<size_t>, 2> free;
    std::vector<size_t> widths;
    register_of.assign(tile_lanes_.size(), 0);
    for (size_t i = 0; i < rows_.size(); ++i) {
      std::vector<int> ended;
      for (const Place& place : rows_[i].args)
        if (place.kind == Kind::tile && last[place.number] == i) ended.push_back(place.number);
      std::sort(ended.begin(), ended.end());
      ended.erase(std::unique(ended.begin(), ended.end()), ended.end());
      const auto width_class = [&](int tile) { return lane_bytes(tile_lanes_[tile]) / 8; };
      for (int tile : ended) free[width_class(tile)].push_back(register_of[tile]);
      if (rows_[i].to.kind != Kind::tile) continue;
      const int tile = rows_[i].to.number;
      auto& available = free[width_class(tile)];
      if (available.empty()) {
        available.push_back(widths.size());
        widths.push_back(lane_bytes(tile_lanes_[tile]));
      }
      register_of[tile] = available.back();
      available.pop_back();
    }
    for (size_t width : widths) {
      program_.tile_offsets_.push_back(program_.tile_bytes_);
      program_.tile_bytes_ += width * tile_size;
    }
  }

  void finish() {
    std::vector<size_t> register_of;
    place_tiles(register_of);
    const size_t tiles = program_.tile_offsets_.size(), constants = constants_.size();
    const auto slot = [&](Place place) {
      const size_t bases[] = {0, tiles, tiles + constants,
                              tiles + constants + program_.operand_types_.size()};
      const size_t number = place.kind == Kind::tile ? register_of[place.number] : place.number;
      return static_cast<int32_t>(bases[static_cast<int>(place.kind)] + number);
    };
    for (const Row& row : rows_)
      program_.instructions_.push_back(
          {row.function, slot(row.to), slot(row.args[0]), slot(row.args[1]), slot(row.args[2])});
    program_.constant_count_ = constants;
    program_.constants_.reset(static_cast<std::byte*>(
        ::operator new(std::max<size_t>(1, constants) * full_tile_bytes, std::align_val_t{64})));
    for (size_t i = 0; i < constants; ++i)
      for (int64_t k = 0; k < tile_size; ++k)
        std::memcpy(program_.constants_.get() + i * full_tile_bytes + k * constants_[i].second,
                    constants_[i].first.data(), constants_[i].second);
  }

  const ScalarExpr& expression_;
  const std::vector<ScalarNode>& nodes_;
  const TileTable& table_;
  TileProgram& program_;
  std::vector<int> uses_;
  std::vector<Place> places_;
  std::vector<Row> rows_;
  std::vector<Lane> tile_lanes_;
  std::vector<std::pair<std::array<std::byte, 8>, size_t>> constants_;
};

void TileProgram::Free::operator()(void* memory) const {
  ::operator delete(memory, std::align_val_t{64});
}

TileProgram::TileProgram(const ScalarExpr& expression, InstructionSet set) {
  TileCompiler(expression, set, *this).compile();
}

std::optional<std::string> TileProgram::rejects(const ScalarExpr& expression) {
  try {
    const TileProgram program(expression, InstructionSet::portable);
    return std::nullopt;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported) throw;
    return "tiles have no " + error.message();
  }
}

size_t TileProgram::scratch_bytes() const {
  const size_t slots =
      tile_offsets_.size() + constant_count_ + operand_types_.size() + result_types_.size();
  return tile_bytes_ + (slots * sizeof(void*) + 63) / 64 * 64;
}

TileProgram::Frame TileProgram::frame(void* scratch) const {
  auto* tiles = static_cast<std::byte*>(scratch);
  Frame frame;
  frame.slots = reinterpret_cast<void**>(tiles + tile_bytes_);
  size_t slot = 0;
  for (size_t offset : tile_offsets_) frame.slots[slot++] = tiles + offset;
  for (size_t i = 0; i < constant_count_; ++i)
    frame.slots[slot++] = constants_.get() + i * full_tile_bytes;
  frame.operands = const_cast<const void**>(frame.slots + slot);
  frame.results = frame.slots + slot + operand_types_.size();
  return frame;
}

}  // namespace cermet::cpu
