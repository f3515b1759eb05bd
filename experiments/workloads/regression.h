// Linear and logistic regression, on generated data with a condition number or on a table of one's own.
#pragma once

#include <cmath>
#include <optional>

#include "experiments/lab/csv_source.h"
#include "experiments/workloads/conditioned_data.h"
#include "experiments/workloads/mlp.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

// What both ask for: --table, or the generated data's shape.
struct RegressionData {
  ConditionedData generated = {};
  std::int64_t rows = 1000;
  std::int64_t validation_examples = 0;

  lab::Dataset choose(lab::Run& run, lab::LastColumn last, std::int64_t classes,
                      const std::function<double(double, RandomStream&)>& respond) const {
    const std::string table =
        run.option("table", "", "file of numbers, whose last column is the target; empty: data are generated");
    const std::int64_t validation = run.option("validation_examples", validation_examples,
                                               "taken from the end of a table, to make choices on", lab::at_least(0));
    ConditionedData shape = generated;
    shape.features = run.option("features", shape.features, "of the generated data", lab::between(1, 10'000));
    shape.condition = run.option("condition", shape.condition, "number of their second moments", lab::at_least(1));
    shape.is_rotated = run.option("rotated", shape.is_rotated, "the eigenvectors of these are not the axes");
    const std::int64_t examples = run.option("rows", rows, "of the generated data, in each set", lab::at_least(2));
    const lab::Dataset data =
        table.empty() ? lab::from_options([&] { return conditioned_data(shape, examples, classes, respond); })
                      : lab::Dataset{.train = lab::csv_source(table, last)}.with_validation(validation);
    run.before_start([data] { lab::from_options([&] { return data.train.size(); }); });
    return data;
  }
};

struct LinearRegression {
  static constexpr const char* name = "linear-regression";
  static constexpr const char* summary = "least squares with a condition number, or on a table";

  Model model = Mlp{.hidden = {}, .initializer = "zeros"};
  RegressionData data = {};
  double noise = 0.1;
  lab::Plan plan = {.budget = {lab::epochs(100)}, .evaluate_every = lab::epochs(10), .batch_size = 100};

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    const double deviation =
        run.option("noise", noise, "standard deviation of the generated targets", lab::at_least(0));
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::mean_squared_error,
            .data = data.choose(run, lab::LastColumn::number, 0,
                                [deviation](double projection, RandomStream& random) {
                                  return projection + deviation * random.normal();
                                }),
            .metrics = {lab::loss_metric("1"), lab::r_squared()},
            .plan = plan};
  }
};

struct LogisticRegression {
  static constexpr const char* name = "logistic-regression";
  static constexpr const char* summary = "two classes that overlap, with a condition number; or the classes of a table";

  Model model = Mlp{.hidden = {}, .initializer = "zeros"};
  RegressionData data = {};
  double sharpness = 4;
  lab::Plan plan = {.budget = {lab::epochs(100)}, .evaluate_every = lab::epochs(10), .batch_size = 100};

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    const double steep = run.option("class_sharpness", sharpness,
                                    "of the generated classes: the log-odds along their direction", lab::at_least(0));
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::cross_entropy,
            .data = data.choose(run, lab::LastColumn::label, 2,
                                [steep](double projection, RandomStream& random) {
                                  return random.uniform() * (1 + std::exp(-steep * projection)) < 1 ? 1.0 : 0.0;
                                }),
            .metrics = {lab::loss_metric(), lab::accuracy()},
            .plan = plan};
  }
};

}  // namespace gradus::workloads
