# Libraries of others. `scripts/setup --build-only` installs what is REQUIRED here.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PNG REQUIRED)

# Packages without a dependable CMake config are found by header, library and program.
macro(cermet_find_header variable header)
  find_path(${variable} ${header})
  if(NOT ${variable})
    message(FATAL_ERROR "${header} was not found. Run ./x setup to install the missing packages.")
  endif()
endmacro()

cermet_find_header(CERMET_XXHASH_INCLUDE xxhash.h)
cermet_find_header(CERMET_PROTOZERO_INCLUDE protozero/pbf_reader.hpp)
cermet_find_header(CERMET_FLATBUFFERS_INCLUDE flatbuffers/flatbuffers.h)
cermet_find_header(CERMET_TURBOJPEG_INCLUDE turbojpeg.h)
find_library(CERMET_XXHASH_LIBRARY xxhash REQUIRED)
find_library(CERMET_TURBOJPEG_LIBRARY turbojpeg REQUIRED)
find_program(CERMET_FLATC flatc REQUIRED)

# What any code under src/ may see. Never exported: the public headers need the standard library
# alone.
add_library(cermet_internal INTERFACE)
target_include_directories(cermet_internal INTERFACE "${CMAKE_SOURCE_DIR}/src"
                                                     "${CMAKE_SOURCE_DIR}/include")
target_include_directories(cermet_internal SYSTEM INTERFACE
  "${CMAKE_BINARY_DIR}/generated" "${CERMET_XXHASH_INCLUDE}" "${CERMET_FLATBUFFERS_INCLUDE}")
target_compile_definitions(cermet_internal INTERFACE
  CERMET_VERSION_STRING="${PROJECT_VERSION}")
target_link_libraries(cermet_internal INTERFACE
  fmt::fmt Threads::Threads "${CERMET_XXHASH_LIBRARY}" ${CMAKE_DL_LIBS})
