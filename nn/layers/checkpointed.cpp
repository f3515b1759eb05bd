#include "nn/layers/checkpointed.h"

#include <algorithm>

#include "autodiff/checkpoint.h"

namespace gradus::nn {

void Checkpointed::declare(ParameterScope& scope) { scope.declare(inside_, inner_); }

Var Checkpointed::forward(Forward& f, const Var& x) const {
  const std::span<const Var> own = f[inside_], all = f.parameters();
  std::vector<Var> inputs{x};
  inputs.insert(inputs.end(), own.begin(), own.end());
  const auto segment = [inner = inner_, outer = f, first = own.data() - all.data(), count = all.size(),
                        key = f.random_key(), again = std::make_shared<bool>(false)](Tape&, std::span<const Var> in) {
    std::vector<Var> parameters(count);  // those of other layers undefined
    std::copy(in.begin() + 1, in.end(), parameters.begin() + first);
    // While evaluating, buffers are read each time; while training they are written, which must not happen twice.
    const bool withhold = outer.training() && *again;
    *again = true;
    Forward pass = outer.again(parameters, RandomStream(key), withhold ? std::span<const Tensor>{} : outer.buffers());
    return inner.forward(pass, in[0]);
  };
  return checkpoint(segment, inputs);
}

}  // namespace gradus::nn
