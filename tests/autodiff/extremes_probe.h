// Probes of operations whose results depend on many numbers: one number at a time is made special.
#pragma once

#include "tests/autodiff/extremes.h"

namespace gradus::extremes {

struct Probe {
  std::vector<std::string> operations;  // all that run here: the operation, and those of its derivative
  std::vector<Shape> shapes;
  FunctionOfLeaves function;
  Formula formula;
  Tolerance tolerance = {16, 8, 16};
  // Without the largest numbers: sums and products of theirs overflow on the way to a finite result, as IEEE 754 has
  // it.
  bool largest_too = true;
  std::vector<bool> special = {};  // whether an operand takes special numbers; empty: all do
  // Operands with numbers of their own, such as targets, of which no derivative is asked; empty ones are random.
  std::vector<std::vector<double>> given = {};
  // Without infinities: sums of infinite terms may be infinite or NaN, depending on what has been taken out of them.
  bool infinities_too = true;
};

// The table. A file adds to it by `static const bool added = add_probes({...});`.
inline std::vector<Probe>& probes() {
  static std::vector<Probe> all;
  return all;
}
inline bool add_probes(const std::vector<Probe>& more) {
  probes().insert(probes().end(), more.begin(), more.end());
  for (const Probe& probe : more) probed().insert(probe.operations.begin(), probe.operations.end());
  return true;
}

// What the numbers of `in` give: the formula's values, and the derivatives of the functional with respect to each.
struct Expected {
  Reals values;
  std::vector<Reals> slopes;
};
inline Expected expected_of(const Formula& formula, const std::vector<Reals>& in) {
  Expected expected{formula.values(in), {}};
  std::vector<std::vector<Dual>> duals;
  for (const Reals& list : in) duals.emplace_back(list.begin(), list.end());
  for (std::size_t i = 0; i < in.size(); ++i) {
    expected.slopes.emplace_back();
    for (std::size_t k = 0; k < in[i].size(); ++k) {
      duals[i][k] = Dual(in[i][k], 1, true);
      Real slope = 0;
      const std::vector<Dual> results = formula.duals(duals);
      for (std::size_t j = 0; j < results.size(); ++j)
        if (results[j].depends) slope += weight(j) * results[j].d;
      expected.slopes.back().push_back(slope);
      duals[i][k] = Dual(in[i][k]);
    }
  }
  return expected;
}

inline Real largest_finite(const Reals& numbers) {
  Real largest = 0;
  for (const Real x : numbers)
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  return largest;
}

template <class T>
class ProbeCheck {
 public:
  explicit ProbeCheck(const Probe& p) : probe_(p) {
    RandomStream random(11, p.operations[0]);
    for (std::size_t i = 0; i < p.shapes.size(); ++i) {
      base_.push_back(Tensor::uninitialized(p.shapes[i], dtype_of<T>()));
      for (std::int64_t k = 0; k < base_[i].size(); ++k)
        base_[i].set(k, i < p.given.size() && !p.given[i].empty() ? p.given[i][static_cast<std::size_t>(k)]
                                                                  : random.uniform(-2, 2));
    }
  }

  void run() {
    using Limits = std::numeric_limits<T>;
    std::vector<T> specials{0, -T{0}, Limits::quiet_NaN(), Limits::min(), 5 * Limits::denorm_min(), 20, -20, 1e4, -1e4};
#ifndef __OPTIMIZE__  // for the sanitizers, what takes other paths is enough
    specials = {Limits::quiet_NaN()};
#endif
    if (probe_.infinities_too) specials.insert(specials.end(), {Limits::infinity(), -Limits::infinity()});
    if (probe_.largest_too) specials.insert(specials.end(), {Limits::max(), -Limits::max()});
    std::vector<std::vector<Tensor>> variants{base_};
    for (std::size_t i = 0; i < base_.size(); ++i) {
      if (!probe_.special.empty() && !probe_.special[i]) continue;
      const std::int64_t size = base_[i].size(), step = std::max<std::int64_t>(1, (size + 3) / (size > 40 ? 2 : 4));
      for (std::int64_t k = 0; k < size; k += step)
        for (const T special : specials) {
          std::vector<Tensor> variant = base_;
          variant[i] = base_[i].clone();
          variant[i].template elements<T>()[static_cast<std::size_t>(k)] = special;
          variants.push_back(variant);
        }
    }
    with_and_without_subnormals([&](bool flush) {
      for (const auto& variant : variants) check(variant, flush);
    });
  }

 private:
  void check(const std::vector<Tensor>& inputs, bool flush) {
    std::vector<Reals> numbers;
    for (const Tensor& input : inputs) {
      numbers.emplace_back();
      for (const T x : input.elements<T>()) numbers.back().push_back(seen(x, flush));
    }
    const Expected expected = expected_of(probe_.formula, numbers);

    Tape tape(dtype_of<T>());
    Leaves leaves;
    for (const Tensor& input : inputs) leaves.push_back(tape.leaf(input));
    const Var y = probe_.function(tape, leaves);
    const std::vector<Tensor> slopes = slopes_of(y, leaves);

    hold(y.value(), expected.values, "value", inputs, flush);
    for (std::size_t i = 0; i < slopes.size(); ++i)
      if (i >= probe_.given.size() || probe_.given[i].empty())
        hold(slopes[i], expected.slopes[i], "derivative of operand " + std::to_string(i), inputs, flush);
  }

  void hold(const Tensor& found, const Reals& expected, const std::string& what, const std::vector<Tensor>& inputs,
            bool flush) {
    ASSERT_EQ(static_cast<std::size_t>(found.size()), expected.size()) << probe_.operations[0] << ", " << what;
    const Real largest = largest_finite(expected);
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const std::string wrong = difference(found.elements<T>()[k], expected[k], largest, probe_.tolerance, flush);
      if (wrong.empty() || ++complaints_ > 6) continue;
      std::string where;
      for (std::size_t i = 0; i < inputs.size(); ++i)
        for (std::size_t e = 0; e < inputs[i].template elements<T>().size(); ++e)
          if (const T x = inputs[i].template elements<T>()[e]; !(x == base_[i].template elements<T>()[e]))
            where = " with " + std::to_string(static_cast<double>(x)) + " at " + std::to_string(e) + " of operand " +
                    std::to_string(i);
      ADD_FAILURE() << probe_.operations[0] << " of " << name_of(dtype_of<T>()) << (flush ? ", flushing" : "") << where
                    << ": " << what << ", element " << k << ": " << wrong;
    }
  }

  const Probe& probe_;
  std::vector<Tensor> base_;
  int complaints_ = 0;
};

}  // namespace gradus::extremes
