// Softmax, its logarithm, and the cross-entropies that are fused with it. All work along the last axis.
#pragma once

#include "autodiff/operations/activations.h"
#include "autodiff/operations/reductions.h"
#include "autodiff/operations/selection.h"

namespace gradus {

namespace ops {
struct SoftmaxDerivative;
struct Softmax;
struct LogSoftmaxDerivative;
struct LogSoftmax;
struct CrossEntropyDerivative;
struct CrossEntropyEach;
struct SoftCrossEntropyEach;
}  // namespace ops

// Sums over the last axis, kept with extent 1; for use in rules.
auto sum_rows(const Term auto& x, Shape shape) {
  shape[shape.rank() - 1] = 1;
  return sum_to(x, shape);
}

// z = y (g - sum(g y)): the derivative of softmax where y is its value, whose rows add up to 1.
// dg = y (dz - sum(dz y)),  dy = dz (g - sum(g y)) - g sum(dz y)
struct ops::SoftmaxDerivative : Elementwise<ops::SoftmaxDerivative> {
  static constexpr const char* title = "softmax_derivative";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const Shape shape = s.shape(0);
    s.to(0, [&] { return apply(SoftmaxDerivative{}, s.dy(), s.in(1)); });
    s.to(1, [&] {
      return sub(mul(s.dy(), sub(s.in(0), sum_rows(mul(s.in(0), s.in(1)), shape))),
                 mul(s.in(0), sum_rows(mul(s.dy(), s.in(1)), shape)));
    });
  }
};

// y = e^x / sum(e^x). NaN where all x are minus infinity, 0/0, and at an infinite x, beside which the others are 0.
struct ops::Softmax : Operation<ops::Softmax> {
  static constexpr const char* title = "softmax";
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(SoftmaxDerivative{}, s.dy(), s.out()); });
  }
};
auto softmax(const Term auto& x) { return apply(ops::Softmax{}, x); }

// z = g - e^y sum(g): the derivative of log_softmax where y is its value. At the largest y, where e^y may be nearly 1,
// as g (1 - e^y) - e^y sum(the other g).
//   dg = dz - sum(dz e^y),  dy = -dz e^y sum(g)
struct ops::LogSoftmaxDerivative : Elementwise<ops::LogSoftmaxDerivative> {
  static constexpr const char* title = "log_softmax_derivative";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const Shape shape = s.shape(0);
    s.to(0, [&] { return sub(s.dy(), sum_rows(mul(s.dy(), exp(s.in(1))), shape)); });
    s.to(1, [&] { return neg(mul(mul(s.dy(), exp(s.in(1))), sum_rows(s.in(0), shape))); });
  }
};

// y = x - ln sum(e^x); the logarithm of softmax.
struct ops::LogSoftmax : Operation<ops::LogSoftmax> {
  static constexpr const char* title = "log_softmax";
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(LogSoftmaxDerivative{}, s.dy(), s.out()); });
  }
};
auto log_softmax(const Term auto& x) { return apply(ops::LogSoftmax{}, x); }

// z[n, classes] = g[n] (softmax(x) - onehot(label)): the derivative of the cross-entropy from labels.
// dg[n] = sum(dz (softmax(x) - onehot)),  dx = g softmax'(x) dz
struct ops::CrossEntropyDerivative : Operation<ops::CrossEntropyDerivative> {
  static constexpr const char* title = "cross_entropy_derivative";
  static constexpr int index_operand = 2;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const Shape rows = s.shape(0), matrix = s.shape(1), column{rows[0], 1};
    s.to(0, [&] {
      const auto ones = add_scalar(greater(s.in(0), s.in(0)), 1);  // whatever g is
      return reshape(sum_rows(mul(s.dy(), apply(ops::CrossEntropyDerivative{}, ones, s.in(1), s.in(2))), matrix), rows);
    });
    s.to(1, [&] { return mul(apply(ops::SoftmaxDerivative{}, s.dy(), softmax(s.in(1))), reshape(s.in(0), column)); });
  }
};

// y[n] = ln sum_c exp(x[n, c]) - x[n, label[n]], in nats; x[n, classes], label[n] of int32.
struct ops::CrossEntropyEach : Operation<ops::CrossEntropyEach> {
  static constexpr const char* title = "cross_entropy_each";
  static constexpr int index_operand = 1;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(CrossEntropyDerivative{}, s.dy(), s.in(0), s.in(1)); });
  }
};
auto cross_entropy_each(const Term auto& logits, const Term auto& labels) {
  return apply(ops::CrossEntropyEach{}, logits, labels);
}

// y[n] = -sum_c t[n, c] log_softmax(x)[n, c]: the cross-entropy from one-hot or soft targets. A target of 0 does not
// count, even where the logit is minus infinity. dx = dy (softmax(x) sum(t) - t),  dt = -dy log_softmax(x)
struct ops::SoftCrossEntropyEach : Operation<ops::SoftCrossEntropyEach> {
  static constexpr const char* title = "soft_cross_entropy_each";
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const Shape matrix = s.shape(0), column{matrix[0], 1};
    s.to(0, [&] {
      return mul(apply(LogSoftmaxDerivative{}, s.in(1), log_softmax(s.in(0))), neg(reshape(s.dy(), column)));
    });
    s.to(1, [&] { return neg(weighted_by(reshape(s.dy(), column), log_softmax(s.in(0)))); });
  }
};
auto soft_cross_entropy_each(const Term auto& logits, const Term auto& targets) {
  return apply(ops::SoftCrossEntropyEach{}, logits, targets);
}

extern template class Operation<ops::SoftmaxDerivative>;
extern template class Operation<ops::Softmax>;
extern template class Operation<ops::LogSoftmaxDerivative>;
extern template class Operation<ops::LogSoftmax>;
extern template class Operation<ops::CrossEntropyDerivative>;
extern template class Operation<ops::CrossEntropyEach>;
extern template class Operation<ops::SoftCrossEntropyEach>;

}  // namespace gradus
