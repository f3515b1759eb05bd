# Run at each build: writes OUTPUT with the commits of STUDY (the project that is built) and of GRADUS, and how they are
# compiled, only if that changed.
find_program(GIT git)

# commit_of(FOLDER COMMIT DIRTY): those of the checkout that FOLDER's CMakeLists.txt is a part of. A checkout around it that
# does not know the file (say, of an archive unpacked in somebody's repository) is not its own.
function(commit_of folder commit dirty)
  set(${commit} unknown PARENT_SCOPE)
  set(${dirty} 0 PARENT_SCOPE)
  if(NOT GIT)
    return()
  endif()
  execute_process(COMMAND ${GIT} -C ${folder} ls-files --error-unmatch CMakeLists.txt
    RESULT_VARIABLE not_known OUTPUT_QUIET ERROR_QUIET)
  execute_process(COMMAND ${GIT} -C ${folder} rev-parse HEAD
    OUTPUT_VARIABLE head RESULT_VARIABLE failed ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(not_known OR failed)
    return()
  endif()
  set(${commit} ${head} PARENT_SCOPE)
  # Only what is compiled counts: results and notes beside the source do not change a program.
  set(compiled)
  foreach(ending h hh hpp hxx inc inl c cc cpp cxx cu cmake)
    list(APPEND compiled ":(top)*.${ending}")
  endforeach()
  execute_process(COMMAND ${GIT} -C ${folder} --no-optional-locks status --porcelain -- ${compiled}
      ":(top)CMakeLists.txt" ":(top)*/CMakeLists.txt" ":(top)CMakePresets.json"
    OUTPUT_VARIABLE changes ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT changes STREQUAL "")
    set(${dirty} 1 PARENT_SCOPE)
  endif()
endfunction()

commit_of(${STUDY} study_commit study_dirty)
commit_of(${GRADUS} gradus_commit gradus_dirty)
string(REPLACE "\\" "\\\\" FLAGS "${FLAGS}")
string(REPLACE "\"" "\\\"" FLAGS "${FLAGS}")
string(REPLACE ";" " " FLAGS "${FLAGS}")
string(STRIP "${FLAGS}" FLAGS)
set(text "#pragma once
#define GRADUS_STUDY_COMMIT \"${study_commit}\"
#define GRADUS_STUDY_DIRTY ${study_dirty}
#define GRADUS_COMMIT \"${gradus_commit}\"
#define GRADUS_DIRTY ${gradus_dirty}
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
