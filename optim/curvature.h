// What an objective may tell of its curvature, beside value and gradient.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "autodiff/tensor/kronecker_block.h"
#include "autodiff/tensor/linear_operator.h"

namespace gradus::optim {

class Objective;

// Answers about the point where the objective is when it is asked, each counted in its costs. What it cannot answer is
// empty. Products take vectors of the objective's size, or several of them, [k, size]; `out` is a vector of that size.
struct Curvature {
  LinearOperator hessian;           // H
  LinearOperator gauss_newton;      // J^T H_L J with J the outputs' Jacobian (Schraudolph 2002)
  LinearOperator empirical_fisher;  // the mean over examples of g_i g_i^T (Kunstner, Balles & Hennig 2019)
  // J^T J / n with J the Jacobian of a recurrent network's hidden states for n examples (structural damping: Martens &
  // Sutskever 2011).
  LinearOperator structural;
  // The gradient for labels that the model draws, not the given ones; `key` chooses the draw.
  std::function<void(std::uint64_t key, const Tensor& out)> sampled_gradient;
  // The mean over examples of their gradients' squares, element by element: the diagonal of the empirical Fisher
  // matrix.
  std::function<void(const Tensor& out)> gradient_squares;
  // One block for each dense layer and convolution, for labels that the model draws; positions are those in slices().
  // Blocks given are used again.
  std::function<void(std::uint64_t key, std::vector<KroneckerBlock>& blocks)> kronecker_factors;

  // Calls f(what it is in words, pointer to the member) for each of them.
  template <class F>
  static void each(const F& f) {
    f("products with the Hessian", &Curvature::hessian);
    f("products with the Gauss-Newton matrix, which a loss of outputs has", &Curvature::gauss_newton);
    f("products with the empirical Fisher matrix", &Curvature::empirical_fisher);
    f("products with the Jacobian of a recurrent network's states", &Curvature::structural);
    f("gradients for labels that the model draws", &Curvature::sampled_gradient);
    f("squares of the examples' gradients", &Curvature::gradient_squares);
    f("Kronecker factors of layers", &Curvature::kronecker_factors);
  }
};

// What an objective knows of its curvature, for a method that needs it. Throws std::invalid_argument, which names the
// method and what it needs, where there is no answer.
template <class Quantity>
const Quantity& require(const Objective& objective, Quantity Curvature::*which, const std::string& method);

}  // namespace gradus::optim
