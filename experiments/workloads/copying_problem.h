// The copying problem of Hochreiter & Schmidhuber (1997) as Arjovsky et al. (2016) have it: ten symbols of eight, a
// delay of blanks, a sign, and ten places at which the symbols are asked for in their order. Before them the answer is
// a blank. Whoever remembers nothing has a loss of 10 ln 8 / (delay + 20).
#pragma once

#include "experiments/lab/drawn_source.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/recurrent_tokens.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct CopyingProblem {
  static constexpr const char* name = "copying";
  static constexpr const char* summary =
      "ten symbols after a delay, in their order (Hochreiter & Schmidhuber 1997; Arjovsky et al. 2016)";
  static constexpr std::int64_t symbols = 8, remembered = 10;

  Model model = RecurrentTokens{.embedding = 10};
  std::int64_t delay = 50;
  lab::Plan plan = {.budget = {lab::steps(5000)}, .evaluate_every = lab::steps(250), .batch_size = 50};

  // Tokens [delay + 20]: 0 is blank, 1 to 8 are the symbols, 9 is the sign.
  static lab::Drawn examples(std::int64_t delay) {
    const std::int64_t length = delay + 2 * remembered;
    return {.inputs = {.shape = {length}, .is_whole = true, .classes = symbols + 2},
            .targets = {.shape = {length}, .is_whole = true, .classes = symbols + 1},
            .draw = [delay](RandomStream& random, std::int64_t, std::span<double> input, std::span<double> target) {
              constexpr auto n = static_cast<std::size_t>(remembered);
              const auto wait = static_cast<std::size_t>(delay);
              for (std::size_t i = 0; i < n; ++i) {
                input[i] = static_cast<double>(1 + random.below(symbols));
                target[n + wait + i] = input[i];
              }
              input[n + wait - 1] = symbols + 1;
            }};
  }

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    const std::int64_t wait =
        run.option("delay", delay, "steps between the symbols and the answer", lab::between(1, 100'000));
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::cross_entropy,
            .data = lab::drawn_dataset(run, examples(wait)),
            .metrics = {lab::loss_metric(), lab::accuracy()},
            .plan = plan};
  }
};

}  // namespace gradus::workloads
