#include "experiments/problems/elements.h"

namespace gradus::problems {
namespace {

Var every_second(const Var& x, std::int64_t first) {
  const std::int64_t pairs = x.shape().size() / 2;
  return reshape(slice(reshape(x, {pairs, 2}), 1, first, 1), {pairs});
}

}  // namespace

Var evens(const Var& x) { return every_second(x, 0); }
Var odds(const Var& x) { return every_second(x, 1); }

Var product(const Var& x) {
  const std::int64_t n = x.shape().size();
  if (n == 1) return x;
  const Var half = range(x, 0, n / 2) * range(x, n / 2, n / 2);
  return n % 2 ? product(half) * at(x, n - 1) : product(half);
}

Tensor constants(DType type, const std::vector<double>& values) {
  return Tensor::of({static_cast<std::int64_t>(values.size())}, values, type);
}

Tensor constants(DType type, std::int64_t count, const std::function<double(double)>& f) {
  std::vector<double> values;
  for (std::int64_t i = 1; i <= count; ++i) values.push_back(f(static_cast<double>(i)));
  return constants(type, values);
}

}  // namespace gradus::problems
