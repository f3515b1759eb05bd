// Hessian-free optimisation: Newton's method by conjugate gradients on products with the Gauss-Newton matrix.
#pragma once

#include "optim/optimizer.h"

namespace gradus::optim {

struct HessianFree {
  enum class Matrix { gauss_newton, hessian };
  enum class Preconditioner { none, empirical_fisher };
  // Martens (2010), section 4.7, chose the exponent by trial; the line search hardly ever takes a second trial.
  static constexpr double preconditioner_exponent = 0.75, sufficient_decrease = 0.01, shrink = 0.8;

  Matrix curvature = Matrix::gauss_newton;
  double initial_damping = 1, damping_factor = 1.5, structural_damping = 0, momentum = 0.95;
  Preconditioner preconditioner = Preconditioner::empirical_fisher;
  std::int64_t max_iterations = 250;
  double tolerance = 5e-4;

  static constexpr Family family = Family::curvature;
  static constexpr Description describe() {
    return {
        .name = "hessian_free",
        .source = "Martens (2010), Algorithm 2; Martens & Sutskever (2012)",
        .formula = R"(
            B = G + lambda I + lambda structural_damping S
            d <- the minimum of g^T d + d^T B d / 2 by preconditioned conjugate gradients, from momentum d
            d <- the earliest kept downhill iterate after which the loss does not fall
            rho = (f(theta + d) - f(theta)) / (g^T d + d^T G d / 2)
            theta <- theta + a d, a <- 0.8 a from 1 until f falls by 0.01 a |g^T d|
            lambda <- lambda damping_factor if rho < 1/4 or the step is refused, lambda / damping_factor if rho > 3/4
            )",
        .differences = R"(
            The loss is always that of the gradient's batch, also where curvature is of another one; Martens' program
            takes the curvature's batch for the reduction ratio rho.
            )",
        .fields = {field<&HessianFree::curvature>(one_of({"gauss_newton", "hessian"}), "the matrix of the model"),
                   field<&HessianFree::initial_damping>(positive(), "weight of the identity at the first step; lambda"),
                   field<&HessianFree::damping_factor>(
                       {settings::Range::Kind::number, 1, settings::unbounded, true},
                       "by which the damping changes after a step whose reduction ratio is below 1/4 or above 3/4"),
                   field<&HessianFree::structural_damping>(
                       non_negative(), "weight of J^T J of the hidden states relative to the damping; 0: off"),
                   field<&HessianFree::momentum>(decay(),
                                                 "share of the last solution from which conjugate gradients start"),
                   field<&HessianFree::preconditioner>(one_of({"none", "empirical_fisher"}), "of conjugate gradients"),
                   field<&HessianFree::max_iterations>(at_least(1), "of conjugate gradients in a step"),
                   field<&HessianFree::tolerance>(positive(),
                                                  "relative progress of the model an iteration below which it ends")},
        .descends = true,
        .retired = {fixed_at("preconditioner_exponent", preconditioner_exponent),
                    fixed_at("sufficient_decrease", sufficient_decrease), fixed_at("shrink", shrink)}};
  }
};
std::unique_ptr<Optimizer> make(const HessianFree& method, const RandomStream& = RandomStream(0));

}  // namespace gradus::optim
