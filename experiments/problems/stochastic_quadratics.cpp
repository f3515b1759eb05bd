// Quadratics of which one sees noisy batches: the mean over examples x of (theta - x)^T A (theta - x) / 2.
#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "autodiff/tensor/numpy_random.h"
#include "autodiff/tensor/random.h"
#include "experiments/problems/definitions.h"
#include "experiments/problems/rotation.h"

namespace gradus::problems {
namespace {

// Along the axes: coordinates z = (theta - x) turn^T of each example, weighted by the eigenvalues. A turn that is
// undefined leaves the axes where they are. The batch [examples, n] changes in place.
Formula batch_formula(const Tensor& batch, const Tensor& weights, const Tensor& turn,
                      std::function<void(std::uint64_t)> draw) {
  const auto examples = static_cast<double>(batch.shape()[0]);
  return {.record =
              [=](const Var& x) {
                const Var d = x - on(x, batch), z = turn.defined() ? matmul(d, on(x, turn), false, true) : d;
                return Terms{0.5 / examples * sum(on(x, weights) * square(z)), z};
              },
          .has_outputs = true,
          .examples = batch.shape()[0],
          .draw = std::move(draw)};
}

Problem noisy_quadratic() {
  return {
      "noisy_quadratic",
      "mean over a batch of (theta - x)^T A (theta - x) / 2, x normal with mean 0 and the deviation `noise`, new in "
      "each step",
      "Schaul, Zhang & LeCun (2013), section 4; start (1, ..., 1)",
      {10, 1, 2000},
      start_everywhere(1),
      minimum_everywhere(Minimum::unknown, 0),
      [](const Request& request) {
        if (!(request.noise >= 0) || !std::isfinite(request.noise))
          throw std::invalid_argument(
              fmt::format("noisy_quadratic: noise {}, expected a finite number >= 0", request.noise));
        const std::int64_t n = request.dimension, examples = request.batch_size ? request.batch_size : 1;
        const Tensor batch = Tensor::zeros({examples, n}, request.dtype);
        const Tensor turn = request.rotate ? random_rotation(n, request.seed).converted(request.dtype) : Tensor();
        return batch_formula(batch, constants(request.dtype, quadratic_spectrum(request)), turn,
                             [=, seed = request.seed, noise = request.noise](std::uint64_t step) {
                               RandomStream random(seed, "examples", step);
                               for (std::int64_t i = 0; i < batch.size(); ++i) batch.set(i, noise * random.normal());
                             });
      },
      {Uses::condition, Uses::eigenvalues, Uses::rotate, Uses::noise, Uses::batch_size, Uses::seed},
      [](const Request& request) { return static_cast<std::int64_t>(request.eigenvalues.size()); }};
}

constexpr std::int64_t deep_size = 100, deep_examples = 1000;

// 90 eigenvalues uniform in (0, 1), 10 in (30, 60), and a rotation by the subgroup algorithm of Diaconis & Shahshahani
// (1987): the same numbers as DeepOBS, which draws both from one NumPy stream.
struct DeepSpectrum {
  std::vector<double> eigenvalues;
  Tensor rotation;
};
DeepSpectrum deep_spectrum() {
  constexpr std::int64_t n = deep_size;
  NumpyRandom random(42);
  DeepSpectrum result{{}, Tensor::zeros({n, n}, DType::float64)};
  for (std::int64_t i = 0; i < n; ++i)
    result.eigenvalues.push_back(i < 90 ? random.uniform(0, 1) : random.uniform(30, 60));
  // A rotation of the last k axes, k = 2, ..., n, in the lower right corner.
  double* r = result.rotation.data<double>();
  const auto at = [r](std::int64_t i, std::int64_t j) -> double& { return r[i * n + j]; };
  const double t = 2 * std::numbers::pi * random.uniform();
  at(n - 2, n - 2) = at(n - 1, n - 1) = std::cos(t);
  at(n - 2, n - 1) = std::sin(t);
  at(n - 1, n - 2) = -std::sin(t);
  std::vector<double> x(n);
  for (std::int64_t k = n - 3; k >= 0; --k) {  // the first axis of the enlarged corner goes to a random direction
    const auto sub = std::span(x).subspan(static_cast<std::size_t>(k));
    const auto normalize = [&] {
      const double norm = std::sqrt(std::inner_product(sub.begin(), sub.end(), sub.begin(), 0.0));
      for (double& e : sub) e /= norm;
    };
    for (double& e : sub) e = random.normal();
    normalize();
    for (double& e : sub) e = -e;
    sub[0] += 1;
    normalize();
    at(k, k) = 1;
    for (std::int64_t j = k; j < n; ++j) {
      double product = 0;
      for (std::int64_t i = k; i < n; ++i) product += x[static_cast<std::size_t>(i)] * at(i, j);
      for (std::int64_t i = k; i < n; ++i) at(i, j) -= 2 * product * x[static_cast<std::size_t>(i)];
    }
  }
  return result;  // up to the sign, which the quadratic does not see
}

Problem quadratic_deep() {
  return {"quadratic_deep",
          "mean over a batch of (theta - x)^T Q (theta - x) / 2; Q has 90 eigenvalues in (0, 1) and 10 in (30, 60), "
          "and x is one "
          "of 1000 normal examples of deviation 0.6",
          "Schneider, Balles & Hennig (2019), DeepOBS: eigenvalues, rotation, examples and start (1, ..., 1) as there; "
          "batches of "
          "128, shuffled anew each epoch, the remainder dropped",
          fixed(deep_size),
          start_everywhere(1),
          minimum_at(Minimum::unknown),
          [](const Request& request) {
            const std::int64_t examples = request.batch_size ? request.batch_size : 128;
            if (examples > deep_examples)
              throw std::invalid_argument(
                  fmt::format("quadratic_deep: batches of {} examples, expected at most 1000", examples));
            const DeepSpectrum spectrum = deep_spectrum();
            const Tensor data = Tensor::uninitialized({deep_examples, deep_size}, request.dtype);
            NumpyRandom random(42);
            for (std::int64_t i = 0; i < data.size(); ++i) data.set(i, static_cast<float>(0.6 * random.normal()));

            const Tensor batch = Tensor::zeros({examples, deep_size}, request.dtype);
            const auto order = std::make_shared<std::vector<std::int64_t>>();
            const auto draw = [=, seed = request.seed,
                               epoch = std::optional<std::uint64_t>()](std::uint64_t step) mutable {
              const auto batches = static_cast<std::uint64_t>(deep_examples / examples);
              if (epoch != step / batches) {
                epoch = step / batches;
                order->resize(deep_examples);
                std::iota(order->begin(), order->end(), 0);
                RandomStream(seed, "shuffle", *epoch).shuffle(*order);
              }
              const auto first = static_cast<std::size_t>(step % batches) * static_cast<std::size_t>(examples);
              for (std::int64_t i = 0; i < examples; ++i)
                batch.rows(i, 1).copy_from(data.rows((*order)[first + static_cast<std::size_t>(i)], 1));
            };
            return batch_formula(batch, constants(request.dtype, spectrum.eigenvalues),
                                 spectrum.rotation.converted(request.dtype), draw);
          },
          {Uses::batch_size, Uses::seed}};
}

}  // namespace

std::vector<Problem> stochastic_quadratic_problems() { return {noisy_quadratic(), quadratic_deep()}; }

}  // namespace gradus::problems
