// Normalisation: to mean 0 and variance 1 along the last axis (layer and group normalisation), or per channel (batch
// normalisation).
#pragma once

#include "autodiff/operations/activations.h"
#include "autodiff/operations/shaping.h"

namespace gradus {

namespace ops {
struct InverseDeviation;
struct StandardizeDerivative;
struct Standardize;
struct LayerNormDerivative;
struct LayerNorm;
struct ChannelMoments;
struct ChannelDot;
struct ChannelAffine;
}  // namespace ops

// The shape with its last axis at extent 1.
inline Shape one_column(Shape shape) {
  shape[shape.rank() - 1] = 1;
  return shape;
}
// Sums and means over the last axis, kept with extent 1; for use in rules.
auto row_sum(const Term auto& x) { return sum_to(x, one_column(x.shape())); }
auto row_mean(const Term auto& x) {
  const Shape shape = x.shape();
  return scale(row_sum(x), 1.0 / static_cast<double>(shape[shape.rank() - 1]));
}

// r[.., 1] = 1 / sqrt(var + epsilon), with the mean and the (biased) variance of each row.
//   dx = -dr r^2 y / n, y as below
struct ops::InverseDeviation : Operation<ops::InverseDeviation> {
  static constexpr const char* title = "inverse_deviation";
  double epsilon;
  explicit InverseDeviation(double e) : epsilon(e) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] {
      const Shape rows = s.shape(0);
      const double n = static_cast<double>(rows[rows.rank() - 1]);
      return mul(scale(mul(s.dy(), square(s.out())), -1 / n), standardize(s.in(0), epsilon));
    });
  }
};

// z = r (g - mean(g) - y mean(g y)), where y = r (x - mean(x)): the derivative of standardize, a symmetric map of g.
struct ops::StandardizeDerivative : Operation<ops::StandardizeDerivative> {
  static constexpr const char* title = "standardize_derivative";
  double epsilon;
  explicit StandardizeDerivative(double e) : epsilon(e) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  // With respect to x, for a cotangent u of z: the derivative of standardize at -r (u mean(g y) + g mean(u y)), less
  // r y mean(u z).
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(ops::StandardizeDerivative{epsilon}, s.dy(), s.in(1)); });
    s.to(1, [&] {
      const auto u = s.dy(), g = s.in(0), x = s.in(1);
      const auto y = computed(standardize(x, epsilon));
      const auto r = computed(apply(ops::InverseDeviation{epsilon}, x));
      const auto towards_y = mul(r, add(mul(u, row_mean(mul(g, y))), mul(g, row_mean(mul(u, y)))));
      return neg(
          add(apply(ops::StandardizeDerivative{epsilon}, towards_y, x), mul(y, mul(r, row_mean(mul(u, s.out()))))));
    });
  }
};

// y = (x - mean) / sqrt(var + epsilon) along the last axis, with the biased variance; right for numbers whose squares
// overflow or vanish, too. A row of equal numbers gives 0, or 0/0 if epsilon is 0.
struct ops::Standardize : Operation<ops::Standardize> {
  static constexpr const char* title = "standardize";
  static constexpr Reads rule_reads = Reads::operands;
  double epsilon;
  explicit Standardize(double e) : epsilon(e) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(StandardizeDerivative{epsilon}, s.dy(), s.in(0)); });
  }
};
auto standardize(const Term auto& x, double epsilon = 1e-5) { return apply(ops::Standardize{epsilon}, x); }

// The derivatives of layer_norm at a cotangent g, one after the other in one list of numbers: of x, of weight, of bias.
struct ops::LayerNormDerivative : EagerOnly {  // operands g, x, weight
  double epsilon;
  explicit LayerNormDerivative(double e) : epsilon(e) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const;
};

// y = standardize(x) weight + bias along the last axis; x[.., n], weight[n], bias[n]. Ba, Kiros & Hinton (2016).
struct ops::LayerNorm : Operation<ops::LayerNorm> {
  static constexpr const char* title = "layer_norm";
  static constexpr Reads rule_reads = Reads::operands;
  double epsilon;
  explicit LayerNorm(double e) : epsilon(e) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    const Shape matrix = s.shape(0), row = s.shape(1);
    if constexpr (recording<Sweep>) {
      s.to(0, [&] { return apply(StandardizeDerivative{epsilon}, mul(s.dy(), s.in(1)), s.in(0)); });
      s.to(1, [&] { return sum_to(mul(s.dy(), standardize(s.in(0), epsilon)), row); });
      s.to(2, [&] { return sum_to(s.dy(), row); });
    } else {
      const auto d = computed(apply(LayerNormDerivative{epsilon}, s.dy(), s.in(0), s.in(1)));
      s.to(0, [&] { return part(d, 0, matrix); });
      s.to(1, [&] { return part(d, matrix.size(), row); });
      s.to(2, [&] { return part(d, matrix.size() + row[0], row); });
    }
  }
};
auto layer_norm(const Term auto& x, const Term auto& weight, const Term auto& bias, double epsilon = 1e-5) {
  return apply(ops::LayerNorm{epsilon}, x, weight, bias);
}

// A shape [C, 1, 1] or the like, under which a value per channel broadcasts to x, whose channels lie along `axis`.
Shape channel_shape(const char* operation, const Shape& x, int axis);

// m[2, C]: the mean and the biased variance of each channel of x; channels lie along `axis`, which is not negative.
// dx = (dmean + 2 dvar (x - mean)) / n, with n elements a channel
struct ops::ChannelMoments : Operation<ops::ChannelMoments> {
  static constexpr const char* title = "channel_moments";
  int axis;
  explicit ChannelMoments(int channel_axis) : axis(channel_axis) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const std::int64_t channels = s.shape(0)[axis];
    const double n = static_cast<double>(s.shape(0).size() / channels);
    s.to(0, [&] {
      return channel_affine(s.in(0), part(s.out(), 0, {channels}), scale(part(s.dy(), channels, {channels}), 2 / n),
                            scale(part(s.dy(), 0, {channels}), 1 / n), axis);
    });
  }
};
auto channel_moments(const Term auto& x, int axis = 1) { return apply(ops::ChannelMoments{axis}, x); }

// d[C] = sum of g (x - center) over each channel; center[C].
struct ops::ChannelDot : Operation<ops::ChannelDot> {  // operands g, x, center
  static constexpr const char* title = "channel_dot";
  static constexpr Reads rule_reads = Reads::operands;
  int axis;
  explicit ChannelDot(int channel_axis) : axis(channel_axis) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const Shape x = s.shape(1), row = s.shape(2), column = channel_shape(title, x, axis);
    s.to(0, [&] { return mul(sub(s.in(1), reshape(s.in(2), column)), reshape(s.dy(), column)); });
    s.to(1, [&] { return mul(s.in(0), reshape(s.dy(), column)); });
    s.to(2, [&] { return neg(mul(s.dy(), reshape(sum_to(s.in(0), column), row))); });
  }
};

// y = (x - center) factor + shift, each of the three a value per channel [C]; channels lie along `axis`.
struct ops::ChannelAffine : Operation<ops::ChannelAffine> {  // operands x, center, factor, shift
  static constexpr const char* title = "channel_affine";
  static constexpr Reads rule_reads = Reads::operands;
  int axis;
  explicit ChannelAffine(int channel_axis) : axis(channel_axis) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const Shape x = s.shape(0), row = s.shape(1), column = channel_shape(title, x, axis);
    s.to(0, [&] { return mul(s.dy(), reshape(s.in(2), column)); });
    s.to(1, [&] { return neg(mul(s.in(2), reshape(sum_to(s.dy(), column), row))); });
    s.to(2, [&] { return apply(ChannelDot{axis}, s.dy(), s.in(0), s.in(1)); });
    s.to(3, [&] { return reshape(sum_to(s.dy(), column), row); });
  }
};
auto channel_affine(const Term auto& x, const Term auto& center, const Term auto& factor, const Term auto& shift,
                    int axis = 1) {
  return apply(ops::ChannelAffine{axis}, x, center, factor, shift);
}

extern template class Operation<ops::InverseDeviation>;
extern template class Operation<ops::StandardizeDerivative>;
extern template class Operation<ops::Standardize>;
extern template class Operation<ops::LayerNorm>;
extern template class Operation<ops::ChannelMoments>;
extern template class Operation<ops::ChannelDot>;
extern template class Operation<ops::ChannelAffine>;

}  // namespace gradus
