// A workload by name: what `--workload=NAME` asks for.
//
// A workload is one file: a plain aggregate with a name, a summary and make(), which asks the run for its options
// (fashion_mlp.h is one), and a line in workloads.cpp. C++ writes FashionMlp{.validation_examples = 5000}.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "experiments/lab/run.h"
#include "experiments/lab/workload.h"

namespace gradus::workloads {

struct NamedWorkload {
  template <class W>
  NamedWorkload(W workload)  // NOLINT: written as FashionMlp{} where a workload is asked for
      : name(W::name), summary(W::summary), make([workload = std::move(workload)](lab::Run& run) {
          lab::Workload made = workload.make(run);
          made.name = W::name;
          return made;
        }) {}

  std::string name, summary;
  // Declares the workload's options, with its values as defaults. Nothing is loaded yet.
  std::function<lab::Workload(lab::Run& run)> make;
};

}  // namespace gradus::workloads
