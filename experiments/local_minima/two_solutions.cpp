// Is there a barrier between two solutions of a network? Trains a workload's model twice, from two starts or twice from
// one in other orders, and looks at the loss along the straight line between the ends. barriers.toml asks the question.
#include "autodiff/tensor/vectors.h"
#include "experiments/lab/network_objective.h"
#include "experiments/workloads/fashion_mlp.h"
#include "experiments/workloads/workloads.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main(
      "two_solutions", "Trains a network twice, and walks from one solution to the other.", argc, argv,
      [](lab::Run& run) {
        const lab::Workload workload = workloads::choose(run, workloads::FashionMlp{});
        const bool same_start = run.option("same_start", false, "both begin at one point, and differ in the order");
        const int batch_size = run.option("batch_size", 32, "examples in a batch", lab::at_least(1));
        const int steps = run.option("steps", 1000, "of each training", lab::at_least(1));
        const int examples = run.option("evaluation_examples", 1000, "of the training set", lab::at_least(1));
        const int points = run.option("points", 21, "on the line, with both ends", lab::at_least(3));
        const lab::ChosenOptimizer chosen = run.optimizer("sgd");
        run.start();
        lab::NetworkObjective objective(workload.model(lab::task_of(workload.data.train)), workload.loss, run.dtype(),
                                        run.stream("noise"));
        const auto solution = [&](std::uint64_t number) {
          const auto optimizer = optim::make_optimizer(chosen.recipe);
          const RandomStream start = run.stream("initialisation", same_start ? 0 : number);
          const RandomStream order = run.stream("shuffle", number);
          const Tensor theta = objective.parameters().initial(run.dtype(), start);
          lab::BatchStream batches(workload.data.train, batch_size, run.dtype(), lab::Order::shuffled,
                                   [&](auto pass) { return order.child("pass", pass); });
          for (int step = 0; step < steps; ++step) {
            objective.set_batch(batches.next());
            run.log(optimizer->step(objective, theta));
          }
          return theta;
        };
        const Tensor first = solution(0), second = solution(1), way = first.clone(), point = first.clone();
        vectors::add_scaled(second, -1, first, way);
        const lab::Batch watched = workload.data.train.rows(0, examples, run.dtype());
        objective.set_batch(watched);
        std::vector<double> loss;
        for (int i = 0; i < points; ++i) {
          vectors::add_scaled(first, static_cast<double>(i) / (points - 1), way, point);
          objective.move_to(point);
          loss.push_back(objective.value());
        }
        constexpr auto lower = records::Better::lower;
        lab::RunTable& line = run.table(
            "line",
            {{.name = "loss", .long_name = "at this point of the line", .better = lower},
             {.name = "above", .long_name = "what it is above the line between those of the ends", .better = lower}},
            {.name = "point"});
        for (int i = 0; i < points; ++i) {
          const double share = static_cast<double>(i) / (points - 1), at = loss[static_cast<std::size_t>(i)];
          line.append(i, {at, at - (1 - share) * loss.front() - share * loss.back()});
        }
      });
}
