// Do second-order methods train a deep autoencoder faster than tuned first-order ones, at equal seconds and at equal
// gradients? This program trains one with one optimizer and one seed until a budget is spent; the sweep beside it asks
// the question.
#include "experiments/lab/train.h"
#include "experiments/workloads/deep_autoencoder.h"
#include "experiments/workloads/workloads.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main(
      "second_order", "Trains a deep autoencoder with one optimizer and one seed until a budget is spent.", argc, argv,
      [](lab::Run& run) {
        const lab::Workload workload =
            workloads::choose(run, workloads::DeepAutoencoder{.validation_examples = 0,
                                                              .plan = {.budget = {lab::seconds(300)},
                                                                       .evaluate_every = lab::seconds(10),
                                                                       .batch_size = 128,
                                                                       .evaluation_examples = 10000}});
        const auto optimizer = run.optimizer(
            "hessian_free",
            {{"hessian_free", {{"initial_damping", 10}, {"damping_factor", 1.02}, {"max_iterations", 20}}}});
        lab::train(run, workload, optimizer, lab::plan_of_options(run, workload.plan));
      });
}
