#include "experiments/workloads/datasets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "experiments/lab/idx_dataset.h"

namespace gradus::workloads {

const settings::Catalogue<NamedDataset>& datasets() {
  static const settings::Catalogue<NamedDataset> all(
      "data set", {{"fashion-mnist", "60,000 + 10,000 images [28, 28] of 10 kinds of clothes (Xiao et al. 2017)",
                    [](const std::string& directory) { return lab::idx_dataset("fashion-mnist", directory); }}});
  return all;
}

lab::Dataset choose_dataset(lab::Run& run, const std::string& fallback, std::int64_t validation_examples) {
  const std::string name = run.option(
      "data", fallback, fmt::format("data set: {}, or any name with --data-dir", fmt::join(datasets().names(), ", ")));
  const std::string directory =
      run.option("data_dir", "", "directory of the data set; of four IDX files, plain or gzip, in MNIST's names");
  const std::int64_t validation =
      run.option("validation_examples", validation_examples,
                 "taken from the end of the training set, to make choices on", lab::at_least(0));
  const NamedDataset* const known = datasets().get(name);
  const lab::Dataset data =
      (known ? known->make(directory) : lab::idx_dataset(name, directory)).with_validation(validation);
  run.before_start([data] { lab::from_options([&] { return data.train.size(); }); });
  return data;
}

}  // namespace gradus::workloads
