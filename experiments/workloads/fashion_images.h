// Larger networks on the images of Fashion-MNIST, and the images with rare classes.
#pragma once

#include <fmt/format.h>

#include "experiments/workloads/class_metrics.h"
#include "experiments/workloads/fashion_mlp.h"
#include "experiments/workloads/residual_network.h"
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
