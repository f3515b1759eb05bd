// The largest eigenvalues of an operator that changes little from one time to the next.
#pragma once

#include <string>

#include "autodiff/curvature/lanczos.h"
#include "optim/state_visitor.h"

namespace gradus::lab {

// Lanczos' method from the eigenvectors found the last time, with a little of a random direction, so that one which has
// overtaken them is not missed.
class WarmEigenpairs {
 public:
  explicit WarmEigenpairs(std::string name) : name_(std::move(name)) {}
  // The `count` largest, falling, with their vectors. Those of a product that is not finite are NaN.
  EigenPairs find(const LinearOperator& matrix, std::int64_t count, double tolerance, std::int64_t max_products,
                  RandomStream random);
  void visit(optim::StateVisitor& visitor) { visitor.tensor(name_, start_); }

 private:
  std::string name_;
  Tensor start_;  // [size], the sum of the eigenvectors
};

// P^-1/2 H P^-1/2, which has the eigenvalues of P^-1 H, for a diagonal P above 0 [size]. It refers to H.
LinearOperator preconditioned(const LinearOperator& h, const Tensor& p);

}  // namespace gradus::lab
