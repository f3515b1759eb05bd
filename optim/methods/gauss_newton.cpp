#include "optim/methods/gauss_newton.h"

#include "optim/descents/newton.h"

namespace gradus::optim {
namespace {

template <class M>
NewtonModel model_of(const M& method) {
  return {.method = std::string(about<M>().name),
          .matrix = &Curvature::gauss_newton,
          .forcing = Forcing(Forcing::Kind::fixed, &method.tolerance),
          .preconditioners = std::make_unique<NewtonPreconditioner>(),
          .max_products = method.max_inner_iterations};
}

}  // namespace

std::unique_ptr<Descent> GaussNewton::descent(const RandomStream&) const {
  return std::make_unique<ConjugateGradientDescent>(model_of(*this));
}

std::unique_ptr<Descent> LevenbergMarquardt::descent(const RandomStream&) const {
  return std::make_unique<DampedDescent>(model_of(*this));
}

}  // namespace gradus::optim
