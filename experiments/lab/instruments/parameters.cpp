#include "experiments/lab/instruments/parameters.h"

#include "autodiff/tensor/vectors.h"
#include "experiments/lab/instruments/layer_columns.h"

namespace gradus::lab {
namespace {

class ParametersInstrument final : public Instrument {
 public:
  explicit ParametersInstrument(const ParametersOptions& options) : Instrument("parameters", options.every) {}

 protected:
  std::vector<records::Column> columns(const Watched& watched) override {
    return {{.name = "norm", .long_name = "Euclidean norm of the parameters"},
            layer_column(watched, "layer_norm", "Euclidean norm of the parameters by slice")};
  }
  void measure(const Moment& at, std::vector<double>& row) override {
    row.push_back(vectors::norm(at.before));
    append_layer_norms(at, at.before, row);
  }
};

}  // namespace

std::shared_ptr<Instrument> parameter_norms(const ParametersOptions& options) {
  return std::make_shared<ParametersInstrument>(options);
}

}  // namespace gradus::lab
