#include "experiments/lab/trainer.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

namespace gradus::lab {

Trainer::Trainer(Run& run, nn::Layer model, Loss loss, optim::Optimizer& optimizer)
    : objective_(std::move(model), std::move(loss), run.dtype(), run.stream("noise")),
      optimizer_(optimizer),
      theta_(objective_.parameters().initial(run.dtype(), run.stream("initialisation"))) {}

optim::StepReport Trainer::step(const Batch& batch) {
  const auto start = std::chrono::steady_clock::now();
  objective_.set_batch(batch);
  const optim::StepReport report = optimizer_.step(objective_, theta_);
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

Evaluation Trainer::evaluate(const Split& split) {
  constexpr std::int64_t batch_size = 500;
  if (split.size() == 0) throw std::invalid_argument("evaluate: no examples");
  if (split.labels.dtype() != DType::int32)
    throw std::invalid_argument(std::string("evaluate: labels of ") + name_of(split.labels.dtype()) +
                                ", expected the int32 numbers of classes: their accuracy is what is asked for");
  const Tensor point = optimizer_.evaluation_point(theta_);
  double loss = 0;
  std::int64_t correct = 0;
  Batches batches = sequential_batches(split, batch_size);
  for (const Batch& batch : batches) {
    const auto [outputs, batch_loss] = objective_.forward(point, batch, nn::Mode::evaluate);
    const std::int64_t n = batch.labels.size(), classes = outputs.shape()[1];
    loss += batch_loss.item() * static_cast<double>(n);
    const std::int32_t* label = batch.labels.data<std::int32_t>();
    with_floating(outputs.value().dtype(), [&]<class T>(T) {
      const T* row = outputs.value().data<T>();
      for (std::int64_t i = 0; i < n; ++i, row += classes)
        correct += std::max_element(row, row + classes) - row == label[i];
    });
  }
  const auto n = static_cast<double>(split.size());
  return {loss / n, static_cast<double>(correct) / n};
}

}  // namespace gradus::lab
