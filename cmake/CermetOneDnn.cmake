# libcermet_onednn: oneDNN as a source of CPU tactics, a module that the runtime opens when present.

if(NOT CERMET_ONEDNN OR NOT TARGET cermet_runtime OR NOT CERMET_ONEDNN_SOURCES)
  return()
endif()

set(CERMET_ONEDNN_ROOT "${CMAKE_SOURCE_DIR}/.deps/onednn" CACHE PATH
    "Folder with oneDNN's include/ and lib/")
find_path(CERMET_ONEDNN_INCLUDE oneapi/dnnl/dnnl.hpp HINTS "${CERMET_ONEDNN_ROOT}/include")
find_library(CERMET_ONEDNN_LIBRARY dnnl HINTS "${CERMET_ONEDNN_ROOT}/lib")
if(NOT CERMET_ONEDNN_INCLUDE OR NOT CERMET_ONEDNN_LIBRARY)
  message(STATUS "cermet_onednn: oneDNN was not found, skipped (./x setup installs it)")
  return()
endif()

add_library(cermet_onednn MODULE ${CERMET_ONEDNN_SOURCES})
target_include_directories(cermet_onednn SYSTEM PRIVATE "${CERMET_ONEDNN_INCLUDE}")
target_link_libraries(cermet_onednn PRIVATE cermet_internal cermet_runtime
                                            "${CERMET_ONEDNN_LIBRARY}")
# A bundled oneDNN is installed under lib/cermet so that it can't shadow a system's own.
get_filename_component(onednn_lib_dir "${CERMET_ONEDNN_LIBRARY}" DIRECTORY)
set_target_properties(cermet_onednn PROPERTIES
  BUILD_RPATH "$ORIGIN;${onednn_lib_dir}" INSTALL_RPATH "$ORIGIN;$ORIGIN/cermet")
