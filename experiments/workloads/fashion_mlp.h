// The founding essay's network: 784-128-10 on Fashion-MNIST, as Keras' first tutorial has it.
#pragma once

#include "experiments/workloads/datasets.h"
#include "experiments/workloads/mlp.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct FashionMlp {
  static constexpr const char* name = "fashion-mlp";
  static constexpr const char* summary = "a dense network 784-128-10 on the images of Fashion-MNIST";

  Model model = Mlp{};
  std::string loss = "cross_entropy";  // or "squared_error", against one-hot targets
  std::int64_t validation_examples = 10000;
  double epochs = 5;

  lab::Workload make(lab::Run& run) const {
    const std::string asked = run.option("loss", loss, "cross_entropy, or squared_error against one-hot targets",
                                         lab::one_of({"cross_entropy", "squared_error"}));
    const bool squared = asked == "squared_error";
    const lab::Dataset data = choose_dataset(run, "fashion-mnist", validation_examples);
    return {.name = name,
            .model = [chosen = choose_model(run, model)](const Task& task) { return chosen.make(task); },
            .loss = squared ? nn::Loss(nn::one_hot_squared_error) : nn::Loss(nn::cross_entropy),
            .data = data,
            .metrics = {lab::loss_metric(squared ? "1" : "nat"), lab::accuracy()},
            .plan = {.budget = {lab::epochs(epochs)}, .batch_size = 32},
            .target = {data.validation.defined() ? "validation_accuracy" : "test_accuracy", 0.87}};
  }
};

}  // namespace gradus::workloads
