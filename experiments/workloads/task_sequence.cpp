#include "experiments/workloads/task_sequence.h"

#include <numeric>

namespace gradus::workloads {
namespace {

std::vector<lab::Dataset> split(const lab::Dataset& data, std::int64_t count, const RandomStream&) {
  std::vector<lab::Dataset> tasks(static_cast<std::size_t>(count));
  for (auto set : {&lab::Dataset::train, &lab::Dataset::validation, &lab::Dataset::test}) {
    if (!(data.*set).defined()) continue;
    const std::vector<lab::Source> parts = (data.*set).divided(count);
    for (std::size_t i = 0; i < parts.size(); ++i) tasks[i].*set = parts[i];
  }
  return tasks;
}

std::vector<lab::Dataset> permuted(const lab::Dataset& data, std::int64_t count, const RandomStream& random) {
  std::vector<lab::Dataset> tasks(static_cast<std::size_t>(count), data);
  for (std::size_t i = 1; i < tasks.size(); ++i) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(data.train.inputs().shape.size()));
    std::iota(order.begin(), order.end(), 0);
    random.child("order", i).shuffle(order);
    for (auto set : {&lab::Dataset::train, &lab::Dataset::validation, &lab::Dataset::test})
      if ((data.*set).defined()) tasks[i].*set = (data.*set).permuted(order);
  }
  return tasks;
}

}  // namespace

const settings::Catalogue<TaskSequence>& task_sequences() {
  static const settings::Catalogue<TaskSequence> all(
      "task sequence", {{"split", "the classes in equal shares, with one head for all", split},
                        {"permuted", "all classes, the inputs' numbers in another order for each", permuted}});
  return all;
}

}  // namespace gradus::workloads
