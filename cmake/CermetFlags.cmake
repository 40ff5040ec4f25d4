# Compiler flags shared by every target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug or Sanitize" FORCE)
endif()

# No -march=native: kernels choose their instruction set at run time, so one binary serves any
# machine of its architecture.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g0 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g0 -DNDEBUG")
# Line tables are enough for sanitizer reports and keep objects small.
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1")
set(CMAKE_C_FLAGS_SANITIZE "-O1 -g1")

add_compile_options(-Wall -Wextra)
add_link_options(-Wl,--as-needed)
if(CERMET_WERROR)
  add_compile_options(-Werror)
endif()
if(CERMET_SANITIZE)
  add_compile_options(-fsanitize=${CERMET_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CERMET_SANITIZE})
endif()
if(CERMET_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# cermet_precompile(TARGET HEADER...): reads the headers of most files once, which halves the time
# of an unoptimised build. Only where CERMET_PRECOMPILE is on: elsewhere each file shows that it
# includes what it needs.
function(cermet_precompile target)
  if(CERMET_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
    endif()
  endif()
endfunction()
set(CERMET_COMMON_HEADERS <algorithm> <array> <cmath> <map> <memory> <optional> <set> <string>
                          <vector> "${CMAKE_SOURCE_DIR}/src/base/error.h"
                          "${CMAKE_SOURCE_DIR}/src/base/attributes.h")

# Libraries and programs sit as they will when installed, so that $ORIGIN finds the same files.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

# CCACHE_BASEDIR lets checkouts in different folders share results.
find_program(CERMET_CCACHE ccache)
if(CERMET_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(ccache_settings "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}")
  if(CERMET_PRECOMPILE)
    list(APPEND ccache_settings "CCACHE_SLOPPINESS=pch_defines,time_macros")
  endif()
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env ${ccache_settings} "${CERMET_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
