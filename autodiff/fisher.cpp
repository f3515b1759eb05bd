#include "autodiff/fisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gradus {

void categorical_scores(const Tensor& logits, RandomStream& random, const Tensor& scores) {
  const Shape& shape = logits.shape();
  if (shape.rank() != 2 || shape[1] == 0 || scores.shape() != shape || scores.dtype() != logits.dtype())
    throw std::invalid_argument(
        fmt::format("categorical_scores: logits {} of {} -> scores {} of {}, expected [n, classes] of one type",
                    shape.to_string(), name_of(logits.dtype()), scores.shape().to_string(), name_of(scores.dtype())));
  with_floating(logits.dtype(), [&]<class T>(T) {
    const std::int64_t rows = shape[0], classes = shape[1];
    for (std::int64_t r = 0; r < rows; ++r) {
      const T* x = logits.data<T>() + r * classes;
      T* s = scores.data<T>() + r * classes;
      const T largest = *std::max_element(x, x + classes);
      T total = 0;
      for (std::int64_t k = 0; k < classes; ++k) total += s[k] = std::exp(x[k] - largest);
      double left = random.uniform();
      std::int64_t label = classes - 1;  // what rounding may leave over
      bool drawn = false;
      for (std::int64_t k = 0; k < classes; ++k) {
        s[k] /= total;
        left -= s[k];
        if (!drawn && left < 0) {
          label = k;
          drawn = true;
        }
      }
      s[label] -= 1;
    }
  });
}

void normal_scores(RandomStream& random, const Tensor& scores) {
  with_floating(scores.dtype(), [&]<class T>(T) {
    for (T& s : scores.elements<T>()) s = static_cast<T>(-random.normal());
  });
}

void bernoulli_scores(const Tensor& logits, RandomStream& random, const Tensor& scores) {
  with_floating(scores.dtype(), [&]<class T>(T) {
    const T* x = logits.data<T>();
    for (T& s : scores.elements<T>()) {
      const double p = 1 / (1 + std::exp(-static_cast<double>(*x++)));
      s = static_cast<T>(random.uniform() < p ? p - 1 : p);
    }
  });
}

}  // namespace gradus
