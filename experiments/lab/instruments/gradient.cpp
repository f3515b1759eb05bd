#include "experiments/lab/instruments/gradient.h"

#include "autodiff/tensor/vectors.h"
#include "experiments/lab/instruments/layer_columns.h"

namespace gradus::lab {
namespace {

class GradientInstrument final : public Instrument {
 public:
  explicit GradientInstrument(const GradientOptions& options) : Instrument("gradient", options.every) {}

 protected:
  std::vector<records::Column> columns(const Watched& watched) override {
    return {{.name = "norm", .long_name = "Euclidean norm of the gradient", .draw = records::Draw::log},
            layer_column(watched, "layer_norm", "Euclidean norm of the gradient by slice")};
  }
  void measure(const Moment& at, std::vector<double>& row) override {
    const Tensor& gradient = at.objective.gradient();
    row.push_back(vectors::norm(gradient));
    append_layer_norms(at, gradient, row);
  }
};

}  // namespace

std::shared_ptr<Instrument> gradient_norms(const GradientOptions& options) {
  return std::make_shared<GradientInstrument>(options);
}

}  // namespace gradus::lab
