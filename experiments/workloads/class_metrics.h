// What is measured of logits: of some of the classes, where they are not equally frequent, and where the loss is not
// the plain cross-entropy.
#pragma once

#include <string>

#include "experiments/lab/metric.h"

namespace gradus::workloads {

// Of the examples of classes [first, last), as columns accuracy_NAME and loss_NAME: the share classified
// correctly, and the mean cross-entropy. Not a number for a set without such examples.
lab::Metric accuracy_of_classes(const std::string& name, std::int32_t first, std::int32_t last);
lab::Metric loss_of_classes(const std::string& name, std::int32_t first, std::int32_t last);

// The mean cross-entropy as the column `loss`, whatever is trained on.
lab::Metric cross_entropy_metric();

}  // namespace gradus::workloads
