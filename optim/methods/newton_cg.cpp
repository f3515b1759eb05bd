#include "optim/methods/newton_cg.h"

#include "optim/descents/newton.h"

namespace gradus::optim {

std::unique_ptr<Descent> NewtonCg::descent(const RandomStream& stream) const {
  constexpr LinearOperator Curvature::*matrices[] = {&Curvature::hessian, &Curvature::gauss_newton,
                                                     &Curvature::empirical_fisher};
  NewtonModel model{.method = "newton_cg",
                    .matrix = matrices[static_cast<int>(curvature)],
                    .forcing = Forcing(forcing, &tolerance),
                    .preconditioners = std::make_unique<NewtonPreconditioner>(preconditioner, stream),
                    .max_products = max_inner_iterations,
                    .damping = &damping};
  if (globalization == Globalization::trust_region) return std::make_unique<SteihaugDescent>(std::move(model));
  if (globalization == Globalization::trust_region_lanczos) return std::make_unique<LanczosDescent>(std::move(model));
  return std::make_unique<ConjugateGradientDescent>(std::move(model));
}

std::unique_ptr<Search> NewtonCg::search() const {
  if (globalization == Globalization::armijo) return std::make_unique<Armijo>();
  if (globalization == Globalization::strong_wolfe) return std::make_unique<StrongWolfe>();
  return std::make_unique<TrustRegion>(&initial_radius);
}

}  // namespace gradus::optim
