// What linear and logistic regression are of: generated data with a condition number, or a table of one's own.
#pragma once

#include "experiments/lab/csv_source.h"
#include "experiments/lab/run.h"
#include "experiments/workloads/conditioned_data.h"

namespace gradus::workloads {

struct RegressionData {
  ConditionedData generated = {};
  std::int64_t rows = 1000;
  std::int64_t validation_examples = 0;

  // Asks for --table and, where it names one, for --validation-examples; otherwise for the generated data's shape, and
  // by `respond` for how their targets are made.
  lab::Dataset choose(lab::Run& run, lab::LastColumn last, std::int64_t classes,
                      const std::function<Respond(lab::Run& run)>& respond) const {
    const std::string table =
        run.option("table", "", "file of numbers, whose last column is the target; empty: data are generated");
    const lab::Dataset data = table.empty() ? generate(run, classes, respond(run)) : read(run, table, last);
    run.before_start([data] { lab::from_options([&] { return data.train.size(); }); });
    return data;
  }

 private:
  lab::Dataset read(lab::Run& run, const std::string& table, lab::LastColumn last) const {
    const std::int64_t validation = run.option("validation_examples", validation_examples,
                                               "taken from the end of the table, to make choices on", lab::at_least(0));
    return lab::Dataset{.train = lab::csv_source(table, last)}.with_validation(validation);
  }

  lab::Dataset generate(lab::Run& run, std::int64_t classes, const Respond& respond) const {
    ConditionedData shape = generated;
    shape.features = run.option("features", shape.features, "of the generated data", lab::between(1, 10'000));
    shape.condition = run.option("condition", shape.condition, "number of their second moments", lab::at_least(1));
    shape.is_rotated = run.option("rotated", shape.is_rotated, "the eigenvectors of these are not the axes");
    const std::int64_t examples = run.option("rows", rows, "of the generated data, in each set", lab::at_least(2));
    return lab::from_options([&] { return conditioned_data(shape, examples, classes, respond); });
  }
};

}  // namespace gradus::workloads
