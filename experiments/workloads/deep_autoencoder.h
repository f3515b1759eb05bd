// The deep autoencoder of Hinton & Salakhutdinov (2006) and Martens (2010), 784-1000-500-250-30 and back.
#pragma once

#include "experiments/workloads/autoencoder.h"
#include "experiments/workloads/datasets.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct DeepAutoencoder {
  static constexpr const char* name = "deep-autoencoder";
  static constexpr const char* summary = "784-1000-500-250-30 and back on the images of Fashion-MNIST";

  Model model = Autoencoder{.activation = "tanh"};
  std::int64_t validation_examples = 10000;
  lab::Plan plan = {.budget = {lab::epochs(10)}, .batch_size = 128};

  lab::Workload make(lab::Run& run) const {
    const auto itself = [](const lab::Source& images) { return images.defined() ? images.to_itself() : images; };
    lab::Dataset data = choose_dataset(run, "fashion-mnist", validation_examples);
    data = {itself(data.train), itself(data.validation), itself(data.test)};
    return {.name = name,
            .model = [chosen = choose_model(run, model)](const Task& task) { return chosen.make(task); },
            .loss = {squared_error, nn::Likelihood::normal_sum},
            .data = data,
            .metrics = {lab::loss_metric("1"), lab::mean_squared_error()},
            .plan = plan};
  }

  // The squared error of an image, summed over its pixels, as Martens (2010) takes it. The scale matters: damping and
  // the preconditioner's squared gradients are compared with curvature.
  static Var squared_error(const Var& outputs, const Var& images) {
    return nn::mean_squared_error(outputs, images) * static_cast<double>(outputs.shape()[1]);
  }
};

}  // namespace gradus::workloads
