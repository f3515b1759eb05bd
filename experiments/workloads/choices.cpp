#include "experiments/workloads/choices.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "nn/layers/activations.h"
#include "optim/settings.h"

namespace gradus::workloads {
namespace {

template <class T>
using Named = std::vector<std::pair<std::string, T>>;

const Named<nn::Layer>& activations() {
  static const Named<nn::Layer> all = {{"relu", nn::Relu{}},
                                       {"tanh", nn::Tanh{}},
                                       {"sigmoid", nn::Sigmoid{}},
                                       {"softplus", nn::Softplus{}},
                                       {"gelu", nn::Gelu{}}};
  return all;
}

const Named<nn::Initializer>& initializers() {
  static const Named<nn::Initializer> all = [] {
    Named<nn::Initializer> named;
    for (const nn::Initializer& one : {nn::glorot_uniform(), nn::glorot_normal(), nn::he_uniform(), nn::he_normal(),
                                       nn::lecun_uniform(), nn::lecun_normal(), nn::orthogonal(), nn::zeros()})
      named.emplace_back(one.name, one);
    return named;
  }();
  return all;
}

template <class T>
std::vector<std::string> names_of(const Named<T>& all) {
  std::vector<std::string> names;
  for (const auto& [name, value] : all) names.push_back(name);
  return names;
}

template <class T>
const T& find(const char* kind, const Named<T>& all, const std::string& asked) {
  for (const auto& [name, value] : all)
    if (name == asked) return value;
  throw std::invalid_argument(
      fmt::format("unknown {} '{}': {}", kind, asked, optim::choices_text(asked, names_of(all))));
}

}  // namespace

nn::Layer activation(const std::string& name) { return find("activation", activations(), name); }
const std::vector<std::string>& activation_names() {
  static const std::vector<std::string> names = names_of(activations());
  return names;
}

nn::Initializer initializer(const std::string& name) { return find("initializer", initializers(), name); }
const std::vector<std::string>& initializer_names() {
  static const std::vector<std::string> names = names_of(initializers());
  return names;
}

}  // namespace gradus::workloads
