// Does gradient descent end at the edge of stability? Expected (Cohen et al. 2021): the sharpness, the largest
// eigenvalue of the Hessian, rises to 2 / learning_rate and stays there.
//   build/bin/sweep run --output=results/edge -- build/bin/examples/edge_of_stability --learning-rate=0.02,0.03
//   tools/report results/edge --curve sharpness/sharpness --line '2/learning_rate'
#include "experiments/lab/instruments/sharpness.h"
#include "experiments/lab/train.h"
#include "experiments/workloads/fashion_mlp.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main(
      "edge_of_stability", "Trains a network on all images at once and watches its sharpness.", argc, argv,
      [](lab::Run& run) {
        const int images = run.option("images", 1000, "training images", lab::at_least(1));
        const int steps = run.option("steps", 2000, "steps of training", lab::at_least(1));
        const int every = run.option("every", 10, "steps between two measurements", lab::at_least(1));
        const auto optimizer = run.optimizer("gradient_descent", {{"gradient_descent", {{"learning_rate", 0.02}}}});
        lab::Workload workload = workloads::FashionMlp{.model = workloads::Mlp{.hidden = {64}, .activation = "tanh"},
                                                       .loss = "squared_error"}
                                     .make(run);
        workload.data = {.train = workload.data.train.first(images).standardised(0.286, 0.353)};
        lab::train(run, workload, optimizer,
                   {.budget = {lab::steps(steps)},
                    .evaluate_every = lab::steps(every),
                    .batch_size = lab::whole_set,
                    .instruments = {lab::sharpness({.every = every})}});
      });
}
