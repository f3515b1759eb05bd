// A small residual network on the images of Fashion-MNIST.
#pragma once

#include "experiments/workloads/fashion_two_convolutions.h"
#include "experiments/workloads/residual_network.h"

namespace gradus::workloads {

struct FashionResidual {
  static constexpr const char* name = "fashion-resnet";
  static constexpr const char* summary = "a small residual network on the images of Fashion-MNIST (He et al. 2016)";

  Model model = ResidualNetwork{};
  std::int64_t validation_examples = 10000;
  double epochs = 10;

  lab::Workload make(lab::Run& run) const {
    return FashionTwoConvolutions{.model = model, .validation_examples = validation_examples, .epochs = epochs}.make(
        run);
  }
};

}  // namespace gradus::workloads
