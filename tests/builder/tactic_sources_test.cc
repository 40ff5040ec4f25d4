#include "builder/tactic_sources.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cermet {
namespace {

using Names = std::vector<std::string>;

TacticSources read(Names chosen_from, Names compared = {}) {
  BuildOptions options;
  options.tactic_sources = std::move(chosen_from);
  options.compared_sources = std::move(compared);
  return tactic_sources(options);
}

std::string refusal(Names chosen_from, Names compared = {}) {
  try {
    read(std::move(chosen_from), std::move(compared));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.message();
  }
  return {};
}

TEST(TacticSources, AllOrChanges) {
  EXPECT_EQ(read({}).chosen_from, (Names{"cermet", "onednn"}));
  EXPECT_EQ(read({"cermet"}).chosen_from, Names{"cermet"});
  EXPECT_EQ(read({"cermet", "CUBLAS_LT", "cudnn"}).chosen_from,
            (Names{"cermet", "cublaslt", "cudnn"}));
  EXPECT_EQ(read({"+cublaslt", "-oneDNN"}).chosen_from, (Names{"cermet", "cublaslt"}));
  EXPECT_EQ(read({"+cudnn", "+cudnn"}).chosen_from, (Names{"cermet", "onednn", "cudnn"}));
}

TEST(TacticSources, WhatIsChosenFromIsNoYardstick) {
  const TacticSources found = read({"+cudnn"}, {"cudnn", "CUBLAS_LT"});
  EXPECT_EQ(found.yardsticks, Names{"cublaslt"});
  EXPECT_TRUE(found.has("cublaslt") && found.has("cudnn") && found.has("cermet"));
  EXPECT_FALSE(read({}).has("cudnn"));
}

TEST(TacticSources, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal({"cermet", "cublas"}),
            "there is no source of kernels 'cublas'; there are: cermet, onednn, cublaslt, cudnn");
  EXPECT_EQ(refusal({}, {"x"}).substr(0, 35), "there is no source of kernels 'x'; ");
  EXPECT_NE(refusal({"cermet", "+cudnn"}).find("all with + or -"), std::string::npos);
  EXPECT_NE(refusal({"+cudnn", "cermet"}).find("got '+cudnn,cermet'"), std::string::npos);
  EXPECT_NE(refusal({"cudnn"}).find("are cudnn without cermet"), std::string::npos);
}

TEST(TacticSources, ACpuHasThoseOfCpus) {
  BuildOptions options;
  options.tactic_sources = {"+CUBLAS_LT", "-onednn", "+cudnn"};
  options.compared_sources = {"cudnn", "onednn"};
  leave_out_gpu_sources(options);
  EXPECT_EQ(options.tactic_sources, Names{"-onednn"});
  EXPECT_EQ(options.compared_sources, Names{"onednn"});
}

TEST(TacticSources, RequirementsNameTheVersion) {
  Plan plan;
  plan.root.steps.resize(2);
  plan.root.steps[1].program.call = {"cublaslt", 130100, "matmul", {}, {}, {}, {}};
  Names requirements{"oneDNN", "cuBLASLt", "cuDNN"};
  state_versions(plan, requirements);
  EXPECT_EQ(requirements, (Names{"oneDNN", "cuBLASLt 13.1.0 or newer", "cuDNN"}));
}

}  // namespace
}  // namespace cermet
