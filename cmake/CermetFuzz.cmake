# One libFuzzer program per tests/fuzz/*_fuzzer.cc, of the same name.

if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "CERMET_FUZZ needs clang, got ${CMAKE_CXX_COMPILER_ID}. "
                      "Configure with: cmake --preset asan")
endif()

cermet_glob(fuzzers tests/fuzz/*_fuzzer.cc)
foreach(file IN LISTS fuzzers)
  get_filename_component(name "${file}" NAME_WE)
  if(NOT TARGET cermet_test_support)
    message(STATUS "${name}: needs the tests, skipped")
    continue()
  endif()
  add_executable(${name} "${file}")
  target_link_libraries(${name} PRIVATE cermet_test_support)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
