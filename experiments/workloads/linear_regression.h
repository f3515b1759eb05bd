// Least squares, whose optimum is known in closed form.
#pragma once

#include "experiments/workloads/mlp.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/regression_data.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct LinearRegression {
  static constexpr const char* name = "linear-regression";
  static constexpr const char* summary = "least squares with a condition number, or on a table";

  Model model = Mlp{.hidden = {}, .initializer = "zeros"};
  RegressionData data = {};
  double noise = 0.1;
  lab::Plan plan = {.budget = {lab::epochs(100)}, .evaluate_every = lab::epochs(10), .batch_size = 100};

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    const auto respond = [noise = noise](lab::Run& asked) -> Respond {
      const double deviation =
          asked.option("noise", noise, "standard deviation of the generated targets", lab::at_least(0));
      return [deviation](double projection, RandomStream& random) { return projection + deviation * random.normal(); };
    };
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::mean_squared_error,
            .data = data.choose(run, lab::LastColumn::number, 0, respond),
            .metrics = {lab::loss_metric("1"), lab::r_squared()},
            .plan = plan};
  }
};

}  // namespace gradus::workloads
