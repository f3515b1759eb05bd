#include "experiments/workloads/quadratics.h"

#include "autodiff/operations.h"

namespace gradus::workloads {
namespace {

// A constant of a loss, in the type of whichever tape asks.
class Constant {
 public:
  explicit Constant(const Tensor& numbers)
      : doubles_(numbers), floats_(Tensor::zeros(numbers.shape(), DType::float32)) {
    floats_.copy_from(numbers);
  }
  Var on(Tape& tape) const { return tape.leaf(tape.dtype() == DType::float64 ? doubles_ : floats_); }

 private:
  Tensor doubles_, floats_;
};

// 1, 1/2, .., 1/n, the curvatures, to some power.
Tensor harmonic(std::int64_t n, double power = 1) {
  const Tensor h = Tensor::zeros({n}, DType::float64);
  for (std::int64_t i = 0; i < n; ++i) h.set(i, std::pow(static_cast<double>(i + 1), -power));
  return h;
}

// Normal, each of the deviation that the curvature has to that power.
nn::Initializer normal_by_curvature(double power) {
  return {"normal", [power](const Tensor& parameter, RandomStream& random) {
            for (std::int64_t i = 0; i < parameter.size(); ++i)
              parameter.set(i, random.normal() * std::pow(static_cast<double>(i + 1), -power));
          }};
}

// The sum over the numbers of an example, the mean over the examples of z[batch, n].
Var mean_of_sums(const Var& z) { return sum(z) / static_cast<double>(z.shape()[0]); }

// One example of zeros, to be evaluated.
lab::Source zeros(const lab::Drawn& like) {
  const auto one = [](const lab::Layout& format) { return Tensor::zeros({1, format.shape.size()}, DType::float64); };
  return lab::source_of(one(like.inputs), one(like.targets));
}

lab::Dataset data_of(const lab::Run& run, const lab::Drawn& what) {
  return {.train = lab::drawn_source(what, run.stream("data")), .validation = zeros(what), .test = zeros(what)};
}

}  // namespace

void Point::declare(nn::ParameterScope& scope) {
  scope.declare(theta_, "theta", {n_}, begin_);
  if (follows_) scope.declare_buffer(centre_, "centre", {n_}, 0);
}

Var Point::forward(nn::Forward& f, const Var& x) const {
  const Var& theta = f[theta_];
  const std::int64_t batch = x.shape()[0];
  if (!follows_) return broadcast_to(theta, {batch, n_});
  if (!f.training()) return broadcast_to(theta - x.tape().leaf(f.buffer(centre_)), {batch, n_});
  if (f.has_buffers()) f.buffer(centre_).copy_from(x.value().part((batch - 1) * n_, {n_}));
  return broadcast_to(theta, {batch, n_});
}

lab::Workload NoisyQuadratic::make(lab::Run& run) const {
  const std::int64_t n = run.option("dimension", dimension, "of the parameters", lab::between(1, 10'000'000));
  const double batch = run.option("noise_batch", noise_batch,
                                  "examples whose mean noise a row is: the more, the less noise", lab::more_than(0));
  const double power = run.option("preconditioner", preconditioner,
                                  "p: theta is seen in coordinates in which H^p is the identity; .5 makes the "
                                  "curvatures' roots of them",
                                  lab::between(0, 1));
  const lab::Drawn noise{.inputs = {.shape = {1}},
                         .targets = {.shape = {n}},
                         .draw = [deviations = harmonic(n, (1 - power) / 2).to_vector(), batch](
                                     RandomStream& random, std::int64_t, std::span<double>, std::span<double> target) {
                           for (std::size_t i = 0; i < target.size(); ++i)
                             target[i] = random.normal() * deviations[i] / std::sqrt(batch);
                         }};
  const auto loss = [h = Constant(harmonic(n, 1 - power))](const Var& theta, const Var& noises) {
    return mean_of_sums(theta * (0.5 * h.on(theta.tape()) * theta + noises));
  };
  return {
      .name = name,
      .model = [power](const lab::Task& task) { return Point(task.outputs, normal_by_curvature(power / 2), false); },
      .loss = {loss, nn::Likelihood::none},
      .data = data_of(run, noise),
      .metrics = {lab::loss_metric("1")},
      .plan = plan};
}

lab::Workload DriftingQuadratic::make(lab::Run& run) const {
  const std::int64_t n = run.option("dimension", dimension, "of the parameters", lab::between(1, 10'000'000));
  const double drift = run.option("speed", speed, "of the minimum, for an example", lab::at_least(0));
  const double deviation =
      run.option("noise", noise, "standard deviation of each of its coordinates", lab::at_least(0));
  const auto see = [step = drift / std::sqrt(static_cast<double>(n)), deviation](
                       RandomStream& random, std::int64_t row, std::span<double> input, std::span<double> target) {
    for (std::size_t i = 0; i < target.size(); ++i) {
      input[i] = step * static_cast<double>(row);
      target[i] = input[i] + deviation * random.normal();
    }
  };
  const lab::Drawn seen{.inputs = {.shape = {n}}, .targets = {.shape = {n}}, .draw = see};
  const auto loss = [h = Constant(harmonic(n))](const Var& theta, const Var& minimum) {
    return mean_of_sums(0.5 * h.on(theta.tape()) * square(theta - minimum));
  };
  return {.name = name,
          .model = [](const lab::Task& task) { return Point(task.outputs, nn::zeros(), true); },
          .loss = {loss, nn::Likelihood::none},
          .data = data_of(run, seen),
          .metrics = {lab::loss_metric("1")},
          .plan = plan};
}

}  // namespace gradus::workloads
