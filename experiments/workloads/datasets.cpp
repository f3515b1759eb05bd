#include "experiments/workloads/datasets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "experiments/lab/idx_dataset.h"
#include "experiments/workloads/mnist_1d_data.h"

namespace gradus::workloads {

namespace {

// One that is computed, not read.
NamedDataset made(const char* name, const char* help, lab::Dataset (*make)()) {
  return {name, help, [name, make](const std::string& directory) {
            if (!directory.empty())
              throw std::invalid_argument(fmt::format("data set {} is computed: no --data-dir was expected", name));
            return make();
          }};
}

}  // namespace

const settings::Catalogue<NamedDataset>& datasets() {
  static const settings::Catalogue<NamedDataset> all(
      "data set",
      {{"fashion-mnist", "60,000 + 10,000 images [28, 28] of 10 kinds of clothes (Xiao et al. 2017)",
        [](const std::string& directory) { return lab::idx_dataset("fashion-mnist", directory); }},
       made("mnist-1d", "4,000 + 1,000 curves that show ten digits, and 5,000 for validation (Greydanus & Kobak 2024)",
            mnist_1d),
       made("mnist-1d-large", "the same with 20,000 to test", mnist_1d_large),
       made("mnist-1d-endless", "the same with 20,000 to test, and new curves in every batch", mnist_1d_endless)});
  return all;
}

lab::Dataset choose_dataset(lab::Run& run, const std::string& fallback, std::int64_t validation_examples) {
  const std::string name = run.option(
      "data", fallback, fmt::format("data set: {}, or any name with --data-dir", fmt::join(datasets().names(), ", ")));
  const std::string directory =
      run.option("data_dir", "", "directory of the data set; of four IDX files, plain or gzip, in MNIST's names");
  const NamedDataset* const known = datasets().get(name);
  const lab::Dataset all =
      lab::from_options([&] { return known ? known->make(directory) : lab::idx_dataset(name, directory); });
  const std::int64_t validation =
      run.option("validation_examples", all.validation.defined() ? 0 : validation_examples,
                 "taken from the end of the training set, to make choices on", lab::at_least(0));
  const lab::Dataset data = all.with_validation(validation);
  run.before_start([data] { lab::from_options([&] { return data.train.size(); }); });
  return data;
}

}  // namespace gradus::workloads
