#include "machine/warp.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "machine/grid.h"
#include "machine/numbers.h"

namespace fake_cuda {
namespace {

using emulation::Meeting;
using emulation::Product;
using emulation::Together;

constexpr unsigned all_lanes = 0xffffffffu;
constexpr int rows = 16, columns = 8, most_deep = 32;

// What a lane gives to a product; gets back in `d`.
struct Fragments {
  unsigned a[4], b[2], d[4];
};

// How the elements of a fragment's word are read.
struct Half {
  using Sum = float;
  static constexpr int per_word = 2;
  static float element(unsigned word, int i) {
    return emulation::half_to_float(static_cast<unsigned short>(word >> (16 * i)));
  }
};
struct Bfloat16 {
  using Sum = float;
  static constexpr int per_word = 2;
  static float element(unsigned word, int i) {
    return emulation::as_float(i == 0 ? word << 16 : word & 0xffff0000u);
  }
};
struct Tf32 {
  using Sum = float;
  static constexpr int per_word = 1;
  // The card doesn't read the lower bits.
  static float element(unsigned word, int) { return emulation::as_float(word & ~0x1fffu); }
};
template <class Byte>
struct Bytes {
  using Sum = unsigned;  // wraps, as on the card
  static constexpr int per_word = 4;
  static unsigned element(unsigned word, int i) {
    return static_cast<unsigned>(static_cast<Byte>(word >> (8 * i)));
  }
};
// Sign, exponent field, mantissa; without infinities where a field of ones is a number.
template <int MANTISSA, int BIAS, bool INFINITE>
struct Float8 {
  using Sum = float;
  static constexpr int per_word = 4;
  static float element(unsigned word, int i) {
    const unsigned code = word >> (8 * i) & 0xff, magnitude = code & 0x7f;
    const int field = static_cast<int>(magnitude >> MANTISSA);
    const int mantissa = static_cast<int>(magnitude & ((1u << MANTISSA) - 1));
    float value = std::ldexp(static_cast<float>(mantissa + (field == 0 ? 0 : 1 << MANTISSA)),
                             (field == 0 ? 1 : field) - BIAS - MANTISSA);
    if (INFINITE && field == 0x7f >> MANTISSA) value = mantissa == 0 ? INFINITY : NAN;
    if (!INFINITE && magnitude == 0x7f) value = NAN;
    return (code & 0x80) != 0 ? -value : value;
  }
};
using E4m3 = Float8<3, 7, false>;
using E5m2 = Float8<2, 15, true>;

// What a card keeps of a sum: of float8 14 bits of its own and no more, as others have measured.
template <class Left>
constexpr bool sums_are_short = false;
template <int MANTISSA, int BIAS, bool INFINITE>
constexpr bool sums_are_short<Float8<MANTISSA, BIAS, INFINITE>> = true;

template <class Left, class Sum>
Sum kept(Sum sum) {
  if constexpr (sums_are_short<Left>)
    return emulation::as_float(emulation::as_bits(sum) & ~0x3ffu);
  else
    return sum;
}
using Int8 = Bytes<int8_t>;
using Uint8 = Bytes<uint8_t>;

// A warp's lanes form 8 groups of 4. Group g has rows g and g + 8 of `a` and column g of `b`; its
// lane t has the words t and t + 4 of a row or column of 8 words.
template <class Left, class Right>
void multiply_fragments(Meeting& meeting) {
  using Sum = typename Left::Sum;
  constexpr int per_word = Left::per_word, deep = 8 * per_word;
  Sum a[rows][most_deep], b[columns][most_deep];
  Fragments lanes[32];
  for (int lane = 0; lane < 32; ++lane) {
    std::memcpy(&lanes[lane], meeting.slots[lane].bytes, sizeof(Fragments));
    const int group = lane / 4, word = lane % 4;
    for (int i = 0; i < per_word; ++i) {
      const int k = word * per_word + i, far = k + deep / 2;
      a[group][k] = Left::element(lanes[lane].a[0], i);
      a[group + 8][k] = Left::element(lanes[lane].a[1], i);
      a[group][far] = Left::element(lanes[lane].a[2], i);
      a[group + 8][far] = Left::element(lanes[lane].a[3], i);
      b[group][k] = Right::element(lanes[lane].b[0], i);
      b[group][far] = Right::element(lanes[lane].b[1], i);
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
      Sum sum;
      std::memcpy(&sum, &lanes[lane].d[i], sizeof sum);
      for (int k = 0; k < deep; ++k) sum += a[row][k] * b[column][k];
      sum = kept<Left>(sum);
      std::memcpy(&lanes[lane].d[i], &sum, sizeof sum);
    }
    std::memcpy(meeting.slots[lane].bytes, &lanes[lane], sizeof(Fragments));
  }
}

void require_all(const Meeting& meeting, const char* what) {
  if (meeting.present != all_lanes)
    kernel_fault("%s with lanes %#x only: others have ended", what, meeting.present);
}

template <class Left, class Right = Left>
void combine_product(Meeting& meeting) {
  require_all(meeting, "a product of matrices");
  multiply_fragments<Left, Right>(meeting);
}

void combine_rows(Meeting& meeting) { require_all(meeting, "loading matrices"); }

}  // namespace

void multiply(Product kind, void* d, const unsigned* a, const unsigned* b) {
  Fragments given;
  std::memcpy(given.a, a, sizeof given.a);
  std::memcpy(given.b, b, sizeof given.b);
  std::memcpy(given.d, d, sizeof given.d);
  Combine combine = nullptr;
  switch (kind) {
    case Product::f16:
      combine = combine_product<Half>;
      break;
    case Product::bf16:
      combine = combine_product<Bfloat16>;
      break;
    case Product::tf32:
      combine = combine_product<Tf32>;
      break;
    case Product::s8:
      combine = combine_product<Int8>;
      break;
    case Product::u8:
      combine = combine_product<Uint8>;
      break;
    case Product::s8u8:
      combine = combine_product<Int8, Uint8>;
      break;
    case Product::u8s8:
      combine = combine_product<Uint8, Int8>;
      break;
    case Product::e4m3:
      combine = combine_product<E4m3>;
      break;
    case Product::e5m2:
      combine = combine_product<E5m2>;
      break;
    case Product::e4m3e5m2:
      combine = combine_product<E4m3, E5m2>;
      break;
    case Product::e5m2e4m3:
      combine = combine_product<E5m2, E4m3>;
      break;
  }
  const Meeting* met = meet(Together::multiply, all_lanes, &given, sizeof given, combine);
  const auto& mine = met->slots[machine().linear % 32];
  std::memcpy(d, mine.bytes + offsetof(Fragments, d), sizeof given.d);
}

void load_matrices(unsigned* r, const void* row, bool transposed) {
  if (reinterpret_cast<uintptr_t>(row) % 16 != 0)
    kernel_fault("loading matrices: a row at %p is not aligned to 16 bytes", row);
  const Meeting* met = meet(Together::load_matrices, all_lanes, static_cast<const void*>(&row),
                            sizeof row, combine_rows);
  const int lane = static_cast<int>(machine().linear % 32);
  // Of a matrix, the lane gets elements 2 * (lane % 4) and the next of row lane / 4.
  for (int matrix = 0; matrix < 4; ++matrix) {
    r[matrix] = 0;
    for (int i = 0; i < 2; ++i) {
      int line = lane / 4, column = lane % 4 * 2 + i;
      if (transposed) std::swap(line, column);
      const unsigned char* from;
      std::memcpy(static_cast<void*>(&from), met->slots[matrix * 8 + line].bytes, sizeof from);
      uint16_t element;
      std::memcpy(&element, from + column * 2, sizeof element);
      r[matrix] |= static_cast<unsigned>(element) << (16 * i);
    }
  }
}

}  // namespace fake_cuda
