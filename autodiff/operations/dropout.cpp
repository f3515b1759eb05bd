#include "autodiff/operations/dropout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "autodiff/kernels/team.h"
#include "autodiff/tensor/random.h"

namespace gradus {

Shape ops::Dropout::shape(Inputs in) const {
  if (!(probability >= 0 && probability < 1))
    throw std::invalid_argument(fmt::format("dropout: probability {}, expected 0 <= p < 1", probability));
  return in[0].shape();
}

void ops::Dropout::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  // An element is dropped if its 32 random bits lie below the probability.
  const auto threshold = static_cast<std::uint64_t>(std::ldexp(probability, 32));
  const std::int64_t n = out.size();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* y = out.data<T>();
    const T* x = in[0].data<T>();
    const T keep = static_cast<T>(1 / (1 - probability));
    kernels::share_ranges(n, kernels::shared_elements / 8, [=, this](std::int64_t first, std::int64_t end) {
      for (std::int64_t block = first; block < end; block += 4) {
        const auto words = philox(key, static_cast<std::uint64_t>(block / 4), 0);
        for (std::int64_t i = block; i < std::min(block + 4, end); ++i) {
          const T kept = words[static_cast<std::size_t>(i - block)] < threshold ? T{0} : x[i] * keep;
          y[i] = accumulate ? y[i] + kept : kept;
        }
      }
    });
  });
}

template class Operation<ops::Dropout>;

}  // namespace gradus
