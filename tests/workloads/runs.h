// What the tests of workloads share: runs that are never started.
#pragma once

#include <string>
#include <vector>

#include "experiments/lab/run.h"

namespace gradus::workloads {

inline lab::Run run_with(const std::vector<std::string>& arguments, const std::string& dtype = "float32") {
  return lab::Run(lab::Options("a_program", arguments), "A test.", dtype);
}

}  // namespace gradus::workloads
