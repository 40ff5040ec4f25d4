#pragma once

#include <vector>

namespace examples {

// What the network makes of one picture.
struct Reading {
  int label = 0;           // the digit that somebody meant to write
  int digit = 0;           // the one that the network reads
  double probability = 0;  // that it gives to it

  bool right() const { return label == digit; }
};
using Readings = std::vector<Reading>;

}  // namespace examples
