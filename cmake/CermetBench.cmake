# bench/**/*_bench.cc make one Google Benchmark program, built by ./x bench only.

# bench/cuda/*.cc make cermet_cuda_bench, which times the GPU's kernels; a test runs it.

cermet_glob(cuda_bench_sources bench/cuda/*.cc)
if(cuda_bench_sources AND TARGET cermet)
  add_executable(cermet_cuda_bench ${cuda_bench_sources})
  if(NOT CERMET_TESTS)
    set_target_properties(cermet_cuda_bench PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  target_include_directories(cermet_cuda_bench PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(cermet_cuda_bench PRIVATE cermet_internal cermet)
  set_target_properties(cermet_cuda_bench PROPERTIES BUILD_RPATH "$ORIGIN/../lib")
endif()

cermet_glob(bench_sources bench/*_bench.cc)
find_package(benchmark QUIET)
if(NOT bench_sources OR NOT TARGET cermet OR NOT benchmark_FOUND)
  return()
endif()
add_executable(cermet_bench EXCLUDE_FROM_ALL ${bench_sources})
target_include_directories(cermet_bench PRIVATE "${CMAKE_SOURCE_DIR}")
target_link_libraries(cermet_bench PRIVATE cermet_internal cermet benchmark::benchmark_main)
set_target_properties(cermet_bench PROPERTIES BUILD_RPATH "$ORIGIN/../lib")
