#include <gtest/gtest.h>

#include "base/error.h"
#include "expr/dim.h"

namespace cermet {
namespace {

TEST(DimText, Prints) {
  const Dim N = Dim::symbol("N");
  const Dim S = Dim::symbol("S");
  EXPECT_EQ(Dim(-3).to_string(), "-3");
  EXPECT_EQ((N * 2 + N).to_string(), "3*N");
  EXPECT_EQ((1 - N).to_string(), "-N+1");
  EXPECT_EQ((N * S - 2 * N - 1).to_string(), "N*S-2*N-1");
  EXPECT_EQ(floor_div(N, 2).to_string(), "N/2");
  EXPECT_EQ((3 * floor_div(N, 2)).to_string(), "3*(N/2)");
  EXPECT_EQ((0 - floor_div(N, 2)).to_string(), "-(N/2)");
  EXPECT_EQ(floor_div(N + S, 2).to_string(), "(N+S)/2");
  EXPECT_EQ(floor_div(3 * N * S, 2).to_string(), "N*S+N*S/2");
  EXPECT_EQ(modulo(floor_div(N, 2), S).to_string(), "(N/2)%S");
  EXPECT_EQ(ceil_div(N, S).to_string(), "ceil_div(N, S)");
  EXPECT_EQ(min(S, max(N, 3)).to_string(), "min(S, max(3, N))");
  EXPECT_EQ(Dim::symbol("a/b-1").to_string(), "'a/b-1'");
  EXPECT_EQ(Dim::symbol("1st").to_string(), "'1st'");
  EXPECT_EQ(Dim::symbol("x.y:z_0").to_string(), "x.y:z_0");
}

TEST(DimText, ParsesWhatPeopleWrite) {
  const Dim N = Dim::symbol("N");
  const Dim S = Dim::symbol("S");
  EXPECT_EQ(Dim::parse(" ( N + 1 ) * 2 "), 2 * N + 2);
  EXPECT_EQ(Dim::parse("N-S-1"), N - S - 1);
  EXPECT_EQ(Dim::parse("N/2*2"), 2 * floor_div(N, 2));
  EXPECT_EQ(Dim::parse("-N/2"), floor_div(0 - N, 2));
  EXPECT_EQ(Dim::parse("--N"), N);
  EXPECT_EQ(Dim::parse("7%-4"), Dim(-1));
  EXPECT_EQ(Dim::parse("min(N, S, 3)"), min(min(N, S), 3));
  EXPECT_EQ(Dim::parse("modulo(N,S)"), modulo(N, S));
  EXPECT_EQ(Dim::parse("floor_div(N,S)"), floor_div(N, S));
  EXPECT_EQ(Dim::parse("'a/b'*2"), 2 * Dim::symbol("a/b"));
  EXPECT_EQ(Dim::parse("min").as_symbol(), "min");
  EXPECT_EQ(Dim::parse("-9223372036854775808"), Dim(INT64_MIN));
}

TEST(DimText, FaultsNameThePosition) {
  for (const char* text : {"", "N+", "(N", "N)", "N S", "2N", "min(N)", "foo(N, 2)", "'a", "''",
                           "9223372036854775808", "N $ 2", "ceil_div(N, 2, 3)", "*N"}) {
    try {
      Dim::parse(text);
      ADD_FAILURE() << text << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << text;
      EXPECT_NE(error.message().find("position"), std::string::npos) << error.message();
    }
  }
  EXPECT_THROW(Dim::parse(std::string(100000, '(')), Error);
  EXPECT_THROW(Dim::parse(std::string(100000, '-')), Error);
  EXPECT_THROW(Dim::parse(std::string_view("N\0M", 3)), Error);
}

TEST(DimText, LeastIntegerRoundTrips) {
  const Dim N = Dim::symbol("N");
  for (const Dim& dim : {N + INT64_MIN, N * N + INT64_MIN * N + 1, INT64_MIN * N}) {
    EXPECT_EQ(Dim::parse(dim.to_string()), dim) << dim.to_string();
  }
}

}  // namespace
}  // namespace cermet
