#include "experiments/lab/trainer.h"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "nn/losses.h"

namespace gradus::lab {

Trainer::Trainer(Run& run, nn::Layer model, nn::Loss loss, optim::Optimizer& optimizer)
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
    throw std::invalid_argument(fmt::format(
        "evaluate: labels of {}, expected the int32 numbers of classes: their accuracy is what is asked for",
        name_of(split.labels.dtype())));
  const Tensor point = optimizer_.evaluation_point(theta_);
  double loss = 0;
  std::int64_t correct = 0;
  Batches batches(split, batch_size);
  for (const Batch& batch : batches) {
    const auto [outputs, batch_loss] = objective_.forward(point, batch, nn::Mode::evaluate);
    loss += batch_loss.item() * static_cast<double>(batch.labels.size());
    correct += nn::right_answers(outputs.value(), batch.labels);
  }
  const auto n = static_cast<double>(split.size());
  return {loss / n, static_cast<double>(correct) / n};
}

}  // namespace gradus::lab
