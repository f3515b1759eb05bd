// Data sets by name.
#pragma once

#include <functional>
#include <string>

#include "experiments/lab/run.h"
#include "experiments/lab/source.h"
#include "settings/catalogue.h"

namespace gradus::workloads {

struct NamedDataset {
  std::string name, help;
  // From a directory, or from where it usually lies if that is empty. Throws std::invalid_argument for a directory of
  // what is computed. Only when the examples are looked at does it throw for others: std::invalid_argument where a
  // directory is needed, std::runtime_error for what is not there or is damaged.
  std::function<lab::Dataset(const std::string& directory)> make;
};
const settings::Catalogue<NamedDataset>& datasets();

// Declares --data, --data-dir and --validation-examples, so many of which are taken from the end of the training set:
// by default none where the data set has some of its own.
// A name that is none of the data sets needs a directory with IDX files in MNIST's names.
lab::Dataset choose_dataset(lab::Run& run, const std::string& fallback, std::int64_t validation_examples = 0);

}  // namespace gradus::workloads
