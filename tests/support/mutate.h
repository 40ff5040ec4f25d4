// Damaged copies of files, drawn at random from a seed.
#pragma once

#include <random>
#include <string>
#include <string_view>

namespace cermet::testing {

struct Mutant {
  std::string_view kind;  // "bit flips"
  std::string bytes;
};

// A change of `bytes`: bits flipped, a part cut off, a part of `other` put in, or a field of a
// protocol buffer message repeated, left out or exchanged with another (lengths around it stay
// right, so that readers get to see it).
Mutant mutant_of(std::string_view bytes, std::string_view other, std::mt19937_64& random);

}  // namespace cermet::testing
