// Every method that can be asked for by name: a declaration and a place in the list each.
#include "optim/optimizer.h"

namespace gradus::optim {

// methods/NAME.cpp
Method adagrad_method();
Method adahessian_method();
Method adam_method();
Method adamw_method();
Method gradient_descent_method();
Method hessian_free_method();
Method kfac_method();
Method momentum_method();
Method nesterov_method();
Method rmsprop_method();
Method sgd_method();
Method sophia_method();

const std::vector<Method>& methods() {
  static const std::vector<Method> all = {
      gradient_descent_method(), sgd_method(),   momentum_method(), nesterov_method(),
      adam_method(),             adamw_method(), rmsprop_method(),  adagrad_method(),
      hessian_free_method(),     kfac_method(),  adahessian_method(), sophia_method(),
  };
  return all;
}

}  // namespace gradus::optim
