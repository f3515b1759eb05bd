# `cmake --install` and `cpack -G DEB`: libraries and headers for find_package(Gradus), the sweep tool, the report, and
# the programs that need no source beside them.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# All that a study needs.
add_library(gradus INTERFACE)
target_link_libraries(gradus INTERFACE gradus_lab gradus_problems gradus_workloads)
add_library(Gradus::gradus ALIAS gradus)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Gradus)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # a package needs no tests
get_property(libraries GLOBAL PROPERTY GRADUS_LIBRARIES)
install(TARGETS gradus gradus_options ${libraries}
  EXPORT Gradus ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/gradus)
install(EXPORT Gradus NAMESPACE Gradus:: FILE GradusTargets.cmake DESTINATION ${package})
export(EXPORT Gradus NAMESPACE Gradus:: FILE ${PROJECT_BINARY_DIR}/GradusTargets.cmake)

foreach(file build_info.cmake study.cpp)
  configure_file(cmake/${file} ${PROJECT_BINARY_DIR}/${file} COPYONLY)
endforeach()
configure_file(cmake/GradusConfig.cmake ${PROJECT_BINARY_DIR}/GradusConfig.cmake COPYONLY)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/GradusConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/GradusConfig.cmake ${PROJECT_BINARY_DIR}/GradusConfigVersion.cmake
  cmake/build_info.cmake cmake/study.cpp DESTINATION ${package})

install(DIRECTORY autodiff nn optim process settings DESTINATION include/gradus FILES_MATCHING PATTERN "*.h")
install(DIRECTORY experiments/lab experiments/problems experiments/records experiments/workloads DESTINATION include/gradus/experiments
  FILES_MATCHING PATTERN "*.h")

foreach(program sweep recover minimize)
  install(PROGRAMS $<TARGET_FILE:${program}> DESTINATION ${CMAKE_INSTALL_BINDIR} RENAME gradus-${program})
endforeach()
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/links)
# The Python tools lie beside their package; the commands are links to them.
# Where the sweep tool looks for it: beside itself.
install(PROGRAMS tools/sweep/ask_optuna DESTINATION ${CMAKE_INSTALL_BINDIR})
install(PROGRAMS tools/report tools/draw_path DESTINATION share/gradus)
install(DIRECTORY tools/python DESTINATION share/gradus FILES_MATCHING PATTERN "*.py" PATTERN "page.*")
foreach(tool report draw_path)
  string(REPLACE _ - command gradus-${tool})
  file(CREATE_LINK ../share/gradus/${tool} ${CMAKE_CURRENT_BINARY_DIR}/links/${command} SYMBOLIC)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/links/${command} DESTINATION ${CMAKE_INSTALL_BINDIR})
endforeach()
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/examples/width_study.cpp DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME gradus)
set(CPACK_PACKAGE_CONTACT "the authors of Gradus <gradus@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What tools/setup installs, as far as a study needs it.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "g++, cmake, make | ninja-build, libboost-iostreams-dev, libcsv-dev, libfmt-dev, libhdf5-dev, libssl-dev, nlohmann-json3-dev, python3-h5py, python3-matplotlib, python3-numpy, python3-scipy, python3-statsmodels")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "dataset-fashion-mnist, git, ninja-build, python3-pandas, python3-plotly, python3-xarray")
if(GRADUS_ONEDNN AND GRADUS_ONEDNN_LIBRARY)
  string(APPEND CPACK_DEBIAN_PACKAGE_DEPENDS ", libdnnl-dev")
endif()
if(PROJECT_IS_TOP_LEVEL)
  include(CPack)
endif()
