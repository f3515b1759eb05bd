# find_package(Gradus 0.2) gives the target Gradus::gradus, from an install tree or a build tree.
include(CMakeFindDependencyMacro)
find_dependency(Boost COMPONENTS iostreams)
find_dependency(fmt)
find_dependency(nlohmann_json)
find_package(OpenMP QUIET COMPONENTS CXX)  # where oneDNN is linked
find_dependency(OpenSSL COMPONENTS Crypto)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/GradusTargets.cmake)

# Our warnings are not for a study's files.
get_target_property(gradus_flags Gradus::gradus_options INTERFACE_COMPILE_OPTIONS)
list(FILTER gradus_flags EXCLUDE REGEX "-W")
set_target_properties(Gradus::gradus_options PROPERTIES INTERFACE_COMPILE_OPTIONS "${gradus_flags}")

# Runs record the commit of the study's own repository, as it is at each build: a small file in each of its programs.
if(NOT TARGET gradus_study_info)
  set(gradus_generated ${CMAKE_CURRENT_BINARY_DIR}/gradus_study_info)
  file(MAKE_DIRECTORY ${gradus_generated})
  add_custom_target(gradus_study_info
    COMMAND ${CMAKE_COMMAND} -DSTUDY=${CMAKE_SOURCE_DIR} -DGRADUS=${CMAKE_SOURCE_DIR}
      -DOUTPUT=${gradus_generated}/gradus_build_info.h -P ${CMAKE_CURRENT_LIST_DIR}/build_info.cmake
    BYPRODUCTS ${gradus_generated}/gradus_build_info.h
    VERBATIM)
  set_property(TARGET Gradus::gradus APPEND PROPERTY INTERFACE_SOURCES ${CMAKE_CURRENT_LIST_DIR}/study.cpp)
  set_property(TARGET Gradus::gradus APPEND PROPERTY INTERFACE_INCLUDE_DIRECTORIES ${gradus_generated})
  add_dependencies(Gradus::gradus gradus_study_info)
endif()
