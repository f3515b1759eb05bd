#include "experiments/lab/instruments/update.h"

#include <limits>

#include "autodiff/tensor/vectors.h"
#include "experiments/lab/instruments/layer_columns.h"

namespace gradus::lab {
namespace {

double ratio(const Tensor& step, const Tensor& parameters) {
  const double size = vectors::norm(parameters);
  return size > 0 ? vectors::norm(step) / size : std::numeric_limits<double>::quiet_NaN();
}

class UpdateInstrument final : public Instrument {
 public:
  explicit UpdateInstrument(const UpdateOptions& options) : Instrument("update", options.every) {}

 protected:
  std::vector<records::Column> columns(const Watched& watched) override {
    return {{.name = "norm", .long_name = "Euclidean norm of the step", .draw = records::Draw::log},
            {.name = "ratio", .long_name = "norm of the step over that of the parameters", .draw = records::Draw::log},
            layer_column(watched, "layer_norm", "Euclidean norm of the step by slice"),
            layer_column(watched, "layer_ratio", "norm of the step over that of the parameters by slice")};
  }
  void measure(const Moment& at, std::vector<double>& row) override {
    vectors::add_scaled(at.after, -1, at.before, vectors::like(step_, at.before));
    row.push_back(vectors::norm(step_));
    row.push_back(ratio(step_, at.before));
    append_layer_norms(at, step_, row);
    for (const ParameterSlice& slice : at.objective.slices())
      row.push_back(ratio(slice.of(step_), slice.of(at.before)));
  }

 private:
  Tensor step_;
};

}  // namespace

std::shared_ptr<Instrument> update_norms(const UpdateOptions& options) {
  return std::make_shared<UpdateInstrument>(options);
}

}  // namespace gradus::lab
