// Every method that can be asked for by name: a declaration and a place in the list each.
#include "optim/optimizer.h"

namespace gradus::optim {

// methods/NAME.cpp
Method adagrad_method();
Method adam_method();
Method adamw_method();
Method gauss_newton_method();
Method gradient_descent_method();
Method lbfgs_method();
Method levenberg_marquardt_method();
Method momentum_method();
Method nesterov_method();
Method newton_cg_method();
Method nonlinear_cg_method();
Method rmsprop_method();
Method sgd_method();

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
      newton_cg_method(),
      lbfgs_method(),
      nonlinear_cg_method(),
      gauss_newton_method(),
      levenberg_marquardt_method(),
  };
  return all;
}

}  // namespace gradus::optim
