// Does the best learning rate of plain SGD depend on the width of the network? Expected: a wide network tolerates less.
#include "experiments/lab/train.h"
#include "experiments/workloads/datasets.h"
#include "nn/layers.h"
#include "nn/losses.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main("width_study", "Trains one hidden layer of some width.", argc, argv, [](lab::Run& run) {
    const int width = run.option("width", 128, "units in the hidden layer", lab::at_least(1));
    const auto optimizer = run.optimizer("sgd");  // --optimizer and each of its hyperparameters
    const auto network = [width](const lab::Task& task) {
      return nn::Sequential{nn::Linear{task.input.size(), width}, nn::Relu{}, nn::Linear{width, task.outputs}};
    };
    const lab::Workload workload{.name = "width_study",
                                 .model = network,
                                 .loss = nn::cross_entropy,
                                 .data = workloads::choose_dataset(run, "fashion-mnist", 10000),
                                 .metrics = {lab::loss_metric(), lab::accuracy()}};
    // Ends the options: --help, --describe and unknown ones stop here. Then trains, evaluates and writes the results.
    lab::train(run, workload, optimizer, lab::plan_of_options(run, {.budget = {lab::epochs(5)}}));
  });
}
