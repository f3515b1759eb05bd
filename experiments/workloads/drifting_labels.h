// Classes that change their meaning: MNIST-1D's training curves, drawn without end, whose ten labels are permuted anew
// every so many examples. There is nothing to generalise to; what counts is the mean loss of the batches on the way.
#pragma once

#include <numeric>

#include "experiments/lab/drawn_source.h"
#include "experiments/workloads/mnist_1d_data.h"
#include "experiments/workloads/mnist_1d_models.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct DriftingLabels {
  static constexpr const char* name = "drifting-labels";
  static constexpr const char* summary = "the curves of mnist-1d, whose labels are permuted anew again and again";

  Model model = Mnist1dMlp{};
  std::int64_t period = 20000;
  lab::Plan plan = {.budget = {lab::steps(2000)}, .evaluate_every = lab::steps(100), .batch_size = 100};

  // An example is one of the curves, drawn by its row. Which permutation holds depends on the row and the stream alone.
  static lab::Drawn examples(std::int64_t period, const RandomStream& stream) {
    static const Mnist1d curves = make_mnist_1d(42, 5000);
    return {.inputs = {.shape = {Mnist1d::points}},
            .targets = {.shape = {}, .is_whole = true, .classes = Mnist1d::classes},
            .draw = [period, stream](RandomStream& random, std::int64_t row, std::span<double> input,
                                     std::span<double> target) {
              const std::uint64_t curve = random.below(curves.targets.size());
              std::copy_n(curves.inputs.begin() + static_cast<std::ptrdiff_t>(curve * input.size()), input.size(),
                          input.begin());
              std::vector<std::int32_t> meaning(Mnist1d::classes);
              std::iota(meaning.begin(), meaning.end(), 0);
              stream.child("labels", static_cast<std::uint64_t>(row / period)).shuffle(meaning);
              target[0] = meaning[static_cast<std::size_t>(curves.targets[curve])];
            }};
  }

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    const std::int64_t asked =
        run.option("period", period, "examples from one permutation of the labels to the next", lab::at_least(1));
    const RandomStream stream = run.stream("data");
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::cross_entropy,
            .data = {.train = lab::Source::made_by(
                         [asked, stream] { return lab::drawn_source(examples(asked, stream), stream); })},
            .metrics = {lab::loss_metric(), lab::accuracy()},
            .plan = plan};
  }
};

}  // namespace gradus::workloads
