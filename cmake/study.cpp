// Part of each program that finds Gradus by find_package: the commit of its own repository (see GradusConfig.cmake).
#include "gradus_build_info.h"

extern "C" const char* gradus_study_commit() { return GRADUS_STUDY_COMMIT; }
extern "C" bool gradus_study_dirty() { return GRADUS_STUDY_DIRTY != 0; }
