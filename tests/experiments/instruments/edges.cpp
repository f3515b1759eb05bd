#include "tests/experiments/instruments/edges.h"

#include <cmath>
#include <fstream>
#include <stdexcept>

#include "experiments/lab/instruments/sharpness.h"
#include "experiments/lab/train.h"
#include "experiments/workloads/fashion_mlp.h"
#include "tests/experiments/program.h"

namespace gradus::lab {
namespace {

Found found_in(const records::MetricTable& table, std::int64_t settling) {
  const auto values = [&](const char* name) -> const std::vector<double>& {
    for (std::size_t i = 0; i < table.columns().size(); ++i)
      if (table.columns()[i].name == name) return table.values(i);
    throw std::runtime_error(std::string("no column ") + name);
  };
  Found found{values("threshold").back(), -1, 0, 0};
  for (std::size_t i = 0; i < table.index().size(); ++i) {
    // A first point far above is before the training has found its way.
    if (found.reached < 0 && i > 0 && values("regime")[i] == 1) found.reached = table.index()[i];
    if (found.reached < 0 || table.index()[i] < found.reached + settling) continue;
    found.mean += values("preconditioned_sharpness")[i];
    ++found.rows;
  }
  found.mean /= static_cast<double>(found.rows);
  return found;
}

}  // namespace

std::span<const Edge> edges() {
  static const Edge all[] = {
      {"gradient_descent", {{"learning_rate", 0.02}}, 1500, 500},
      {"momentum", {{"learning_rate", 0.02}, {"momentum", 0.9}}, 1500, 500},
      {"nesterov", {{"learning_rate", 0.01}, {"momentum", 0.9}}, 1500, 500},
      {"adam", {{"learning_rate", 0.001}, {"beta2", 0.99}, {"epsilon", 1e-8}}, 2000, 500},
  };
  return all;
}

Found train_to_the_edge(const Edge& edge, std::int64_t images, double part_of_steps) {
  TemporaryFolder folder;
  Program program;
  std::vector<std::string> options = {"--quiet", "--optimizer=" + edge.method};
  const int code = program.run(
      [&](Run& run) {
        const auto optimizer = run.optimizer(edge.method, {{edge.method, edge.values}});
        Workload workload = workloads::FashionMlp{.model = workloads::Mlp{.hidden = {64}, .activation = "tanh"},
                                                  .loss = "squared_error"}
                                .make(run);
        workload.data = {.train = workload.data.train.first(images).standardised(0.286, 0.353)};
        const auto watch = sharpness({.every = 10});
        const auto count = std::round(static_cast<double>(edge.steps) * part_of_steps);
        train(run, workload, optimizer,
              {.budget = {steps(count)},
               .evaluate_every = steps(count),
               .batch_size = whole_set,
               .instruments = {watch}});
        Found found =
            found_in(watch->table(), static_cast<std::int64_t>(static_cast<double>(edge.settling) * part_of_steps));
        std::ofstream file(folder / "found");
        file.precision(17);
        file << found.threshold << ' ' << found.reached << ' ' << found.mean << ' ' << found.rows;
      },
      options);
  if (code != 0) throw std::runtime_error(edge.method + ": " + program.errors);
  Found found{};
  std::ifstream(folder / "found") >> found.threshold >> found.reached >> found.mean >> found.rows;
  return found;
}

}  // namespace gradus::lab
