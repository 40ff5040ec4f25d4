// The equation of an Einsum, read once for inference and evaluation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cermet {

// A label is a letter; the dimensions of an ellipsis are the characters 0, 1, 2 ... counted from
// its innermost dimension, so that shorter ones align with longer ones as broadcasting wants.
struct EinsumEquation {
  std::vector<std::string> operands;  // as written, with '.' for an ellipsis
  std::string result;

  // Throws invalid_model naming the fault.
  static EinsumEquation parse(std::string_view text);
};

// A term's labels for a tensor of that rank, the ellipsis replaced; throws when they don't fit.
std::string expand_ellipsis(std::string_view term, size_t rank);
// The result's labels, its ellipsis standing for `dims` dimensions.
std::string expand_result(std::string_view term, size_t dims);

}  // namespace cermet
