// Symbolic sizes: integers, symbols, and expressions of them in a normal form, so that equal
// expressions compare equal (N*2+N and 3*N, for instance).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cermet {

struct DimNode;

// Symbols whose value is data, defined while running by the step that makes a value of that size,
// have names that start so; all others are sizes of the model's inputs.
inline constexpr std::string_view data_symbol_prefix = "data.";

// Values of symbols by name.
using SymbolValues = std::map<std::string, int64_t, std::less<>>;

// An immutable value type; constants allocate nothing. Division and modulo round towards minus
// infinity. Arithmetic that overflows int64 throws out_of_range.
class Dim {
 public:
  Dim() = default;  // 0
  Dim(int64_t constant) : constant_(constant) {}
  // Names are letters, digits and _ . / : - only; other characters are replaced by '_'.
  static Dim symbol(std::string_view name);
  // Reads what to_string writes. Throws invalid_argument with the position of the fault.
  static Dim parse(std::string_view text);

  bool is_constant() const { return node_ == nullptr; }
  int64_t constant() const;  // throws internal when not constant
  bool is_constant(int64_t value) const { return is_constant() && constant_ == value; }
  // The name when this is exactly one symbol.
  std::optional<std::string> as_symbol() const;

  std::string to_string() const;
  void collect_symbols(std::set<std::string>& into) const;
  // Those of them that are data.
  void collect_data_symbols(std::set<std::string>& into) const;
  // Whether this is exactly one symbol, and that is data.
  bool is_data_symbol() const;
  // Throws out_of_range naming the missing symbol, or runtime when a broadcast does not fit.
  int64_t evaluate(const SymbolValues& values) const;
  // Nothing when a symbol is missing.
  std::optional<int64_t> try_evaluate(const SymbolValues& values) const;
  Dim substitute(const std::map<std::string, Dim, std::less<>>& values) const;

  // True when both are equal for every value of the symbols, as far as the normal form can tell.
  bool operator==(const Dim& other) const;

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  friend Dim floor_div(const Dim& a, const Dim& b);
  friend Dim ceil_div(const Dim& a, const Dim& b);
  friend Dim modulo(const Dim& a, const Dim& b);
  friend Dim min(const Dim& a, const Dim& b);
  friend Dim max(const Dim& a, const Dim& b);
  // The size that two sizes broadcast to: evaluating it fails when they differ and neither is 1.
  // Constants that can't broadcast throw invalid_model at once.
  friend Dim broadcast(const Dim& a, const Dim& b);
  // a / b when b divides a for every value of the symbols ((6*N) / (2*N) is 3).
  friend std::optional<Dim> exact_div(const Dim& a, const Dim& b);

 private:
  friend struct DimNode;
  int64_t constant_ = 0;
  std::shared_ptr<const DimNode> node_;
};

using Dims = std::vector<Dim>;

Dims to_dims(const std::vector<int64_t>& shape);
// "[N, 3, H/2]"
std::string to_string(const Dims& dims);
Dim product(const Dims& dims);
bool all_constant(const Dims& dims);
std::vector<int64_t> constants(const Dims& dims);  // requires all_constant
std::vector<int64_t> evaluate(const Dims& dims, const SymbolValues& values);
// Smallest and largest value given each symbol's range; nothing when a symbol has none or the
// expression is not monotone enough to tell. Bounds are safe, not always tight.
struct Range {
  int64_t low = 0;
  int64_t high = 0;
};
std::optional<Range> bounds(const Dim& dim,
                            const std::map<std::string, Range, std::less<>>& ranges);

}  // namespace cermet
