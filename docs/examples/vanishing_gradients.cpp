// With which activation and initialiser does the gradient of a deep network reach its first layer? Expected (Glorot &
// Bengio 2010, He et al. 2015): it vanishes with the depth for sigmoids, and keeps its size for tanh after Glorot's and
// for relu after He's initialisation.
//   build/bin/sweep run --output=results/vanishing -- build/bin/examples/vanishing_gradients --depth=5,20
//     --activation=sigmoid,tanh,relu --initializer=lecun_normal,glorot_normal,he_normal
//   tools/report results/vanishing --metric layer/gradient:first --heatmap initializer,activation --facet depth
#include "autodiff/tensor/vectors.h"
#include "experiments/lab/trainer.h"
#include "experiments/workloads/choices.h"
#include "experiments/workloads/datasets.h"
#include "nn/layers.h"
#include "nn/losses.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main(
      "vanishing_gradients", "The gradient of each layer of a network as it begins.", argc, argv, [](lab::Run& run) {
        const int depth = run.option("depth", 20, "hidden layers", lab::at_least(1));
        const int width = run.option("width", 100, "units of each", lab::at_least(1));
        const std::string activation =
            run.option("activation", "tanh", "between layers", lab::one_of(workloads::activations().names()));
        const std::string initializer = run.option("initializer", "glorot_normal", "of the weights",
                                                   lab::one_of(workloads::initializers().names()));
        const lab::Dataset data = workloads::choose_dataset(run, "fashion-mnist");
        run.start();

        std::vector<std::int64_t> sizes(static_cast<std::size_t>(depth) + 2, width);
        sizes.front() = data.train.inputs().shape.size();
        sizes.back() = data.train.targets().classes;
        lab::NetworkObjective objective(
            nn::multilayer_perceptron(sizes, {.activation = workloads::activation(activation),
                                              .weight = workloads::initializer(initializer)}),
            nn::cross_entropy, run.dtype(), run.stream("noise"));
        const lab::Batch batch = data.train.rows(0, 256, run.dtype());
        objective.set_batch(batch);
        const Tensor theta = objective.parameters().initial(run.dtype(), run.stream("initialisation"));
        objective.move_to(theta);
        const Tensor& gradient = objective.gradient();

        lab::RunTable& table = run.table(
            "layer",
            {{.name = "gradient", .long_name = "Euclidean norm of the weights' gradient", .draw = records::Draw::log}});
        for (const auto& slice : objective.slices())
          if (slice.shape.rank() == 2)
            table.append(table.rows(), {vectors::norm(gradient.part(slice.offset, slice.shape))});
      });
}
