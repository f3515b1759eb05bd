// Every method that can be asked for by name: one line each.
#include "optim/methods/adagrad.h"
#include "optim/methods/adam.h"
#include "optim/methods/momentum.h"
#include "optim/methods/rmsprop.h"
#include "optim/methods/sgd.h"
#include "optim/optimizer.h"

namespace gradus::optim {

const std::vector<Method>& methods() {
  static const std::vector<Method> all = {
      gradient_descent_method(), sgd_method(),  momentum_method(), nesterov_method(),
      adam_method(),             adamw_method(), rmsprop_method(),  adagrad_method(),
  };
  return all;
}

}  // namespace gradus::optim
