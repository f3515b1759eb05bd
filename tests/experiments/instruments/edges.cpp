#include "tests/experiments/instruments/edges.h"

#include <fstream>
#include <stdexcept>
#include <string>

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
    if (values("threshold")[i] != found.threshold) continue;  // while the rate warms up
    if (found.reached < 0 && values("regime")[i] == 1) found.reached = table.index()[i];
    if (found.reached < 0 || table.index()[i] < found.reached + settling) continue;
    found.mean += values("preconditioned_sharpness")[i];
    ++found.rows;
  }
  found.mean /= static_cast<double>(found.rows);
  return found;
}

}  // namespace

Found train_to_the_edge(const Edge& edge, std::int64_t images) {
  TemporaryFolder folder;
  Program program;
  std::vector<std::string> options = {"--quiet", "--optimizer=" + edge.method, "--seed=" + std::to_string(edge.seed),
                                      // At first the sharpness is several times what it is after some steps.
                                      "--learning-rate-schedule=constant", "--learning-rate-warmup-steps=50"};
  const int code = program.run(
      [&](Run& run) {
        const auto optimizer = run.optimizer(edge.method, {{edge.method, edge.values}});
        Workload workload =
            workloads::FashionMlp{
                .model = workloads::Mlp{.hidden = {64, 64}, .activation = "tanh", .initializer = "lecun_normal"},
                .loss = "squared_error"}
                .make(run);
        workload.data = {.train = workload.data.train.first(images).standardised(0.286, 0.353)};
        const auto watch = sharpness({.every = 10});
        train(run, workload, optimizer,
              {.budget = {steps(static_cast<double>(edge.steps))},
               .evaluate_every = steps(static_cast<double>(edge.steps)),
               .batch_size = whole_set,
               .instruments = {watch}});
        Found found = found_in(watch->table(), edge.settling);
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
