#include "experiments/workloads/models.h"

#include "experiments/workloads/autoencoder.h"
#include "experiments/workloads/deep_mlp.h"
#include "experiments/workloads/mlp.h"
#include "experiments/workloads/mnist_1d_models.h"
#include "experiments/workloads/recurrent_network.h"
#include "experiments/workloads/recurrent_tokens.h"
#include "experiments/workloads/residual_network.h"
#include "experiments/workloads/transformer.h"
#include "experiments/workloads/two_convolutions.h"

namespace gradus::workloads {

const settings::Catalogue<Model>& models() {
  static const settings::Catalogue<Model> all(
      "model", {Mlp{}, DeepMlp{}, Autoencoder{}, TwoConvolutions{}, ResidualNetwork{}, RecurrentNetwork{},
                Transformer{}, RecurrentTokens{}, Mnist1dLinear{}, Mnist1dMlp{}, Mnist1dCnn{}, Mnist1dGru{}});
  return all;
}

Model choose_model(lab::Run& run, const Model& fallback) {
  std::vector<std::string> names = models().names();
  if (!models().get(fallback.name)) names.push_back(fallback.name);  // the program's own
  const std::string name = run.option("model", fallback.name, "the network", lab::one_of(names));
  return (name == fallback.name ? fallback : models().find(name)).with_options(run);
}

}  // namespace gradus::workloads
