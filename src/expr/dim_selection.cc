// min, max and broadcast: operations that hand one of their arguments on.
#include <algorithm>

#include "base/error.h"
#include "expr/dim_normal_form.h"

namespace cermet {
namespace {

// The arguments of a nested operation of the same kind, one level: arguments are already flat.
std::vector<Dim> flatten(DimOp op, const Dim& a, const Dim& b) {
  std::vector<Dim> flat;
  for (const Dim* dim : {&a, &b}) {
    const DimAtom* atom = single_atom(*dim);
    if (atom && atom->op == op) {
      flat.insert(flat.end(), atom->args.begin(), atom->args.end());
    } else {
      flat.push_back(*dim);
    }
  }
  return flat;
}

Dim make_sorted(DimOp op, std::vector<Dim> args) {
  if (args.size() == 1) return args[0];
  std::vector<std::pair<std::string, Dim>> keyed;
  keyed.reserve(args.size());
  for (Dim& dim : args) keyed.emplace_back(dim.to_string(), std::move(dim));
  std::sort(keyed.begin(), keyed.end(),
            [](const auto& x, const auto& y) { return x.first < y.first; });
  for (size_t i = 0; i < args.size(); ++i) args[i] = std::move(keyed[i].second);
  return DimNode::make(op, std::move(args));
}

int64_t take_constant(DimTerms& terms) {
  if (terms.empty() || !terms.back().factors.empty()) return 0;
  const int64_t constant = terms.back().coefficient;
  terms.pop_back();
  return constant;
}

// Which of two that differ by a constant is smaller: -1, 0, 1; nothing when they differ otherwise.
std::optional<int> compare_by_constant(const Dim& a, const Dim& b) {
  DimTerms left = DimNode::terms_of(a);
  DimTerms right = DimNode::terms_of(b);
  const int64_t x = take_constant(left);
  const int64_t y = take_constant(right);
  const bool same = std::equal(
      left.begin(), left.end(), right.begin(), right.end(), [](const DimTerm& s, const DimTerm& t) {
        return s.coefficient == t.coefficient && compare(s.factors, t.factors) == 0;
      });
  if (!same) return std::nullopt;
  return x < y ? -1 : x > y;
}

// `wanted`: -1 keeps the smaller, 1 the larger of two comparable arguments.
Dim extremum(DimOp op, int wanted, const Dim& a, const Dim& b) {
  std::vector<Dim> kept;
  for (const Dim& candidate : flatten(op, a, b)) {
    bool covered = false;
    for (Dim& dim : kept) {
      const auto order = compare_by_constant(candidate, dim);
      if (!order) continue;
      if (*order == wanted) dim = candidate;
      covered = true;
      break;
    }
    if (!covered) kept.push_back(candidate);
  }
  return make_sorted(op, std::move(kept));
}

// Whether the size is the other one, cut down to a constant: a slice of a table with as many rows
// as there are positions at most.
bool is_cut_down(const Dim& size, const Dim& other) {
  const DimAtom* atom = single_atom(size);
  if (!atom || atom->op != DimOp::min) return false;
  return std::find(atom->args.begin(), atom->args.end(), other) != atom->args.end() &&
         std::all_of(atom->args.begin(), atom->args.end(), [&](const Dim& arg) {
           return arg == other || (arg.is_constant() && arg.constant() >= 1);
         });
}

}  // namespace

Dim min(const Dim& a, const Dim& b) { return extremum(DimOp::min, -1, a, b); }

Dim max(const Dim& a, const Dim& b) { return extremum(DimOp::max, 1, a, b); }

// A constant c other than 1 decides the result, as every size that fits it is c or 1; and d decides
// over min(d, c), which is d or 1 where they fit. That drops the check of the other sizes: the
// kernel that broadcasts sees them and makes it.
Dim broadcast(const Dim& a, const Dim& b) {
  std::vector<Dim> kept;
  std::optional<Dim> decided;
  for (const Dim& dim : flatten(DimOp::broadcast, a, b)) {
    if (dim.is_constant(1)) continue;
    if (dim.is_constant()) {
      if (decided && *decided != dim)
        fail(ErrorCode::invalid_model,
             "expected sizes that are equal or 1 to broadcast, got {} and {}", a.to_string(),
             b.to_string());
      decided = dim;
    } else if (std::find(kept.begin(), kept.end(), dim) == kept.end()) {
      kept.push_back(dim);
    }
  }
  if (decided) return *decided;
  if (kept.empty()) return 1;
  const std::vector<Dim> all = kept;
  std::erase_if(kept, [&](const Dim& dim) {
    return std::any_of(all.begin(), all.end(),
                       [&](const Dim& other) { return is_cut_down(dim, other); });
  });
  return make_sorted(DimOp::broadcast, std::move(kept));
}

}  // namespace cermet
