// Two classes that overlap, or those of a table: convex, without a closed form.
#pragma once

#include <cmath>

#include "experiments/workloads/mlp.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/regression_data.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct LogisticRegression {
  static constexpr const char* name = "logistic-regression";
  static constexpr const char* summary = "two classes that overlap, with a condition number; or the classes of a table";

  Model model = Mlp{.hidden = {}, .initializer = "zeros"};
  RegressionData data = {};
  double sharpness = 4;
  lab::Plan plan = {.budget = {lab::epochs(100)}, .evaluate_every = lab::epochs(10), .batch_size = 100};

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    const auto respond = [sharpness = sharpness](lab::Run& asked) -> Respond {
      const double steep =
          asked.option("class_sharpness", sharpness, "of the generated classes: the log-odds along their direction",
                       lab::at_least(0));
      return [steep](double projection, RandomStream& random) {
        return random.uniform() * (1 + std::exp(-steep * projection)) < 1 ? 1.0 : 0.0;
      };
    };
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::cross_entropy,
            .data = data.choose(run, lab::LastColumn::label, 2, respond),
            .metrics = {lab::loss_metric(), lab::accuracy()},
            .plan = plan};
  }
};

}  // namespace gradus::workloads
