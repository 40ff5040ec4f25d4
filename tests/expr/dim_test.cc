#include "expr/dim.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"

namespace cermet {
namespace {

const Dim N = Dim::symbol("N");
const Dim S = Dim::symbol("S");
const Dim H = Dim::symbol("H");

template <class Body>
std::optional<ErrorCode> code_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

TEST(Dim, ConstantsFold) {
  EXPECT_EQ(Dim(), Dim(0));
  EXPECT_EQ((Dim(2) + Dim(3) * Dim(4)).constant(), 14);
  EXPECT_EQ(floor_div(Dim(-7), Dim(2)).constant(), -4);
  EXPECT_EQ(ceil_div(Dim(-7), Dim(2)).constant(), -3);
  EXPECT_EQ(modulo(Dim(-7), Dim(2)).constant(), 1);
  EXPECT_EQ(modulo(Dim(7), Dim(-2)).constant(), -1);
  EXPECT_EQ(min(Dim(3), Dim(4)).constant(), 3);
  EXPECT_EQ(max(Dim(3), Dim(4)).constant(), 4);
  EXPECT_EQ(broadcast(Dim(1), Dim(0)).constant(), 0);
  EXPECT_EQ(Dim(INT64_MIN) - Dim(INT64_MIN), Dim(0));
}

TEST(Dim, EqualPolynomialsAreEqual) {
  EXPECT_EQ(N * 2 + N, 3 * N);
  EXPECT_EQ(N - N, Dim(0));
  EXPECT_EQ((N + 1) * (N - 1), N * N - 1);
  EXPECT_EQ((N + S) * H, H * S + H * N);
  EXPECT_EQ(0 * N, Dim(0));
  EXPECT_FALSE(N == S);
  EXPECT_FALSE(N == Dim(1));
  EXPECT_FALSE(N * S == N + S);
  EXPECT_FALSE(N * N == N);
}

TEST(Dim, DivisionTakesOutWhatDivides) {
  EXPECT_EQ(floor_div(N, 1), N);
  EXPECT_EQ(floor_div(N * 3, 3), N);
  EXPECT_EQ(floor_div(N * S, S), N);
  EXPECT_EQ(floor_div(4 * N + 3, 4), N);
  EXPECT_EQ(floor_div(H + 6, 2), floor_div(H, 2) + 3);
  EXPECT_EQ(floor_div(H - 1, 2) + 1, ceil_div(H, 2));
  EXPECT_EQ(floor_div(N * S + H, S), N + floor_div(H, S));
  EXPECT_EQ(floor_div(6 * N * S, 4 * N), floor_div(3 * S, 2));
  EXPECT_EQ(floor_div(2 * N + 1, 4), floor_div(N, 2));
  EXPECT_EQ(floor_div(floor_div(N, 2), 3), floor_div(N, 6));
  EXPECT_EQ(floor_div(N, -2), floor_div(0 - N, 2));
  EXPECT_EQ(floor_div(0, N), Dim(0));
  EXPECT_FALSE(floor_div(N, 2) * 2 == N);
  EXPECT_FALSE(floor_div(N, 2) == ceil_div(N, 2));
  EXPECT_FALSE(floor_div(N, S) == ceil_div(N, S));
}

TEST(Dim, ModuloKeepsTheRest) {
  EXPECT_EQ(modulo(4 * N, 4), Dim(0));
  EXPECT_EQ(modulo(N * S, S), Dim(0));
  EXPECT_EQ(modulo(4 * N + 7, 4), Dim(3));
  EXPECT_EQ(modulo(N * S + H, S), modulo(H, S));
  EXPECT_EQ(modulo(2 * N + 1, 4), 2 * modulo(N, 2) + 1);
  EXPECT_EQ(modulo(N, 1), Dim(0));
  EXPECT_EQ(modulo(N, -3), 0 - modulo(0 - N, 3));
}

TEST(Dim, MinAndMax) {
  EXPECT_EQ(min(N, N), N);
  EXPECT_EQ(min(N + 1, N + 3), N + 1);
  EXPECT_EQ(max(N + 1, N + 3), N + 3);
  EXPECT_EQ(min(min(N, S), H), min(H, min(S, N)));
  EXPECT_EQ(min(min(N, 4), 3), min(3, N));
  EXPECT_FALSE(min(N, S) == max(N, S));
  EXPECT_EQ(max(N + INT64_MAX, N - 1), N + INT64_MAX);
}

TEST(Dim, Broadcast) {
  EXPECT_EQ(broadcast(N, N), N);
  EXPECT_EQ(broadcast(N, 1), N);
  EXPECT_EQ(broadcast(1, N), N);
  EXPECT_EQ(broadcast(N, 5), Dim(5));
  EXPECT_EQ(broadcast(N, 0), Dim(0));
  EXPECT_EQ(broadcast(N, S), broadcast(S, N));
  EXPECT_EQ(broadcast(broadcast(N, S), N), broadcast(N, S));
  // A table cut to N rows fits N where it has as many rows.
  EXPECT_EQ(broadcast(N, min(N, 512)), N);
  EXPECT_EQ(broadcast(min(N, 512), N), N);
  EXPECT_NE(broadcast(N, min(S, 512)), N);
  EXPECT_NE(broadcast(N, min(N, S)), N);
  EXPECT_EQ(code_of([] { broadcast(Dim(2), Dim(3)); }), ErrorCode::invalid_model);
  EXPECT_EQ(code_of([] { broadcast(Dim(0), Dim(3)); }), ErrorCode::invalid_model);
}

TEST(Dim, ExactDivision) {
  EXPECT_EQ(exact_div(N * S * 768, N * S), Dim(768));
  EXPECT_EQ(exact_div(6 * N, 2 * N), Dim(3));
  EXPECT_EQ(exact_div(6 * N, 4 * N), std::nullopt);
  EXPECT_EQ(exact_div(N * N - 1, N + 1), N - 1);
  EXPECT_EQ(exact_div((N + S) * (H + 2), N + S), H + 2);
  EXPECT_EQ(exact_div(N * N + 1, N + 1), std::nullopt);
  EXPECT_EQ(exact_div(N, S), std::nullopt);
  EXPECT_EQ(exact_div(N, 0), std::nullopt);
  EXPECT_EQ(exact_div(0, N), Dim(0));
  EXPECT_EQ(exact_div(Dim(12), Dim(-4)), Dim(-3));
  EXPECT_EQ(exact_div(Dim(INT64_MIN), Dim(-1)), std::nullopt);
  const Dim half = floor_div(H, 2);
  EXPECT_EQ(exact_div(N * half * half, half), N * half);
}

TEST(Dim, OverflowAndZeroDivisorsThrow) {
  for (const auto& body : std::vector<std::function<void()>>{
           [] { Dim(INT64_MAX) + 1; },
           [] { Dim(INT64_MIN) - 1; },
           [] { Dim(INT64_MAX) * 2; },
           [] { (N * INT64_MAX) * 2; },
           [] { (N + INT64_MAX) + 1; },
           [] { floor_div(Dim(INT64_MIN), -1); },
           [] { floor_div(N, 0); },
           [] { ceil_div(N, 0); },
           [] { modulo(N, 0); },
           [] { (N * 2).evaluate({{"N", INT64_MAX}}); },
           [] { floor_div(N, S).evaluate({{"N", 1}, {"S", 0}}); },
       }) {
    EXPECT_EQ(code_of(body), ErrorCode::out_of_range);
  }
  EXPECT_EQ(floor_div(Dim(INT64_MIN), 3).constant(), INT64_MIN / 3 - 1);
  EXPECT_EQ(floor_div(6 * N + INT64_MIN, 3), 2 * N + (INT64_MIN / 3 - 1));
}

TEST(Dim, Evaluate) {
  const SymbolValues values = {{"N", 3}, {"S", 1}};
  EXPECT_EQ((N * S + 2).evaluate(values), 5);
  EXPECT_EQ(broadcast(N, S).evaluate(values), 3);
  EXPECT_EQ((N * H).try_evaluate(values), std::nullopt);
  EXPECT_EQ(code_of([&] { (N * H).evaluate(values); }), ErrorCode::out_of_range);
  const SymbolValues clash = {{"N", 3}, {"S", 2}};
  EXPECT_EQ(code_of([&] { broadcast(N, S).evaluate(clash); }), ErrorCode::runtime);
  EXPECT_EQ(evaluate(Dims{N, 4, S}, values), (std::vector<int64_t>{3, 4, 1}));
}

TEST(Dim, Substitute) {
  EXPECT_EQ((N * S + floor_div(N, 2)).substitute({{"N", Dim(4)}}), 4 * S + 2);
  EXPECT_EQ((N + S).substitute({{"N", S}, {"S", N}}), N + S);
  EXPECT_EQ(modulo(N, S).substitute({{"N", S * H}}), Dim(0));
  EXPECT_EQ(broadcast(N, S).substitute({{"N", Dim(1)}}), S);
  EXPECT_EQ(code_of([] { broadcast(N, S).substitute({{"N", Dim(2)}, {"S", Dim(3)}}); }),
            ErrorCode::invalid_model);
}

TEST(Dim, Symbols) {
  EXPECT_EQ(N.as_symbol(), "N");
  EXPECT_EQ((N + 0).as_symbol(), "N");
  EXPECT_EQ((N + 1).as_symbol(), std::nullopt);
  EXPECT_EQ((2 * N).as_symbol(), std::nullopt);
  EXPECT_EQ(Dim(3).as_symbol(), std::nullopt);
  EXPECT_EQ(floor_div(N, 2).as_symbol(), std::nullopt);
  EXPECT_EQ(Dim::symbol("batch size'").as_symbol(), "batch_size_");
  EXPECT_EQ(code_of([] { Dim::symbol(""); }), ErrorCode::invalid_argument);
  std::set<std::string> symbols;
  (N * floor_div(S + 1, 2) + N - N).collect_symbols(symbols);
  EXPECT_EQ(symbols, (std::set<std::string>{"N", "S"}));
}

TEST(Dim, ConstantOfASymbolIsAnInternalError) {
  EXPECT_EQ(code_of([] { (void)N.constant(); }), ErrorCode::internal);
  EXPECT_FALSE(N.is_constant(0));
}

TEST(Dims, Lists) {
  EXPECT_EQ(to_string(Dims{}), "[]");
  EXPECT_EQ(to_string(Dims{N, 3, floor_div(H, 2)}), "[N, 3, H/2]");
  EXPECT_EQ(product(Dims{}), Dim(1));
  EXPECT_EQ(product(Dims{N, 0, S}), Dim(0));
  EXPECT_TRUE(all_constant(Dims{}));
  EXPECT_FALSE(all_constant(Dims{1, N}));
  EXPECT_EQ(constants(to_dims({2, 0, 1})), (std::vector<int64_t>{2, 0, 1}));
}

}  // namespace
}  // namespace cermet
