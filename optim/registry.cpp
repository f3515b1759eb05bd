// Every method that can be asked for by name: a declaration and a place in the list each.
#include "optim/optimizer.h"

namespace gradus::optim {

// methods/NAME.cpp
Method adabelief_method();
Method adadelta_method();
Method adafactor_method();
Method adagrad_method();
Method adahessian_method();
Method adam_method();
Method adamax_method();
Method adamw_method();
Method adan_method();
Method ademamix_method();
Method amsgrad_method();
Method asgd_method();
Method gauss_newton_method();
Method gradient_descent_method();
Method hessian_free_method();
Method kfac_method();
Method lamb_method();
Method lars_method();
Method lbfgs_method();
Method levenberg_marquardt_method();
Method lion_method();
Method momentum_method();
Method muon_method();
Method nadam_method();
Method nesterov_method();
Method newton_cg_method();
Method nonlinear_cg_method();
Method prodigy_method();
Method radam_method();
Method rmsprop_method();
Method rprop_method();
Method schedule_free_adamw_method();
Method schedule_free_sgd_method();
Method sgd_method();
Method shampoo_method();
Method signsgd_method();
Method sophia_method();
Method yogi_method();

const std::vector<Method>& methods() {
  static const std::vector<Method> all = {
      gradient_descent_method(),
      sgd_method(),
      momentum_method(),
      nesterov_method(),
      adam_method(),
      adamw_method(),
      rmsprop_method(),
      adagrad_method(),
      adadelta_method(),
      adamax_method(),
      nadam_method(),
      radam_method(),
      adabelief_method(),
      yogi_method(),
      adan_method(),
      lion_method(),
      lamb_method(),
      lars_method(),
      adafactor_method(),
      rprop_method(),
      signsgd_method(),
      asgd_method(),
      muon_method(),
      prodigy_method(),
      schedule_free_sgd_method(),
      schedule_free_adamw_method(),
      ademamix_method(),
      shampoo_method(),
      amsgrad_method(),
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
  return all;
}

}  // namespace gradus::optim
