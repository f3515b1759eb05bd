// Every method that can be asked for by name: a header and a place in the list each.
#include "optim/methods/adabelief.h"
#include "optim/methods/adadelta.h"
#include "optim/methods/adafactor.h"
#include "optim/methods/adagrad.h"
#include "optim/methods/adahessian.h"
#include "optim/methods/adam.h"
#include "optim/methods/adamax.h"
#include "optim/methods/adan.h"
#include "optim/methods/ademamix.h"
#include "optim/methods/adopt.h"
#include "optim/methods/asgd.h"
#include "optim/methods/dadapt_adam.h"
#include "optim/methods/gauss_newton.h"
#include "optim/methods/hessian_free.h"
#include "optim/methods/kfac.h"
#include "optim/methods/lamb.h"
#include "optim/methods/lars.h"
#include "optim/methods/lbfgs.h"
#include "optim/methods/lion.h"
#include "optim/methods/momentum.h"
#include "optim/methods/muon.h"
#include "optim/methods/nadam.h"
#include "optim/methods/newton_cg.h"
#include "optim/methods/nonlinear_cg.h"
#include "optim/methods/prodigy.h"
#include "optim/methods/radam.h"
#include "optim/methods/rmsprop.h"
#include "optim/methods/rprop.h"
#include "optim/methods/schedule_free.h"
#include "optim/methods/sgd.h"
#include "optim/methods/shampoo.h"
#include "optim/methods/signsgd.h"
#include "optim/methods/soap.h"
#include "optim/methods/sophia.h"
#include "optim/methods/yogi.h"

namespace gradus::optim {
namespace {

// M is described by M::describe(), and make(M, stream) makes its optimizer.
template <class M>
Method method_of() {
  Method method{entry_of<M>()};
  if constexpr (requires { M::family; }) method.family = M::family;
  method.make = [](const NamedValues& values, const RandomStream& stream) -> std::unique_ptr<Optimizer> {
    return make(settings::with_values<M>(std::string(about<M>().name), values), stream);
  };
  return method;
}
template <class... M>
std::vector<Method> listed() {
  return {method_of<M>()...};
}

}  // namespace

const settings::Catalogue<Method>& methods() {
  static const settings::Catalogue<Method> all(
      "optimizer",
      listed<GradientDescent, Sgd, Momentum, Nesterov, Adam, AdamW, RmsProp, Adagrad, Adadelta, Adamax, Nadam, Radam,
             Adabelief, Yogi, Adan, Lion, Lamb, Lars, Adafactor, Rprop, SignSgd, Asgd, Muon, Prodigy, ScheduleFreeSgd,
             ScheduleFreeAdamW, AdEmaMix, Adopt, DAdaptAdam, Shampoo, Soap, Amsgrad, NewtonCg, Lbfgs, NonlinearCg,
             GaussNewton, LevenbergMarquardt, HessianFree, Kfac, AdaHessian, Sophia>());
  return all;
}

}  // namespace gradus::optim
