# Run at each build: writes OUTPUT with the commit of SOURCE and how it is compiled, only if that changed.
set(commit unknown)
set(dirty 0)
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse HEAD
    OUTPUT_VARIABLE head RESULT_VARIABLE failed ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  # A checkout around the source (say, an unpacked archive in somebody's repository) is not ours.
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --show-prefix
    OUTPUT_VARIABLE prefix ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed AND prefix STREQUAL "")
    set(commit ${head})
    # Only what is compiled counts: results and notes beside the source do not change a program.
    execute_process(COMMAND ${GIT} -C ${SOURCE} --no-optional-locks status --porcelain --
        *.h *.cpp *.cmake CMakeLists.txt */CMakeLists.txt CMakePresets.json
      OUTPUT_VARIABLE changes ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT changes STREQUAL "")
      set(dirty 1)
    endif()
  endif()
endif()
string(REPLACE "\\" "\\\\" FLAGS "${FLAGS}")
string(REPLACE "\"" "\\\"" FLAGS "${FLAGS}")
string(REPLACE ";" " " FLAGS "${FLAGS}")
string(STRIP "${FLAGS}" FLAGS)
set(text "#pragma once
#define GRADUS_GIT_COMMIT \"${commit}\"
#define GRADUS_GIT_DIRTY ${dirty}
#define GRADUS_COMPILER \"${COMPILER}\"
#define GRADUS_COMPILER_FLAGS \"${FLAGS}\"
")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
