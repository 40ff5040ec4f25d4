# The commands. They see the public headers and tools/common only.

# What both commands and the tests of tools/common share; it needs the runtime alone.
cermet_glob(common_sources tools/common/*.cc)
if(common_sources AND TARGET cermet_runtime)
  add_library(cermet_tools_common STATIC ${common_sources})
  target_include_directories(cermet_tools_common PUBLIC "${CMAKE_SOURCE_DIR}/tools")
  target_include_directories(cermet_tools_common SYSTEM PRIVATE "${CERMET_PROTOZERO_INCLUDE}")
  target_link_libraries(cermet_tools_common PUBLIC cermet_runtime CLI11::CLI11 fmt::fmt)
endif()

# cermet_tool(TARGET NAME LIBRARY FOLDER LIBRARIES...)
function(cermet_tool target name library folder)
  cermet_glob(sources ${folder}/*.cc)
  if(NOT sources OR NOT TARGET ${library})
    message(STATUS "${name}: no sources yet, skipped")
    return()
  endif()
  add_executable(${target} ${sources})
  target_include_directories(${target} SYSTEM PRIVATE "${CERMET_TURBOJPEG_INCLUDE}")
  target_compile_definitions(${target} PRIVATE CERMET_VERSION_STRING="${PROJECT_VERSION}")
  target_link_libraries(${target} PRIVATE ${library} cermet_tools_common PNG::PNG
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
