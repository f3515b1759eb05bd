// Approximations of a curvature matrix that are cheap to invert.
#pragma once

#include "autodiff/tensor/tensor.h"
#include "optim/solvers/lbfgs_memory.h"

namespace gradus::optim {

// A symmetric positive definite M. The methods scale it so that it is near the identity's size: the norm sqrt(p.M p) of
// a step, in which trust regions are measured, then has the size of |p|, and nothing depends on the loss's scale.
class Preconditioner {
 public:
  virtual ~Preconditioner() = default;
  // out = M^-1 x; out is not x.
  virtual void solve(const Tensor& x, const Tensor& out) const = 0;
  virtual bool is_identity() const { return false; }
};

class IdentityPreconditioner final : public Preconditioner {
 public:
  void solve(const Tensor& x, const Tensor& out) const override { out.copy_from(x); }
  bool is_identity() const override { return true; }
};

// M = diag(d), which the caller writes into diagonal() and then normalises.
class DiagonalPreconditioner final : public Preconditioner {
 public:
  void solve(const Tensor& x, const Tensor& out) const override;
  Tensor& diagonal() { return diagonal_; }
  // d <- ((|d| + damping) / mean(|d| + damping))^power, where no element counts for less than `floor` of the mean.
  // Elements that are not finite count as the mean; if there is no other element than 0 and those, d <- 1.
  void normalize(double damping, double power, double floor);

 private:
  Tensor diagonal_;
};

// M is the L-BFGS approximation of the Hessian over its scale, so that M^-1 is the identity where the pairs say nothing
// (Morales & Nocedal 2000, with pairs of outer iterations).
class LbfgsPreconditioner final : public Preconditioner {
 public:
  explicit LbfgsPreconditioner(const LbfgsMemory& memory) : memory_(memory) {}
  explicit LbfgsPreconditioner(const LbfgsMemory&&) = delete;  // it must stay
  void solve(const Tensor& x, const Tensor& out) const override;

 private:
  const LbfgsMemory& memory_;
};

}  // namespace gradus::optim
