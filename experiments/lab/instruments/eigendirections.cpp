#include "experiments/lab/instruments/eigendirections.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autodiff/tensor/vectors.h"
#include "experiments/lab/instruments/warm_eigenpairs.h"
#include "experiments/lab/instruments/watched_examples.h"

namespace gradus::lab {
namespace {

using records::Column;

class EigendirectionsInstrument final : public Instrument {
 public:
  explicit EigendirectionsInstrument(const EigendirectionsOptions& options)
      : Instrument("eigendirections", options.every), options_(options), examples_(options.examples) {}

  void visit(optim::StateVisitor& visitor) override { warm_.visit(visitor); }

 protected:
  std::vector<Column> columns(const Watched& watched) override {
    options_.count = std::min(options_.count, watched.objective.size());
    const auto by_rank = [this](const char* name, const char* long_name) {
      return Column{.name = name,
                    .long_name = long_name,
                    .axis = "rank",
                    .length = options_.count,
                    .axis_long_name = "place among the eigenvalues, the largest first"};
    };
    return {{.name = "update_share_total", .long_name = "share of the step in the space of the top eigenvectors"},
            {.name = "gradient_share_total", .long_name = "share of the gradient in the space of the top eigenvectors"},
            by_rank("eigenvalue", "largest eigenvalues of the Hessian"),
            by_rank("update_share", "share of the step along each eigenvector"),
            by_rank("gradient_share", "share of the gradient along each eigenvector"),
            {.name = "products", .long_name = "Hessian products spent", .draw = records::Draw::none}};
  }

  void measure(const Moment& at, std::vector<double>& row) override {
    vectors::add_scaled(at.after, -1, at.before, vectors::like(step_, at.before));
    examples_.give(at);
    const Tensor& gradient = at.objective.gradient();
    const LinearOperator& hessian =
        optim::require(at.objective, &optim::Curvature::hessian, "instrument eigendirections");
    const EigenPairs pairs = warm_.find(hessian, options_.count, options_.tolerance, options_.max_products, random(at));
    const std::vector<double> of_step = shares(step_, pairs.vectors), of_gradient = shares(gradient, pairs.vectors);
    row = {std::accumulate(of_step.begin(), of_step.end(), 0.0),
           std::accumulate(of_gradient.begin(), of_gradient.end(), 0.0)};
    row.insert(row.end(), pairs.values.begin(), pairs.values.end());
    row.insert(row.end(), of_step.begin(), of_step.end());
    row.insert(row.end(), of_gradient.begin(), of_gradient.end());
    row.push_back(static_cast<double>(pairs.products));
  }

 private:
  // The squared cosines with the rows of `directions`.
  static std::vector<double> shares(const Tensor& vector, const Tensor& directions) {
    const double length = vectors::norm(vector);
    std::vector<double> all;
    for (std::int64_t i = 0; i < directions.shape()[0]; ++i) {
      const double cosine = vectors::dot(directions.part(i * vector.size(), {vector.size()}), vector) / length;
      all.push_back(cosine * cosine);
    }
    return all;
  }

  EigendirectionsOptions options_;
  WatchedExamples examples_;
  WarmEigenpairs warm_{"eigenvectors"};
  Tensor step_;
};

}  // namespace

std::shared_ptr<Instrument> eigendirections(const EigendirectionsOptions& options) {
  return std::make_shared<EigendirectionsInstrument>(options);
}

}  // namespace gradus::lab
