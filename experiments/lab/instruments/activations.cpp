#include "experiments/lab/instruments/activations.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "autodiff/tensor/sums.h"
#include "autodiff/tensor/vectors.h"
#include "experiments/lab/instruments/watched_examples.h"

namespace gradus::lab {
namespace {

using records::Column;

struct Moments {
  double mean, standard_deviation, zeros;
};
Moments moments(const Tensor& x) {
  const auto n = static_cast<double>(x.size());
  const double mean = vectors::sum_over([](double value) { return value; }, x) / n;
  const double variance = vectors::sum_over([mean](double value) { return (value - mean) * (value - mean); }, x) / n;
  const double zeros = vectors::sum_over([](double value) { return value == 0 ? 1.0 : 0.0; }, x) / n;
  return {mean, std::sqrt(variance), zeros};
}

double dead_units(const Tensor& x, std::vector<std::uint8_t>& lives) {
  const std::int64_t units = x.shape()[x.shape().rank() - 1];
  lives.assign(static_cast<std::size_t>(units), 0);
  with_floating(x.dtype(), [&]<class T>(T) {
    const T* row = x.data<T>();
    for (std::int64_t first = 0; first < x.size(); first += units)
      for (std::int64_t i = 0; i < units; ++i) lives[static_cast<std::size_t>(i)] |= row[first + i] != 0;
  });
  return static_cast<double>(std::count(lives.begin(), lives.end(), 0)) / static_cast<double>(units);
}

class ActivationsInstrument final : public Instrument {
 public:
  explicit ActivationsInstrument(const ActivationsOptions& options) : Instrument("activations", options.every) {}

 protected:
  std::vector<Column> columns(const Watched& watched) override {
    const std::vector<std::string> layers = layers_of(watched);
    const auto by_layer = [&](const char* name, const char* long_name) {
      return Column{.name = name,
                    .long_name = long_name,
                    .axis = "layer",
                    .length = static_cast<std::int64_t>(layers.size()),
                    .labels = layers,
                    .axis_long_name = "value inside the model"};
    };
    return {by_layer("mean", "mean of the activations"),
            by_layer("standard_deviation", "standard deviation of the activations"),
            by_layer("zeros", "share of activations that are 0"),
            by_layer("dead", "share of units that are 0 for the whole batch"),
            by_layer("gradient_norm", "norm of the derivative of an example's loss by the activations")};
  }

  void measure(const Moment& at, std::vector<double>& row) override {
    const auto inside = at.objective.inside();
    const std::size_t layers = inside.size();
    row.resize(5 * layers);
    const double examples = static_cast<double>(at.batch.targets.shape()[0]);
    for (std::size_t i = 0; i < layers; ++i) {
      const Moments found = moments(inside[i].value);
      row[i] = found.mean;
      row[layers + i] = found.standard_deviation;
      row[2 * layers + i] = found.zeros;
      row[3 * layers + i] = dead_units(inside[i].value, lives_);
      row[4 * layers + i] = vectors::norm(inside[i].gradient) * std::sqrt(examples);
    }
  }

 private:
  // The names that the model shows.
  static std::vector<std::string> layers_of(const Watched& watched) {
    const FewExamples few(watched);
    std::vector<std::string> names;
    for (const NetworkObjective::Inside& value : watched.objective.inside()) names.emplace_back(value.name);
    if (names.empty())
      throw std::invalid_argument("instrument activations: the model shows nothing (nn::Forward::observe)");
    return names;
  }

  std::vector<std::uint8_t> lives_;
};

}  // namespace

std::shared_ptr<Instrument> activations(const ActivationsOptions& options) {
  return std::make_shared<ActivationsInstrument>(options);
}

}  // namespace gradus::lab
