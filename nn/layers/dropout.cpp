#include "nn/layers/dropout.h"

#include <fmt/format.h>

#include "autodiff/operations/dropout.h"

namespace gradus::nn {

Dropout::Dropout(double probability) : probability_(probability) {
  if (!(probability >= 0 && probability < 1))
    throw std::invalid_argument(fmt::format("Dropout: probability {}, expected 0 <= p < 1", probability));
}

Var Dropout::forward(Forward& f, const Var& x) const { return drops(f) ? dropout(x, probability_, f.random_key()) : x; }

Var Dropout::forward(Forward& f, Var&& x) const {
  return drops(f) ? dropout(last_use(x), probability_, f.random_key()) : x;
}

}  // namespace gradus::nn
