#include "experiments/workloads/accuracy_matrix.h"

#include <array>
#include <numeric>
#include <stdexcept>

namespace gradus::workloads {
namespace {

std::vector<lab::Column> columns(const std::vector<lab::Dataset>& tasks) {
  using records::Better;
  for (const lab::Dataset& task : tasks)
    if (!task.validation.defined() || !task.test.defined())
      throw std::invalid_argument("accuracy matrix: a task without examples for validation or test");
  return {
      {.name = "test_accuracy",
       .long_name = "share classified correctly, of all classes",
       .axis = "tested",
       .length = std::ssize(tasks),
       .better = Better::higher,
       .axis_long_name = "task that is tested"},
      {.name = "learnt_validation_accuracy",
       .long_name = "mean over the tasks so far of the accuracy right after each",
       .better = Better::higher},
      {.name = "forgetting",
       .long_name = "mean over the earlier tasks of the test accuracy lost since each was learnt",
       .better = Better::lower},
      {.name = "mean_validation_accuracy", .long_name = "mean over the tasks learnt so far", .better = Better::higher},
      {.name = "mean_test_accuracy", .long_name = "mean over the tasks learnt so far", .better = Better::higher}};
}

double mean(const std::vector<double>& all) {
  return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

}  // namespace

AccuracyMatrix::AccuracyMatrix(lab::Run& run, const std::vector<lab::Dataset>& tasks, std::int64_t most)
    : tasks_(tasks),
      most_(most),
      table_(run.table("accuracy", columns(tasks), {.name = "learnt", .long_name = "tasks learnt"})) {}

double AccuracyMatrix::accuracy(lab::Trainer& trainer, const lab::Source& set) const {
  return trainer.evaluate(set, std::array{lab::accuracy()}, most_)[0];
}

void AccuracyMatrix::measure(lab::Trainer& trainer) {
  const std::size_t task = learnt_.size();
  std::vector<double> row, on_test, on_validation, lost;
  for (const lab::Dataset& one : tasks_) row.push_back(accuracy(trainer, one.test));
  for (std::size_t i = 0; i <= task; ++i) {
    on_test.push_back(row[i]);
    on_validation.push_back(accuracy(trainer, tasks_[i].validation));
    if (i < task) lost.push_back(learnt_[i].test - row[i]);
  }
  learnt_.push_back({on_validation.back(), on_test.back()});
  double learnt_validation = 0;
  for (const Learnt& one : learnt_) learnt_validation += one.validation / static_cast<double>(learnt_.size());
  row.insert(row.end(), {learnt_validation, lost.empty() ? 0 : mean(lost), mean(on_validation), mean(on_test)});
  table_.append(static_cast<std::int64_t>(task) + 1, row);
}

}  // namespace gradus::workloads
