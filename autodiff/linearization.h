// Curvature at a point: record value and gradient once, then multiply vectors by the Hessian and its relatives, each in
// one sweep over the record. No matrix is formed, and a product allocates nothing.
#pragma once

#include <span>
#include <vector>

#include "autodiff/tape.h"

namespace gradus {

// Vectors are flat, of size() elements of the tape's type: the leaves one after the other in the order given. Where a
// vector v[size] is asked for, v[k, size] is k vectors, and so is the result. The record lives on the tape of the loss
// until that is reset; a product after the reset throws.
//
// J v needs no rule of its own: with c the cotangent of the outputs, the recorded gradient is g = J^T c, linear in c,
// so J v is the vector-Jacobian product of v with g towards c.
class Linearization {
 public:
  // `loss` is one number. `outputs` are the model's, through which the loss depends on the leaves (perhaps beside
  // direct terms, such as a penalty): what Gauss-Newton and Fisher products are about.
  Linearization(const Var& loss, const Var& outputs, std::span<const Var> leaves);
  // Without outputs: gradient and Hessian only.
  Linearization(const Var& loss, std::span<const Var> leaves);

  std::int64_t size() const { return size_; }
  double value() const { return loss_.item(); }
  const Shape& outputs_shape() const { return outputs_.shape(); }  // throws if there are none
  void gradient(const Tensor& out) const;

  // H v, the Hessian of the loss (Pearlmutter 1994).
  void hessian_times(const Tensor& v, const Tensor& out);
  // J^T H_L J v, with J the Jacobian of the outputs and H_L the Hessian of the loss with respect to them (Schraudolph
  // 2002).
  void gauss_newton_times(const Tensor& v, const Tensor& out);
  // J v, of the outputs' shape, and J^T u.
  void jacobian_times(const Tensor& v, const Tensor& out);
  void jacobian_transposed_times(const Tensor& u, const Tensor& out);
  // The mean over examples i (axis 0 of the outputs) of J_i^T s_i s_i^T J_i v, for scores s of the outputs' shape: the
  // derivatives of each example's negative log-likelihood. Scores for labels that the model draws (autodiff/fisher.h)
  // give the Fisher information, those for the labels given (empirical_scores) the empirical one (Kunstner, Balles &
  // Hennig 2019).
  void fisher_times(const Tensor& scores, const Tensor& v, const Tensor& out);
  // The scores for the labels given, where the loss is a mean over examples: their number times d loss / d outputs.
  void empirical_scores(const Tensor& out) const;

 private:
  void require_outputs(const char* product) const;
  // Calls f(v, out) for each vector of v.
  template <class F>
  void for_each_vector(const char* product, const Tensor& v, const Shape& v_shape, const Tensor& out,
                       const Shape& out_shape, const F& f);
  void split(const Tensor& vector, std::vector<Tensor>& parts) const;

  Var loss_, outputs_, outputs_gradient_;
  std::vector<Var> leaves_, gradient_;
  std::int64_t size_ = 0;
  std::vector<Tensor> v_parts_, out_parts_;
  Tensor tangents_, cotangents_;  // of the outputs' shape
};

}  // namespace gradus
