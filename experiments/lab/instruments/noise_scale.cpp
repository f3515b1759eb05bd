#include "experiments/lab/instruments/noise_scale.h"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>

#include "autodiff/tensor/sums.h"
#include "autodiff/tensor/vectors.h"
#include "experiments/lab/instruments/layer_columns.h"
#include "experiments/lab/instruments/watched_examples.h"
#include "experiments/lab/workload.h"

namespace gradus::lab {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

double sum(const Tensor& x) {
  return vectors::sum_over([](double value) { return value; }, x);
}

struct Estimates {
  double variance, signal;
};
// Of n examples: the mean of their gradients, and the mean of the squares.
Estimates estimates(const Tensor& mean, const Tensor& squares, double n) {
  const double of_mean = vectors::sum_of_squares(mean);
  const double variance = (sum(squares) - of_mean) * n / (n - 1);
  return {variance, of_mean - variance / n};
}

class NoiseScaleInstrument final : public Instrument {
 public:
  explicit NoiseScaleInstrument(const NoiseScaleOptions& options) : Instrument("noise_scale", options.every) {}

 protected:
  std::vector<records::Column> columns(const Watched& watched) override {
    try_out(watched);
    return {{.name = "noise_scale",
             .units = "example",
             .long_name = "trace of the covariance of the examples' gradients over the squared norm of their mean",
             .draw = records::Draw::log},
            {.name = "variance", .long_name = "trace of the covariance of the examples' gradients"},
            {.name = "signal", .long_name = "squared norm of the gradient without the batch's noise"},
            layer_column(watched, "layer_signal_to_noise",
                         "squared norm of the gradient over the variance of an example's by slice")};
  }

  void measure(const Moment& at, std::vector<double>& row) override {
    // An example is a row of the batch, whatever the number of its labels.
    const auto n = static_cast<double>(at.batch.targets.shape()[0]);
    if (n < 2) {
      row.assign(3 + at.objective.slices().size(), none);
      return;
    }
    const Tensor& mean = at.objective.gradient();
    optim::require(at.objective, &optim::Curvature::gradient_squares,
                   "instrument noise_scale")(vectors::like(squares_, mean));
    const auto [variance, signal] = estimates(mean, squares_, n);
    row = {signal > 0 ? variance / signal : none, variance, signal};
    for (const ParameterSlice& slice : at.objective.slices()) {
      const Estimates part = estimates(slice.of(mean), slice.of(squares_), n);
      row.push_back(part.variance > 0 ? part.signal / part.variance : none);
    }
  }

 private:
  // Not every layer tells examples apart.
  static void try_out(const Watched& watched) {
    const FewExamples few(watched);
    try {
      optim::require(watched.objective, &optim::Curvature::gradient_squares,
                     "instrument noise_scale")(Tensor::zeros({watched.objective.size()}, watched.objective.dtype()));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(
          fmt::format("instrument noise_scale: the gradients of single examples of workload "
                      "{} cannot be told apart: {}",
                      watched.workload.name, error.what()));
    }
  }

  Tensor squares_;
};

}  // namespace

std::shared_ptr<Instrument> noise_scale(const NoiseScaleOptions& options) {
  return std::make_shared<NoiseScaleInstrument>(options);
}

}  // namespace gradus::lab
