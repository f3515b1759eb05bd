// Conjugate gradients as Hessian-free optimisation uses them: Martens (2010), sections 4.4 to 4.7; Martens & Sutskever
// (2012), sections 8.5 to 8.8.
#pragma once

#include <span>
#include <vector>

#include "autodiff/tensor/linear_operator.h"
#include "optim/optimizer.h"

namespace gradus::optim {

struct MartensCgOptions {
  std::int64_t max_iterations = 250;
  double tolerance = 5e-4;  // the least progress of the model in an iteration, relative to what it has reached
  double spacing = 1.3;     // iterates are kept at iterations ceil(spacing^j)
};

// Minimises the model m(x) = x^T B x / 2 + g^T x, and keeps some of the iterates on the way for the choice among them.
// All vectors are kept for the next solution, so that repeated ones of one size allocate nothing.
class MartensCg {
 public:
  struct Iterate {
    Tensor x;
    double model = 0;  // m(x)
    std::int64_t iteration = 0;
  };
  struct Result {
    // converged: progress has become slow, or the residual is zero to rounding; negative_curvature: the last iterate
    // goes along such a direction; iteration_limit; not_finite: nothing that was found may be used.
    Reason reason = Reason::iteration_limit;
    std::int64_t iterations = 0;
  };
  // Starts at `start`, or at zero if that is undefined. The residual is measured by M^-1, M being diagonal; undefined:
  // identity. Progress is slow where, for k = max(10, i / 10), (m_i - m_{i-k}) / m_i < k tolerance (Martens 2010,
  // section 4.4).
  Result minimize(const LinearOperator& a, const Tensor& gradient, const Tensor& start, const Tensor& preconditioner,
                  const MartensCgOptions& options);

  // What was kept, in order; the last iterate is always among them. At least one after minimize() unless not_finite.
  std::span<const Iterate> iterates() const { return {kept_.data(), count_}; }

 private:
  void keep(const Tensor& x, double model, std::int64_t iteration);

  std::vector<Iterate> kept_;
  std::size_t count_ = 0;
  std::vector<double> models_;
  Tensor x_, residual_, direction_, product_, scaled_;
};

}  // namespace gradus::optim
