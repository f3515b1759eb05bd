// Which learning rate is best, and can gradient descent find it? The derivative of a whole training by its learning
// rate (Maclaurin, Duvenaud & Adams 2015): the tape holds every step of it. Expected on MNIST-1D (Greydanus & Kobak
// 2024): from 1.5 and from 0.15 the rate comes near 0.62.
//   build/bin/sweep run --output=results/hyper -- build/bin/examples/hypergradient --initial-rate=1.5,0.15
//   tools/report results/hyper --curve outer/learning_rate
#include <cmath>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "experiments/lab/batches.h"
#include "experiments/lab/run.h"
#include "experiments/workloads/datasets.h"
#include "nn/layers.h"
#include "nn/losses.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main(
      "hypergradient", "Learns the learning rate of SGD by its exact derivative.", argc, argv, [](lab::Run& run) {
        double rate = run.option("initial_rate", 1.5, "learning rate at the beginning", lab::more_than(0));
        const int outer = run.option("outer_steps", 50, "changes of the learning rate", lab::at_least(1));
        const int inner = run.option("inner_steps", 200, "steps of a training", lab::at_least(1));
        const lab::Dataset data = workloads::choose_dataset(run, "mnist-1d");
        run.start();
        const auto dense = [](std::int64_t in, std::int64_t out) {  // as it begins in PyTorch
          const double bound = 1 / std::sqrt(static_cast<double>(in));
          return nn::Linear{in, out, nn::uniform(-bound, bound), nn::uniform(-bound, bound)};
        };
        nn::Sequential model{dense(40, 50), nn::Tanh{}, dense(50, 10)};
        nn::ParameterSet parameters;
        nn::ParameterScope scope(parameters);
        model.declare(scope);
        const Tensor theta = parameters.initial(run.dtype(), run.stream("initialisation"));
        lab::RunTable& table =
            run.table("outer", {{.name = "learning_rate", .long_name = "before the step"},
                                {.name = "mean_loss", .units = "nat", .better = records::Better::lower},
                                {.name = "hypergradient", .long_name = "of the mean loss by the rate"}});
        Tape tape(run.dtype());
        for (int step = 0; step < outer; ++step) {
          tape.reset();
          const Var learning_rate = tape.leaf(Tensor::full({}, rate, run.dtype()));
          std::vector<Var> weights;
          for (const Tensor& view : parameters.views(theta)) weights.push_back(tape.leaf(view));
          Var losses = tape.scalar(0);
          for (int i = 0; i < inner; ++i) {
            const lab::Batch batch = data.train.rows(i * 50 % data.train.size(), 50, run.dtype());
            nn::Forward pass(weights, nn::Mode::train, run.stream("noise"));
            const Var loss = nn::cross_entropy(model.forward(pass, tape.leaf(batch.inputs)), tape.leaf(batch.targets));
            losses = losses + loss / inner;
            const std::vector<Var> gradients = record_gradient(loss, weights);
            for (std::size_t k = 0; k < weights.size(); ++k) weights[k] = weights[k] - learning_rate * gradients[k];
          }
          const double slope = gradient(losses, {learning_rate})[0].item();
          table.append(step, {rate, losses.item(), slope});
          rate -= 0.3 * slope;
          run.log_row(step, std::vector{losses.item()}, losses.item());  // ends the run where that is not finite
        }
      });
}
