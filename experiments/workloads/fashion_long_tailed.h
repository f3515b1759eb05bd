// The images of Fashion-MNIST with rare classes.
#pragma once

#include <fmt/format.h>

#include "experiments/workloads/class_metrics.h"
#include "experiments/workloads/fashion_mlp.h"

namespace gradus::workloads {

// Class c keeps imbalance^(c / 9) of its training images (Cui et al. 2019); validation and test keep all, so that their
// accuracy is that of classes of equal weight. Each class has its own accuracy beside.
struct FashionLongTailed {
  static constexpr const char* name = "fashion-long-tailed";
  static constexpr const char* summary =
      "784-128-10 on the images of Fashion-MNIST, of which each class has fewer than the one before (Cui et al. 2019)";

  Model model = Mlp{};
  double imbalance = 0.01;
  std::int64_t validation_examples = 10000;
  double epochs = 10;

  lab::Workload make(lab::Run& run) const {
    lab::Workload made =
        FashionMlp{.model = model, .validation_examples = validation_examples, .epochs = epochs}.make(run);
    const double ratio = run.option("imbalance", imbalance, "share of the last class's training images that are kept",
                                    lab::between(1e-6, 1));
    made.data.train = made.data.train.long_tailed(ratio);
    for (std::int32_t label = 0; label < 10; ++label)
      made.metrics.push_back(accuracy_of_classes(fmt::format("class_{}", label), label, label + 1));
    made.target = {};
    return made;
  }
};

}  // namespace gradus::workloads
