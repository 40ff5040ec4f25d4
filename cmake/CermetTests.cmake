# One GoogleTest program per first-level folder of tests/, labelled with the folder's name, and one
# CTest test per tests/**/*_test.py.

include(CTest)
include(GoogleTest)
find_package(GTest)
find_package(Python3 COMPONENTS Interpreter)
if(NOT GTest_FOUND OR NOT Python3_FOUND)
  message(STATUS "tests: GoogleTest and Python 3 are needed, skipped (./x setup installs them)")
  return()
endif()

# The environment of ./x setup has the packages that Python tests import.
set(CERMET_PYTHON "${Python3_EXECUTABLE}")
if(EXISTS "${CMAKE_SOURCE_DIR}/.venv/bin/python")
  set(CERMET_PYTHON "${CMAKE_SOURCE_DIR}/.venv/bin/python")
endif()

# Libraries that a folder's tests may use: those of the runtime's rooms work before there is a
# builder.
if(TARGET cermet)
  set(library_under_test cermet)
else()
  set(library_under_test cermet_runtime)
endif()

cermet_glob(test_files tests/*_test.cc)
list(FILTER test_files EXCLUDE REGEX "/tests/(fuzz|gpu)/")
set(folders "")
foreach(file IN LISTS test_files)
  file(RELATIVE_PATH relative "${CMAKE_SOURCE_DIR}/tests" "${file}")
  string(REGEX MATCH "^[^/]+" folder "${relative}")
  list(APPEND folders "${folder}")
endforeach()
list(REMOVE_DUPLICATES folders)

# Other sources of a test folder (helpers, fixtures) join its program; tests/support joins all.
cermet_glob(support tests/support/*.cc)
if(TARGET ${library_under_test})
  add_library(cermet_test_support STATIC EXCLUDE_FROM_ALL ${support})
  target_include_directories(cermet_test_support PUBLIC "${CMAKE_SOURCE_DIR}")
  target_link_libraries(cermet_test_support PUBLIC
    cermet_internal ${library_under_test} nlohmann_json::nlohmann_json GTest::gtest)
  cermet_precompile(cermet_test_support ${CERMET_COMMON_HEADERS} <gtest/gtest.h>)
endif()
foreach(folder IN LISTS folders)
  if(NOT TARGET ${library_under_test})
    message(STATUS "test_${folder}: no library to test yet, skipped")
    continue()
  endif()
  cermet_glob(sources tests/${folder}/*.cc)
  add_executable(test_${folder} ${sources})
  cermet_precompile(test_${folder} ${CERMET_COMMON_HEADERS} <gtest/gtest.h>)
  target_include_directories(test_${folder} SYSTEM PRIVATE "${CERMET_PROTOZERO_INCLUDE}")
  target_link_libraries(test_${folder} PRIVATE cermet_test_support GTest::gtest_main)
  if(folder STREQUAL "tools")
    target_link_libraries(test_${folder} PRIVATE cermet_tools_common)
  endif()
  set(environment "CERMET_BUILD_DIR=${CMAKE_BINARY_DIR}")
  if(folder STREQUAL "cuda")  # the emulator stands in for driver and compiler
    add_dependencies(test_${folder} fake_cuda fake_nvrtc fake_cublaslt fake_cudnn)
    target_compile_definitions(test_${folder} PRIVATE
      FAKE_CUDA_FOLDER="${CMAKE_BINARY_DIR}/fake_cuda")
    list(APPEND environment "LD_LIBRARY_PATH=${CMAKE_BINARY_DIR}/fake_cuda"
                            "CERMET_NVRTC=${CMAKE_BINARY_DIR}/fake_cuda/libnvrtc.so"
                            "CERMET_CUBLASLT=${CMAKE_BINARY_DIR}/fake_cuda/libcublasLt.so"
                            "CERMET_CUDNN=${CMAKE_BINARY_DIR}/fake_cuda/libcudnn.so"
                            "CERMET_KERNEL_CACHE=${CMAKE_BINARY_DIR}/fake_cuda/kernels")
  endif()
  # Tests run in the source folder, so test data is named from the project's root.
  gtest_discover_tests(test_${folder} TEST_PREFIX "${folder}."
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${folder} TIMEOUT 300)
  # gtest_discover_tests takes lists apart, so that of all variables but the first one would arrive.
  set(environment_file "${CMAKE_BINARY_DIR}/test_${folder}_environment.cmake")
  file(WRITE "${environment_file}"
    "set_tests_properties(\${test_${folder}_TESTS} PROPERTIES ENVIRONMENT \"${environment}\")\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${environment_file}")
endforeach()

# Stand in for NVIDIA's driver and compiler: build/PRESET/fake_cuda/libcuda.so.1 and libnvrtc.so.
# Without sanitizers, which don't know of threads that share a stack's OS thread.
function(cermet_fake_library target name)
  add_library(${target} SHARED ${ARGN} "${CMAKE_SOURCE_DIR}/tests/fake_cuda/settings.cc")
  target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/src"
                                               "${CMAKE_SOURCE_DIR}/tests/fake_cuda")
  if(CERMET_SANITIZE OR CERMET_FUZZ)
    target_compile_options(${target} PRIVATE -fno-sanitize=all)
  endif()
  # As NVIDIA's, it stays when it is closed: what it reports is of the whole process.
  target_link_options(${target} PRIVATE -Wl,-z,nodelete)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fake_cuda")
endfunction()
cermet_glob(driver tests/fake_cuda/driver/*.cc tests/fake_cuda/machine/*.cc)
cermet_fake_library(fake_cuda cuda ${driver})
set_target_properties(fake_cuda PROPERTIES SOVERSION 1)
cermet_glob(compiler tests/fake_cuda/compiler/*.cc)
cermet_fake_library(fake_nvrtc nvrtc ${compiler})
target_compile_definitions(fake_nvrtc PRIVATE
  EMULATION_HEADER="${CMAKE_SOURCE_DIR}/tests/fake_cuda/emulation/emulation.h")

# Stands in for a profiler.
cermet_glob(nvtx_tool tests/fake_cuda/nvtx/*.cc)
cermet_fake_library(fake_nvtx_tool nvtx_tool ${nvtx_tool})

# Libraries whose kernels may be chosen: libcublasLt.so and libcudnn.so.
foreach(library cublasLt cudnn)
  string(TOLOWER ${library} name)
  cermet_fake_library(fake_${name} ${library}
    "${CMAKE_SOURCE_DIR}/tests/fake_cuda/libraries/${name}.cc"
    "${CMAKE_SOURCE_DIR}/tests/fake_cuda/libraries/library.cc")
  target_link_libraries(fake_${name} PRIVATE fake_cuda)
endforeach()

# Programs that Python tests drive, one a file.
cermet_glob(programs tests/programs/*.cc)
foreach(file IN LISTS programs)
  if(NOT TARGET cermet)
    break()
  endif()
  get_filename_component(name "${file}" NAME_WE)
  add_executable(test_${name} "${file}")
  target_link_libraries(test_${name} PRIVATE cermet_test_support)
  file(STRINGS "${file}" uses_tools REGEX "^#include \"common/")
  if(uses_tools)
    target_link_libraries(test_${name} PRIVATE cermet_tools_common)
  endif()
  set_target_properties(test_${name} PROPERTIES BUILD_RPATH "$ORIGIN/../lib")
endforeach()

cermet_glob(python_tests tests/*_test.py)
list(FILTER python_tests EXCLUDE REGEX "/tests/gpu/")
foreach(file IN LISTS python_tests)
  file(RELATIVE_PATH relative "${CMAKE_SOURCE_DIR}/tests" "${file}")
  string(REGEX MATCH "^[^/]+" folder "${relative}")
  add_test(NAME ${relative} COMMAND "${CERMET_PYTHON}" "${file}"
           WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${relative} PROPERTIES LABELS "${folder}" TIMEOUT 600
    SKIP_RETURN_CODE 77 ENVIRONMENT "CERMET_BUILD_DIR=${CMAKE_BINARY_DIR}")
endforeach()
