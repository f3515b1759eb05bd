// Truncated Newton methods: a step minimises the model g.p + p.A p / 2 as accurately as it pays.
#pragma once

#include <algorithm>

#include "autodiff/tensor/vectors.h"
#include "optim/descents/newton_model.h"
#include "optim/solvers/trust_region.h"

namespace gradus::optim {

class NewtonDescent : public Descent {
 public:
  explicit NewtonDescent(NewtonModel model) : model_(std::move(model)) {}
  void check(const Objective& objective) const override { model_.check(objective); }
  void begin(const Start& start) override { model_.begin(start); }
  void learn(const Start& start, const Tensor& trial, double) override { model_.learn(start, trial); }
  double damping() const override { return model_.damping_now(); }
  void visit(StateVisitor& visitor) override { model_.visit(visitor); }

 protected:
  NewtonModel model_;
};

// A length along the minimum by conjugate gradients, which stop at negative curvature. Dembo & Steihaug (1983).
class ConjugateGradientDescent final : public NewtonDescent {
 public:
  using NewtonDescent::NewtonDescent;
  std::string name() const override { return "conjugate_gradient"; }
  Size size() const override { return Size::length; }
  Promise step(double length, const Tensor& p) override {
    const double without_curvature = std::max(1.0, vectors::norm(model_.start->theta));
    model_.return_to_start();
    const InnerResult solved = conjugate_gradient(model_.a, model_.start->gradient, *model_.m, model_.tolerance,
                                                  model_.max_products, without_curvature, memory_, p);
    Promise promise = model_.promise(solved, p);
    // m(t p) = t g.p + t^2 p.A p / 2
    promise.change = length * promise.slope + length * length * (promise.change - promise.slope);
    promise.slope *= length;
    promise.norm *= length;
    if (length != 1) vectors::scale(length, p);
    return promise;
  }

 private:
  ConjugateGradientMemory memory_;
};

// Conjugate gradients within a radius. Steihaug (1983); Toint (1981).
class SteihaugDescent final : public NewtonDescent {
 public:
  using NewtonDescent::NewtonDescent;
  std::string name() const override { return "steihaug"; }
  Size size() const override { return Size::radius; }
  Promise step(double radius, const Tensor& p) override {
    model_.return_to_start();
    return model_.promise(steihaug(model_.a, model_.start->gradient, *model_.m, radius, model_.tolerance,
                                   model_.max_products, memory_, p),
                          p);
  }

 private:
  ConjugateGradientMemory memory_;
};

// The best step within a radius and the space that Lanczos' method has explored; another radius costs no product.
// Gould, Lucidi, Roma & Toint (1999).
class LanczosDescent final : public NewtonDescent {
 public:
  using NewtonDescent::NewtonDescent;
  std::string name() const override { return "lanczos"; }
  Size size() const override { return Size::radius; }
  void begin(const Start& start) override {
    NewtonDescent::begin(start);
    is_explored_ = false;
  }
  Promise step(double radius, const Tensor& p) override {
    // At the boundary it ends where a product improves the model by less than this share: a radius is a guess anyway.
    constexpr double boundary_tolerance = 0.1;
    const InnerResult solved = is_explored_
                                   ? lanczos_.solve_again(radius, p)
                                   : lanczos_.solve(model_.a, model_.start->gradient, *model_.m, radius,
                                                    model_.tolerance, boundary_tolerance, model_.max_products, p);
    is_explored_ = true;
    return model_.promise(solved, p);
  }

 private:
  LanczosTrustRegion lanczos_;
  bool is_explored_ = false;
};

// (A + damping I) p = -g by conjugate gradients. Levenberg (1944); Marquardt (1963).
class DampedDescent final : public NewtonDescent {
 public:
  using NewtonDescent::NewtonDescent;
  std::string name() const override { return "damped_conjugate_gradient"; }
  Size size() const override { return Size::damping; }
  double damping() const override { return StepReport::none; }  // the search knows
  // The Rayleigh quotient g.A g / g.g.
  double first_size() override {
    const Tensor& g = model_.start->gradient;
    const Tensor& product = vectors::like(memory_.product, g);
    multiply(model_.a, g, product);
    const double curvature = vectors::dot(g, product) / vectors::dot(g, g);
    return curvature <= 0 ? 1 : curvature;
  }
  // Promises what the model without the damping does.
  Promise step(double damping, const Tensor& p) override {
    model_.return_to_start();
    const InnerResult solved = conjugate_gradient(damped(model_.a, damping), model_.start->gradient, *model_.m,
                                                  model_.tolerance, model_.max_products, 1, memory_, p);
    Promise promise = model_.promise(solved, p);
    if (promise.change < 0) promise.change -= damping / 2 * vectors::dot(p, p);
    return promise;
  }

 private:
  ConjugateGradientMemory memory_;
};

}  // namespace gradus::optim
