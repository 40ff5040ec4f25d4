#include "base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace cermet {
namespace {

TEST(Log, FormatsForTheListener) {
  std::string heard;
  const Logger logger = [&](Severity severity, std::string_view text) {
    heard = fmt::format("{}: {}", name(severity), text);
  };
  log_warning(logger, "{} of {}", 1, 2);
  EXPECT_EQ(heard, "warning: 1 of 2");
  log(logger, Severity::error, "plain");
  EXPECT_EQ(heard, "error: plain");
  log_info(Logger(), "nobody listens to {}", 3);
  EXPECT_EQ(name(static_cast<Severity>(9)), "unknown");
}

}  // namespace
}  // namespace cermet
