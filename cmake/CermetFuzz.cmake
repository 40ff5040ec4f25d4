# One libFuzzer program per tests/fuzz/*_fuzzer.cc: fuzz_NAME for NAME_fuzzer.cc.

if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "CERMET_FUZZ needs clang, got ${CMAKE_CXX_COMPILER_ID}. "
                      "Configure with: cmake --preset fuzz")
endif()

cermet_glob(fuzzers tests/fuzz/*_fuzzer.cc)
foreach(file IN LISTS fuzzers)
  get_filename_component(name "${file}" NAME_WE)
  string(REGEX REPLACE "_fuzzer$" "" name "${name}")
  if(NOT TARGET cermet)
    message(STATUS "fuzz_${name}: no library to fuzz yet, skipped")
    continue()
  endif()
  add_executable(fuzz_${name} "${file}")
  target_include_directories(fuzz_${name} SYSTEM PRIVATE "${CERMET_PROTOZERO_INCLUDE}")
  target_link_libraries(fuzz_${name} PRIVATE cermet_internal cermet)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endforeach()
