// The adding problem of Hochreiter & Schmidhuber (1997), experiment 4, with the numbers of Arjovsky et al. (2016): of a
// sequence of numbers, uniform in [0, 1), two are marked, one in each half; asked for at the end is their sum. Whoever
// always answers 1 has a mean squared error of 1/6.
#pragma once

#include "experiments/lab/drawn_source.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/recurrent_network.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct AddingProblem {
  static constexpr const char* name = "adding";
  static constexpr const char* summary =
      "the sum of two marked numbers of a sequence (Hochreiter & Schmidhuber 1997; Arjovsky et al. 2016)";

  Model model = RecurrentNetwork{};
  std::int64_t length = 100;
  lab::Plan plan = {.budget = {lab::steps(5000)}, .evaluate_every = lab::steps(250), .batch_size = 50};

  // Inputs [length, 2], a number and its mark, and the sum.
  static lab::Drawn examples(std::int64_t length) {
    return {.inputs = {.shape = {length, 2}},
            .targets = {.shape = {1}},
            .draw = [length](RandomStream& random, std::int64_t, std::span<double> input, std::span<double> target) {
              for (std::int64_t t = 0; t < length; ++t) input[static_cast<std::size_t>(2 * t)] = random.uniform();
              const std::int64_t half = length / 2;
              for (const auto& [first, count] : {std::pair(std::int64_t{0}, half), std::pair(half, length - half)}) {
                const auto t = static_cast<std::size_t>(first) + random.below(static_cast<std::uint64_t>(count));
                input[2 * t + 1] = 1;
                target[0] += input[2 * t];
              }
            }};
  }

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    const std::int64_t steps = run.option("length", length, "numbers in a sequence", lab::between(2, 100'000));
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::mean_squared_error,
            .data = lab::drawn_dataset(run, examples(steps)),
            .metrics = {lab::loss_metric("1")},
            .plan = plan};
  }
};

}  // namespace gradus::workloads
