#include "experiments/workloads/choices.h"

#include "nn/layers/activations.h"

namespace gradus::workloads {

const settings::Catalogue<Named<nn::Layer>>& activations() {
  static const settings::Catalogue<Named<nn::Layer>> all("activation", {{"relu", nn::Relu{}},
                                                                        {"tanh", nn::Tanh{}},
                                                                        {"sigmoid", nn::Sigmoid{}},
                                                                        {"softplus", nn::Softplus{}},
                                                                        {"gelu", nn::Gelu{}}});
  return all;
}

const settings::Catalogue<nn::Initializer>& initializers() {
  static const settings::Catalogue<nn::Initializer> all(
      "initializer", {nn::glorot_uniform(), nn::glorot_normal(), nn::he_uniform(), nn::he_normal(), nn::lecun_uniform(),
                      nn::lecun_normal(), nn::orthogonal(), nn::sparse(), nn::zeros()});
  return all;
}

}  // namespace gradus::workloads
