// MNIST-1D as its authors train on it (Greydanus & Kobak 2024): Adam with a rate of 0.01 for 6,000 steps on batches of
// 100, in the order of the data, which is never shuffled.
#pragma once

#include "experiments/workloads/class_metrics.h"
#include "experiments/workloads/datasets.h"
#include "experiments/workloads/mnist_1d_data.h"
#include "experiments/workloads/mnist_1d_models.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct Mnist1dClassification {
  static constexpr const char* name = "mnist-1d";
  static constexpr const char* summary =
      "ten digits as curves of 40 points, by four small networks (Greydanus & Kobak 2024)";

  Model model = Mnist1dMlp{};
  bool shuffled = false;
  double label_smoothing = 0;  // Szegedy et al. (2016); what is measured is the loss without it
  lab::Plan plan = {.budget = {lab::steps(6000)},
                    .evaluate_every = lab::steps(500),
                    .batch_size = 100,
                    .order = lab::Order::sequential};

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    lab::Dataset data = choose_dataset(run, "mnist-1d");
    if (run.option("shuffled", shuffled, "the points of each curve in another order, the same for all"))
      for (lab::Source* set : {&data.train, &data.validation, &data.test})
        if (set->defined()) *set = set->permuted(mnist_1d_shuffled());
    const double smoothing =
        run.option("label_smoothing", label_smoothing, "share of a label given to all classes alike, in training alone",
                   lab::between(0, 1));
    const bool smooth = smoothing > 0;
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = smooth ? nn::Loss(nn::CrossEntropy{.label_smoothing = smoothing}) : nn::Loss(nn::cross_entropy),
            .data = data,
            .metrics = {smooth ? cross_entropy_metric() : lab::loss_metric(), lab::accuracy()},
            .plan = plan};
  }
};

}  // namespace gradus::workloads
