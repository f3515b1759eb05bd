# Flags shared by every target of ours: strict warnings, sanitizers, and the floating-point rules the kernels rely on.
add_library(gradus_options INTERFACE)
target_compile_features(gradus_options INTERFACE cxx_std_20)
target_include_directories(gradus_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/gradus>)
target_compile_options(gradus_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wold-style-cast -Woverloaded-virtual
  # Loops over elements vectorise only if the compiler need not preserve errno and floating-point traps. NaN and
  # infinity keep their meaning: -ffast-math is never used.
  -fno-math-errno -fno-trapping-math -ffp-contract=fast
  # GCC 12 sees overlapping or endless copies where std::string is appended to (its bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(GRADUS_WERROR)
  target_compile_options(gradus_options INTERFACE -Werror)
endif()
if(GRADUS_SANITIZE)
  target_compile_options(gradus_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(gradus_options INTERFACE -fsanitize=address,undefined)
  string(APPEND CMAKE_CXX_FLAGS_DEBUG " -g1")  # stacks with lines; all of -g doubles the time to compile
endif()
if(GRADUS_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    message(FATAL_ERROR "GRADUS_FUZZ needs clang, which has libFuzzer: expected the preset fuzz")
  endif()
  target_compile_options(gradus_options INTERFACE
    -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(gradus_options INTERFACE -fsanitize=address,undefined)
endif()

# gradus_library(NAME [COMPUTES] SOURCES... DEPENDS TARGETS...): one library target a folder. What computes is optimised under
# sanitizers too; elsewhere that would double the time to compile.
function(gradus_library name)
  cmake_parse_arguments(ARG "COMPUTES" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC gradus_options ${ARG_DEPENDS})
  if(ARG_COMPUTES AND GRADUS_SANITIZE)
    target_compile_options(${name} PRIVATE -O1)
  endif()
  set_property(GLOBAL APPEND PROPERTY GRADUS_LIBRARIES ${name})  # to be installed
endfunction()
