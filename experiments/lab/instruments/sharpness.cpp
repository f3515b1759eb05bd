#include "experiments/lab/instruments/sharpness.h"

#include <cmath>
#include <limits>

#include "experiments/lab/instruments/warm_eigenpairs.h"
#include "experiments/lab/instruments/watched_examples.h"

namespace gradus::lab {
namespace {

using records::Column;

constexpr double none = std::numeric_limits<double>::quiet_NaN();

// The position among the column's flags.
double regime(double sharpness, double threshold) {
  constexpr double width = 0.05;
  if (std::isnan(sharpness) || std::isnan(threshold)) return 3;
  const double ratio = sharpness / threshold;
  return ratio < 1 - width ? 0 : ratio <= 1 + width ? 1 : 2;
}

class SharpnessInstrument final : public Instrument {
 public:
  explicit SharpnessInstrument(const SharpnessOptions& options)
      : Instrument("sharpness", options.every), options_(options), examples_(options.examples) {}

  void visit(optim::StateVisitor& visitor) override {
    plain_.visit(visitor);
    preconditioned_.visit(visitor);
  }

 protected:
  std::vector<Column> columns(const Watched&) override {
    return {{.name = "sharpness", .long_name = "largest eigenvalue of the Hessian"},
            {.name = "preconditioned_sharpness",
             .long_name = "largest eigenvalue of the Hessian by the method's preconditioner"},
            {.name = "threshold", .long_name = "preconditioned sharpness above which the method is unstable"},
            {.name = "regime",
             .long_name = "preconditioned sharpness against the threshold",
             .draw = records::Draw::flags,
             .flags = {"below", "at", "above", "unknown"}},
            {.name = "residual",
             .long_name = "of the preconditioned eigenpair, a bound of its error",
             .better = records::Better::lower,
             .draw = records::Draw::none},
            {.name = "products", .long_name = "Hessian products spent", .draw = records::Draw::none}};
  }

  void measure(const Moment& at, std::vector<double>& row) override {
    examples_.give(at);
    const LinearOperator& hessian = optim::require(at.objective, &optim::Curvature::hessian, "instrument sharpness");
    const auto largest = [&](const LinearOperator& matrix, WarmEigenpairs& warm, const char* purpose) {
      return warm.find(matrix, 1, options_.tolerance, options_.max_products, random(at).child(purpose));
    };
    const EigenPairs plain = largest(hessian, plain_, "hessian");
    const auto stability = at.optimizer.stability();
    const double threshold = stability ? stability->threshold : none;
    EigenPairs judged = plain;
    if (stability && stability->preconditioner.defined()) {
      judged = largest(preconditioned(hessian, stability->preconditioner), preconditioned_, "preconditioned");
      judged.products += plain.products;
    }
    row = {plain.values[0],     judged.values[0],
           threshold,           regime(judged.values[0], threshold),
           judged.residuals[0], static_cast<double>(judged.products)};
  }

 private:
  SharpnessOptions options_;
  WatchedExamples examples_;
  WarmEigenpairs plain_{"eigenvector"}, preconditioned_{"preconditioned_eigenvector"};
};

}  // namespace

std::shared_ptr<Instrument> sharpness(const SharpnessOptions& options) {
  return std::make_shared<SharpnessInstrument>(options);
}

}  // namespace gradus::lab
