# libcermet: importer, passes, tuner and engine writer on top of the runtime.

if(NOT TARGET cermet_runtime OR NOT CERMET_BUILDER_SOURCES)
  message(STATUS "cermet: no sources yet, skipped")
  return()
endif()

add_library(cermet SHARED ${CERMET_BUILDER_SOURCES})
cermet_precompile(cermet ${CERMET_COMMON_HEADERS})
target_include_directories(cermet SYSTEM PRIVATE "${CERMET_PROTOZERO_INCLUDE}")
target_link_libraries(cermet
  PUBLIC cermet_runtime
  PRIVATE "$<BUILD_INTERFACE:cermet_internal>" "$<BUILD_INTERFACE:nlohmann_json::nlohmann_json>")
set_target_properties(cermet PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN")
add_library(cermet::cermet ALIAS cermet)
