#include "experiments/lab/instruments/parameters.h"

#include <cmath>

#include "autodiff/tensor/sums.h"
#include "autodiff/tensor/vectors.h"
#include "experiments/lab/instruments/layer_columns.h"

namespace gradus::lab {
namespace {

class ParametersInstrument final : public Instrument {
 public:
  explicit ParametersInstrument(const ParametersOptions& options)
      : Instrument("parameters", options.every), near_zero_(options.near_zero) {}

 protected:
  std::vector<records::Column> columns(const Watched& watched) override {
    return {{.name = "norm", .long_name = "Euclidean norm of the parameters"},
            layer_column(watched, "layer_norm", "Euclidean norm of the parameters by slice"),
            {.name = "near_zero", .long_name = "share of the parameters that are near zero"},
            layer_column(watched, "layer_near_zero", "share of the parameters that are near zero by slice")};
  }
  void measure(const Moment& at, std::vector<double>& row) override {
    row.push_back(vectors::norm(at.before));
    append_layer_norms(at, at.before, row);
    const std::size_t whole = row.size();
    row.push_back(0);
    double count = 0;
    for (const ParameterSlice& slice : at.objective.slices()) {
      const double mine = near_zero(slice.of(at.before));
      row.push_back(mine / static_cast<double>(slice.size()));
      count += mine;
    }
    row[whole] = count / static_cast<double>(at.before.size());
  }

 private:
  // How many are.
  double near_zero(const Tensor& x) const {
    const double limit = near_zero_ * vectors::norm(x) / std::sqrt(static_cast<double>(x.size()));
    return vectors::sum_over([limit](double value) { return std::abs(value) <= limit ? 1.0 : 0.0; }, x);
  }

  double near_zero_;
};

}  // namespace

std::shared_ptr<Instrument> parameter_norms(const ParametersOptions& options) {
  return std::make_shared<ParametersInstrument>(options);
}

}  // namespace gradus::lab
