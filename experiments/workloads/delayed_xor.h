// The XOR problem of Martens & Sutskever (2011): of a sequence of random bits two are marked, one early, in the first
// tenth, and one in the first half; asked for at the end is whether they differ. Neither bit alone says anything, so
// that the loss stays at ln 2 until both are remembered.
#pragma once

#include "experiments/lab/drawn_source.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/recurrent_network.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct DelayedXor {
  static constexpr const char* name = "delayed-xor";
  static constexpr const char* summary =
      "whether two marked bits of a sequence differ, told at its end (Martens & Sutskever 2011): Adam with the rate "
      "0.02 comes to it in 5000 steps from most seeds";

  Model model = RecurrentNetwork{.cell = "gru", .hidden = 64};
  std::int64_t length = 50;
  lab::Plan plan = {.budget = {lab::steps(5000)}, .evaluate_every = lab::steps(250), .batch_size = 50};

  // Inputs [length, 2], a bit and its mark, and the class.
  static lab::Drawn examples(std::int64_t length) {
    return {.inputs = {.shape = {length, 2}},
            .targets = {.shape = {}, .is_whole = true, .classes = 2},
            .draw = [length](RandomStream& random, std::int64_t, std::span<double> input, std::span<double> target) {
              for (std::int64_t t = 0; t < length; ++t)
                input[static_cast<std::size_t>(2 * t)] = static_cast<double>(random.below(2));
              const auto early = static_cast<std::uint64_t>(std::max<std::int64_t>(length / 10, 1));
              const auto half = static_cast<std::uint64_t>(length / 2);
              const std::uint64_t first = random.below(early), second = early + random.below(half - early);
              input[2 * first + 1] = 1;
              input[2 * second + 1] = 1;
              target[0] = input[2 * first] == input[2 * second] ? 0 : 1;
            }};
  }

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    const std::int64_t steps = run.option("length", length, "bits in a sequence", lab::between(4, 100'000));
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::cross_entropy,
            .data = lab::drawn_dataset(run, examples(steps)),
            .metrics = {lab::loss_metric(), lab::accuracy()},
            .plan = plan,
            .target = {"test_accuracy", 0.99}};
  }
};

}  // namespace gradus::workloads
