// Every method that can be asked for by name: a header and a place in the list each.
#include "optim/method_of.h"
#include "optim/methods/adabelief.h"
#include "optim/methods/adadelta.h"
#include "optim/methods/adafactor.h"
#include "optim/methods/adagrad.h"
#include "optim/methods/adam.h"
#include "optim/methods/adamax.h"
#include "optim/methods/adan.h"
#include "optim/methods/ademamix.h"
#include "optim/methods/adopt.h"
#include "optim/methods/asgd.h"
#include "optim/methods/dadapt_adam.h"
#include "optim/methods/lamb.h"
#include "optim/methods/lars.h"
#include "optim/methods/lion.h"
#include "optim/methods/momentum.h"
#include "optim/methods/muon.h"
#include "optim/methods/nadam.h"
#include "optim/methods/prodigy.h"
#include "optim/methods/radam.h"
#include "optim/methods/rmsprop.h"
#include "optim/methods/rprop.h"
#include "optim/methods/schedule_free.h"
#include "optim/methods/sgd.h"
#include "optim/methods/shampoo.h"
#include "optim/methods/signsgd.h"
#include "optim/methods/yogi.h"

namespace gradus::optim {

// methods/NAME.cpp
Method adahessian_method();
Method gauss_newton_method();
Method hessian_free_method();
Method kfac_method();
Method lbfgs_method();
Method levenberg_marquardt_method();
Method newton_cg_method();
Method nonlinear_cg_method();
Method sophia_method();

namespace {

constexpr Family elementwise = Family::elementwise, layerwise = Family::layerwise;

// Shows the numbers of a method that reads them from settings.
class OfSettings final : public Optimizer {
 public:
  OfSettings(std::unique_ptr<Optimizer> inner, Settings settings)
      : inner_(std::move(inner)), settings_(std::move(settings)) {}
  void check(const Objective& objective) override { inner_->check(objective); }
  StepReport step(Objective& objective, const Tensor& theta) override { return inner_->step(objective, theta); }
  void visit(StateVisitor& visitor) override { inner_->visit(visitor); }
  Tensor evaluation_point(const Tensor& theta) override { return inner_->evaluation_point(theta); }
  void observe(double held_out_loss) override { inner_->observe(held_out_loss); }
  double* number(std::string_view name) override { return settings_.has(name) ? settings_.number(name) : nullptr; }

 private:
  std::unique_ptr<Optimizer> inner_;
  Settings settings_;
};

std::vector<Method> completed(std::vector<Method> all) {
  for (Method& method : all)
    if (!method.make)
      method.make = [name = method.name, hyperparameters = method.hyperparameters, make = method.make_of_settings](
                        const NamedValues& values, const RandomStream& stream) -> std::unique_ptr<Optimizer> {
        Settings settings = make_settings(name, hyperparameters, values);
        settings.stream = stream;
        return std::make_unique<OfSettings>(make(settings), settings);
      };
  return all;
}

std::vector<Method> all_methods() {
  return {
      method_of<GradientDescent>(elementwise),
      method_of<Sgd>(elementwise),
      method_of<Momentum>(elementwise),
      method_of<Nesterov>(elementwise),
      method_of<Adam>(elementwise),
      method_of<AdamW>(elementwise),
      method_of<RmsProp>(elementwise),
      method_of<Adagrad>(elementwise),
      method_of<Adadelta>(elementwise),
      method_of<Adamax>(elementwise),
      method_of<Nadam>(elementwise),
      method_of<Radam>(elementwise),
      method_of<Adabelief>(elementwise),
      method_of<Yogi>(elementwise),
      method_of<Adan>(elementwise),
      method_of<Lion>(elementwise),
      method_of<Lamb>(layerwise),
      method_of<Lars>(layerwise),
      method_of<Adafactor>(layerwise),
      method_of<Rprop>(elementwise),
      method_of<SignSgd>(elementwise),
      method_of<Asgd>(elementwise),
      method_of<Muon>(layerwise),
      method_of<Prodigy>(layerwise),
      method_of<ScheduleFreeSgd>(elementwise),
      method_of<ScheduleFreeAdamW>(elementwise),
      method_of<AdEmaMix>(elementwise),
      method_of<Adopt>(elementwise),
      method_of<DAdaptAdam>(layerwise),
      method_of<Shampoo>(layerwise),
      method_of<Amsgrad>(elementwise),
      newton_cg_method(),
      lbfgs_method(),
      nonlinear_cg_method(),
      gauss_newton_method(),
      levenberg_marquardt_method(),
      hessian_free_method(),
      kfac_method(),
      adahessian_method(),
      sophia_method(),
  };
}

}  // namespace

const settings::Catalogue<Method>& methods() {
  static const settings::Catalogue<Method> all("optimizer", completed(all_methods()));
  return all;
}

}  // namespace gradus::optim
