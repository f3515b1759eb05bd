#include "nn/sequential.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

namespace gradus::nn {
namespace {

// "Linear": without namespaces and template arguments.
std::string name_of(const Layer& layer) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable(
      abi::__cxa_demangle(layer.type().name(), nullptr, nullptr, &status), &std::free);
  const std::string whole = readable ? readable.get() : layer.type().name();
  const std::string name = whole.substr(0, whole.find('<'));
  return name.substr(name.rfind(':') + 1);
}

}  // namespace

Sequential::Sequential(std::vector<Layer> layers) : layers_(std::move(layers)) {
  for (std::size_t i = 0; i < layers_.size(); ++i) names_.push_back(fmt::format("{} {}", i, name_of(layers_[i])));
}

void Sequential::declare(ParameterScope& scope) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    scope.declare_part(std::to_string(i), layers_[i]);
    names_[i] = scope.name_of(fmt::format("{} {}", i, name_of(layers_[i])));
  }
}

Var Sequential::forward(Forward& f, const Var& x) const {
  x.tape().protect(x);  // a first layer that only passes it on must not make it the second one's own
  return forward(f, Var(x));
}

Var Sequential::forward(Forward& f, Var&& x) const {
  Var y = x;
  std::size_t i = 0;
  try {
    for (; i < layers_.size(); ++i) {
      y = layers_[i].forward(f, std::move(y));
      f.observe(names_[i], y);
    }
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("in layer {} ({}): {}", i, name_of(layers_[i]), error.what()));
  }
  return y;
}

}  // namespace gradus::nn
