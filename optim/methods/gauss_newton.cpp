// Gauss-Newton and Levenberg-Marquardt on Gauss-Newton products, for least squares and every other loss that is convex
// in the outputs. Levenberg (1944); Marquardt (1963); Nielsen (1999); Nocedal & Wright (2006), chapter 10.3.
#include "optim/descent_method.h"
#include "optim/descents/newton.h"

namespace gradus::optim {
namespace {

NewtonModel model(const std::string& method, const Settings& s) {
  return {.method = method,
          .matrix = &Curvature::gauss_newton,
          .damping = Setting(std::make_shared<double>(0)),
          .forcing = Forcing::fixed(s["tolerance"]),
          .preconditioners = std::make_unique<NewtonPreconditioner>(),
          .max_products = s.count("max_inner_iterations")};
}

std::vector<Hyperparameter> hyperparameters_and(std::vector<Hyperparameter> more) {
  std::vector<Hyperparameter> all = {between("tolerance", 1e-10, 0, 1, "of the inner solver, relative to the gradient"),
                                     count("max_inner_iterations", 1000, 1, "products for a solution"),
                                     gradient_tolerance_hyperparameter()};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

Method gauss_newton_method() {
  return {.name = "gauss_newton",
          .source = "Nocedal & Wright (2006), chapter 10.3",
          .hyperparameters = hyperparameters_and({}),
          .make_of_settings = [](const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<DescentMethod>(std::make_unique<ConjugateGradientDescent>(model("gauss_newton", s)),
                                                   std::make_unique<Armijo>(), s["gradient_tolerance"]);
          },
          .family = Family::curvature,
          .formula = "G p = -g, by conjugate gradients;  theta <- theta + a p, with the first a = 1",
          .differences = "Where G is singular the step is the shortest one, as by a pseudo-inverse.",
          .descends = true,
          .retired = {fixed_at("sufficient_decrease", 1e-4), fixed_at("max_evaluations", 40)}};
}

Method levenberg_marquardt_method() {
  return {
      .name = "levenberg_marquardt",
      .source = "Levenberg (1944); Marquardt (1963); Nielsen (1999), eq. 2.4",
      .hyperparameters =
          hyperparameters_and({positive("initial_damping", 1e-3, "the first damping over the curvature g.G g / g.g"),
                               choice("update", "nielsen", {"nielsen", "marquardt"}, "of the damping after a step")}),
      .make_of_settings = [](const Settings& s) -> std::unique_ptr<Optimizer> {
        return std::make_unique<DescentMethod>(
            std::make_unique<DampedDescent>(model("levenberg_marquardt", s)),
            std::make_unique<Damping>(s["initial_damping"], s.choice("update") == "nielsen"), s["gradient_tolerance"]);
      },
      .family = Family::curvature,
      .formula =
          R"((G + damping I) p = -g;  ratio = (f(theta) - f(theta + p)) / (model's reduction, undamped)
nielsen:  damping *= max(1/3, 1 - (2 ratio - 1)^3), growth = 2 if taken;  else damping *= growth, growth *= 2
marquardt:  damping *= 1/10 if taken, else 10)",
      .differences =
          "The damping is of Levenberg's form, a multiple of the identity; MINPACK's lmder scales it by the "
          "columns of J and chooses it by a trust region.",
      .descends = true,
      .retired = {fixed_at("acceptance", 1e-4), fixed_at("max_evaluations", 40)}};
}

}  // namespace gradus::optim
