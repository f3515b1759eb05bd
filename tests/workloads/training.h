// A workload in float64 with an optimizer, and no output.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "experiments/lab/trainer.h"
#include "experiments/lab/workload.h"
#include "optim/optimizer.h"
#include "tests/workloads/runs.h"

namespace gradus::workloads {

struct Training {
  template <class W>
  Training(const W& kind, const std::vector<std::string>& arguments, const std::string& method,
           const optim::NamedValues& settings = {})
      : run(run_with(arguments, "float64")),
        workload(kind.make(run)),
        optimizer(optim::make_optimizer(method, settings)),
        trainer(run, workload.model(lab::task_of(workload.data.train)), workload.loss, *optimizer) {}
  // Steps on the rows in their order, one batch after the other.
  void steps(std::int64_t count, std::int64_t batch) {
    lab::BatchStream batches(workload.data.train, batch, DType::float64, lab::Order::sequential,
                             [](std::uint64_t) { return RandomStream(0); });
    for (std::int64_t i = 0; i < count; ++i) trainer.step(batches.next());
  }
  double loss(const lab::Source& set) { return trainer.evaluate(set, workload.metrics).front(); }
  // The metric of that name, on all training examples.
  double measured(const std::string& name) {
    const std::vector<double> values = trainer.evaluate(workload.data.train, workload.metrics);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (workload.metrics[i].column.name == name) return values[i];
    throw std::invalid_argument("no metric " + name);
  }

  lab::Run run;
  lab::Workload workload;
  std::unique_ptr<optim::Optimizer> optimizer;
  lab::Trainer trainer;
};

}  // namespace gradus::workloads
