#include "experiments/lab/trainer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <stdexcept>

namespace gradus::lab {
namespace {

double now(Clock clock) {
  if (clock == Clock::wall)
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  std::timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

Trainer::Trainer(const Run& run, nn::Layer model, nn::Loss loss, optim::Optimizer& optimizer, Clock clock)
    : objective_(std::move(model), std::move(loss), run.dtype(), run.stream("noise")),
      optimizer_(optimizer),
      clock_(clock),
      theta_(objective_.parameters().initial(run.dtype(), run.stream("initialisation"))) {}

optim::StepReport Trainer::step(const Batch& batch) {
  const double start = now(clock_);
  objective_.set_batch(batch);
  const optim::StepReport report = optimizer_.step(objective_, theta_);
  seconds_ += now(clock_) - start;
  return report;
}

optim::StepReport Trainer::step(const Batch& batch, const Batch& curvature_batch) {
  objective_.set_curvature_batch(curvature_batch);
  return step(batch);
}

void Trainer::visit(optim::StateVisitor& visitor) {
  visitor.tensor("theta", theta_);
  visitor.number("step_seconds", seconds_);
  objective_.visit_memory(visitor);
}

std::vector<double> Trainer::evaluate(const Source& source, std::span<const Metric> metrics, std::int64_t most) {
  constexpr std::int64_t batch_size = 500;
  const std::int64_t count = most == 0 ? source.size() : std::min(most, source.size());
  if (count == 0) throw std::invalid_argument("evaluate: no examples");
  const Tensor point = optimizer_.evaluation_point(theta_);
  std::vector<Metric::Sums> sums(metrics.size(), Metric::Sums{});
  Batches batches(source.first(count), std::min(batch_size, count), objective_.dtype());
  for (const Batch& batch : batches) {
    const auto [inputs, outputs, loss] = objective_.forward(point, batch, nn::Mode::evaluate);
    const Answers answers{outputs.value(), batch.targets, loss.item(), NetworkObjective::positions_of(batch)};
    for (std::size_t i = 0; i < metrics.size(); ++i) metrics[i].add(answers, sums[i]);
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < metrics.size(); ++i) values.push_back(metrics[i].value(sums[i]));
  return values;
}

Evaluation Trainer::evaluate(const Source& source) {
  const std::vector<double> values = evaluate(source, std::array{loss_metric(), accuracy()});
  return {values[0], values[1]};
}

}  // namespace gradus::lab
