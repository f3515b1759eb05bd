#include "experiments/lab/instruments/spectrum.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/curvature/spectral_density.h"
#include "experiments/lab/instruments/warm_eigenpairs.h"
#include "experiments/lab/instruments/watched_examples.h"

namespace gradus::lab {
namespace {

using records::Column;
using records::Draw;

class SpectrumInstrument final : public Instrument {
 public:
  explicit SpectrumInstrument(const SpectrumOptions& options)
      : Instrument("spectrum", options.every), options_(options), examples_(options.examples) {}

  void visit(optim::StateVisitor& visitor) override { warm_.visit(visitor); }

 protected:
  std::vector<Column> columns(const Watched& watched) override {
    options_.largest = std::min(options_.largest, watched.objective.size());
    return {{.name = "largest",
             .long_name = "largest eigenvalues of the Hessian",
             .axis = "rank",
             .length = options_.largest,
             .axis_long_name = "place among the eigenvalues, the largest first"},
            {.name = "smallest", .long_name = "smallest eigenvalue of the Hessian seen"},
            {.name = "at",
             .long_name = "eigenvalues at which the density is told",
             .axis = "point",
             .length = options_.points,
             .draw = Draw::none},
            {.name = "density",
             .long_name = "density of the Hessian's eigenvalues",
             .axis = "point",
             .length = options_.points,
             .draw = Draw::log},
            {.name = "products", .long_name = "Hessian products spent", .draw = Draw::none}};
  }

  void measure(const Moment& at, std::vector<double>& row) override {
    examples_.give(at);
    const LinearOperator& hessian = optim::require(at.objective, &optim::Curvature::hessian, "instrument spectrum");
    const EigenPairs pairs =
        warm_.find(hessian, options_.largest, options_.tolerance, options_.max_products, random(at).child("largest"));
    row = pairs.values;
    if (std::isnan(pairs.values[0])) {  // a product is not finite
      row.resize(row.size() + 1 + 2 * static_cast<std::size_t>(options_.points), pairs.values[0]);
      row.push_back(static_cast<double>(pairs.products));
      return;
    }
    RandomStream probes = random(at).child("density");
    const SpectralDensity found =
        spectral_density(hessian, probes, {.probes = options_.probes, .steps = options_.steps});
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const Quadrature& probe : found.probes) {
      low = std::min(low, probe.nodes.front());
      high = std::max(high, probe.nodes.back());
    }
    const double extent = std::max(std::abs(low), std::abs(high));
    const double width = options_.width * (extent > 0 ? extent : 1);
    const DensityCurve curve = found.density(found.grid(options_.points, width), width);
    row.push_back(low);
    row.insert(row.end(), curve.at.begin(), curve.at.end());
    row.insert(row.end(), curve.value.begin(), curve.value.end());
    row.push_back(static_cast<double>(pairs.products + found.products));
  }

 private:
  SpectrumOptions options_;
  WatchedExamples examples_;
  WarmEigenpairs warm_{"eigenvectors"};
};

}  // namespace

std::shared_ptr<Instrument> spectrum(const SpectrumOptions& options) {
  return std::make_shared<SpectrumInstrument>(options);
}

}  // namespace gradus::lab
