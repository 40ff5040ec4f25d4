# The commands. They see the public headers and tools/common only.

cermet_glob(CERMET_TOOLS_COMMON tools/common/*.cc)

# cermet_tool(TARGET NAME LIBRARY FOLDER LIBRARIES...)
function(cermet_tool target name library folder)
  cermet_glob(sources ${folder}/*.cc)
  if(NOT sources OR NOT TARGET ${library})
    message(STATUS "${name}: no sources yet, skipped")
    return()
  endif()
  add_executable(${target} ${sources} ${CERMET_TOOLS_COMMON})
  target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/tools")
  target_include_directories(${target} SYSTEM PRIVATE "${CERMET_TURBOJPEG_INCLUDE}")
  target_compile_definitions(${target} PRIVATE CERMET_VERSION_STRING="${PROJECT_VERSION}")
  target_link_libraries(${target} PRIVATE ${library} CLI11::CLI11 fmt::fmt PNG::PNG
                                          "${CERMET_TURBOJPEG_LIBRARY}" ${ARGN})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
    BUILD_RPATH "$ORIGIN/../lib" INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
endfunction()

cermet_tool(cermet_cli cermet cermet tools/cermet nlohmann_json::nlohmann_json spdlog::spdlog)
cermet_tool(cermet_run cermet-run cermet_runtime tools/cermet-run)

# What a user gets, without the tests.
add_custom_target(cermet_product)
foreach(target IN ITEMS cermet_cli cermet_run cermet_onednn)
  if(TARGET ${target})
    add_dependencies(cermet_product ${target})
  endif()
endforeach()
