#include "nn/layers/checkpoint.h"

#include "autodiff/checkpoint.h"

namespace gradus::nn {

void Checkpointed::declare(ParameterScope& scope) {
  first_ = scope.parameter_count();
  inner_.declare(scope);
  last_ = scope.parameter_count();
}

Var Checkpointed::forward(Forward& f, const Var& x) const {
  std::vector<Var> inputs{x};
  for (std::size_t id = first_; id < last_; ++id) inputs.push_back(f[id]);
  const auto segment = [inner = inner_, first = first_, mode = f.mode(), key = f.random_key(), buffers = f.buffers(),
                        again = std::make_shared<bool>(false)](Tape&, std::span<const Var> in) {
    std::vector<Var> parameters(first);
    parameters.insert(parameters.end(), in.begin() + 1, in.end());
    // While evaluating, buffers are read each time; while training they are written, which must not happen twice.
    const bool withhold = mode == Mode::train && *again;
    *again = true;
    Forward pass(parameters, mode, RandomStream(key), withhold ? std::span<const Tensor>{} : buffers);
    return inner.forward(pass, in[0]);
  };
  return checkpoint(segment, inputs);
}

}  // namespace gradus::nn
