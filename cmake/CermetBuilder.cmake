# libcermet: importer, passes, tuner and engine writer on top of the runtime.

if(NOT TARGET cermet_runtime OR NOT CERMET_BUILDER_SOURCES)
  message(STATUS "cermet: no sources yet, skipped")
  return()
endif()

# The texts of CUDA kernels travel inside the library.
cermet_glob(kernel_texts src/backends/cuda/build/kernels/*.cu)
set(kernel_texts_source "${CMAKE_BINARY_DIR}/generated/kernel_texts.cc")
add_custom_command(
  OUTPUT "${kernel_texts_source}"
  COMMAND "${CMAKE_COMMAND}" "-DOUT=${kernel_texts_source}" "-DFILES=${kernel_texts}"
          -P "${CMAKE_SOURCE_DIR}/cmake/CermetKernelTexts.cmake"
  DEPENDS ${kernel_texts} "${CMAKE_SOURCE_DIR}/cmake/CermetKernelTexts.cmake"
  COMMENT "texts of CUDA kernels"
  VERBATIM)

add_library(cermet SHARED ${CERMET_BUILDER_SOURCES} "${kernel_texts_source}")
cermet_precompile(cermet ${CERMET_COMMON_HEADERS})
target_include_directories(cermet SYSTEM PRIVATE "${CERMET_PROTOZERO_INCLUDE}")
target_link_libraries(cermet
  PUBLIC cermet_runtime
  PRIVATE "$<BUILD_INTERFACE:cermet_internal>" "$<BUILD_INTERFACE:nlohmann_json::nlohmann_json>")
set_target_properties(cermet PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN")
add_library(cermet::cermet ALIAS cermet)
