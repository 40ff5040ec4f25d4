#include <vector>

#include "ops/families.ref.h"
#include "ops/math/groups.ref.h"

namespace cermet {

std::span<const Operator> math_operators() {
  static const std::vector<Operator> all = [] {
    std::vector<Operator> joined;
    for (auto group :
         {unary_operators, activation_operators, arithmetic_operators, comparison_operators,
          variadic_operators, selection_operators, cast_operators}) {
      const auto operators = group();
      joined.insert(joined.end(), operators.begin(), operators.end());
    }
    return joined;
  }();
  return all;
}

}  // namespace cermet
