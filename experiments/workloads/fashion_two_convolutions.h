// Two convolutions on the images of Fashion-MNIST.
#pragma once

#include "experiments/workloads/fashion_mlp.h"
#include "experiments/workloads/two_convolutions.h"

namespace gradus::workloads {

// As DeepOBS has it (Schneider et al. 2019), in batches of 128.
struct FashionTwoConvolutions {
  static constexpr const char* name = "fashion-2c2d";
  static constexpr const char* summary =
      "two convolutions and two dense layers on the images of Fashion-MNIST (Schneider et al. 2019)";

  Model model = TwoConvolutions{};
  std::int64_t validation_examples = 10000;
  double epochs = 10;

  lab::Workload make(lab::Run& run) const {
    lab::Workload made =
        FashionMlp{.model = model, .validation_examples = validation_examples, .epochs = epochs}.make(run);
    made.plan.batch_size = 128;
    made.target.value = 0.91;
    return made;
  }
};

}  // namespace gradus::workloads
