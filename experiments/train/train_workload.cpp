// Trains any of the workloads with any optimizer: what a question that needs no program of its own is asked with, by a
// sweep over --workload, --optimizer and their options.
#include "experiments/lab/train.h"
#include "experiments/workloads/mnist_1d.h"
#include "experiments/workloads/workloads.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main("train_workload", "Trains a workload with one optimizer and one seed.", argc, argv,
                   [](lab::Run& run) {
                     const lab::Workload workload = workloads::choose(run, workloads::Mnist1dClassification{});
                     const auto optimizer = run.optimizer("adam");
                     lab::train(run, workload, optimizer, lab::plan_of_options(run, workload.plan));
                   });
}
