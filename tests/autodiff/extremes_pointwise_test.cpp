// Every element-wise operation at zeros, infinities, NaN, the largest, smallest and subnormal numbers, and in its
// tails.
#include "tests/autodiff/extremes.h"

namespace gradus::extremes {
namespace {

using Function = Real (*)(const Real* x);

bool everywhere(const Real*) { return true; }

struct Pointwise {
  const char* operation;
  int operands;
  Var (*function)(const Var* x);
  Function value;
  std::vector<Function> slopes;  // with respect to each operand; null where gradcheck alone looks at it
  Tolerance tolerance = {};
  bool (*applies)(const Real* x) = everywhere;  // the domain of the formula's derivation
};

// Of a cotangent times a slope: where the slope is below the smallest number, a cotangent that makes up for it does not
// count. And the values of tanh and the logistic function lie between -1 and 1.
bool moderate_cotangent(const Real* x) { return !(std::abs(x[0]) > 1e4L); }
bool of_a_value(const Real* x) { return moderate_cotangent(x) && !(std::abs(x[1]) > 1); }
// x^(b-1) overflows for a subnormal x before b brings it back; and for x < 0 it depends on whether b is whole, which
// rounding b - 1 may change.
bool of_a_base(const Real* x) {
  return (x[0] == 0 || !(std::abs(x[0]) < 1e-20L)) && !(std::signbit(x[0]) && std::abs(x[1]) < 1);
}

Real sign(Real x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
// A condition's result that means nothing for NaN.
Real zero_or_nan(Real x) { return std::isnan(x) ? nan : 0; }
Real phi(Real x) { return 0.39894228040143267794L * std::exp(-x * x / 2); }
Real normal_cdf(Real x) { return std::erfc(-x * 0.70710678118654752440L) / 2; }
Real gelu(Real x) { return x == -infinity ? 0 : x * normal_cdf(x); }
Real gelu_slope(Real x) { return std::isinf(x) ? (x > 0 ? 1 : 0) : normal_cdf(x) + x * phi(x); }
Real gelu_bend(Real x) { return std::isinf(x) ? 0 : phi(x) * (2 - x * x); }
Real silu(Real x) { return x == -infinity ? 0 : x * sigmoid(x); }
Real silu_slope(Real x) { return std::isinf(x) ? (x > 0 ? 1 : 0) : sigmoid(x) + x * sigmoid_slope(x); }
Real mish(Real x) { return x == -infinity ? 0 : x * std::tanh(softplus(x)); }
Real mish_slope(Real x) {
  return std::isinf(x) ? (x > 0 ? 1 : 0) : std::tanh(softplus(x)) + x * tanh_slope(softplus(x)) * sigmoid(x);
}
Real elu(Real x, Real a) { return x > 0 ? x : a * std::expm1(x); }
Real elu_slope(Real x, Real a) { return x > 0 ? 1 : a * std::exp(x); }
Real softsign_slope(Real x) { return 1 / (1 + std::abs(x)) / (1 + std::abs(x)); }
Real gate(Real x) { return x > 0 ? 1 : zero_or_nan(x); }
Real inside(Real x) { return x > -1 && x < 0.5L ? 1 : zero_or_nan(x); }
Real half_step(Real x) { return x > 0 ? 1 : x == 0 ? 0.5L : zero_or_nan(x); }
Real compared(Real a, Real b) { return a > b ? 1 : a < b ? -1 : zero_or_nan(a) + zero_or_nan(b); }
// g h, where h = 0 chooses 0 whatever g is.
Real chosen(Real g, Real h) { return h == 0 ? 0 : g * h; }
Real power_of(Real x, Real b) { return std::pow(x, b); }
Real power_log(Real x, Real b) { return x == 0 && b > 0 ? 0 : weighted_by(power_of(x, b), std::log(x)); }

const std::vector<Pointwise>& table() {
  static const std::vector<Pointwise> all{
      // An entry is a row.
      // clang-format off
      {"exp", 1, [](const Var* x) { return exp(x[0]); }, [](const Real* x) { return std::exp(x[0]); },
       {[](const Real* x) { return std::exp(x[0]); }}},
      // Where there is no logarithm its value is NaN; the derivative is the formula's.
      {"log", 1, [](const Var* x) { return log(x[0]); }, [](const Real* x) { return std::log(x[0]); },
       {[](const Real* x) { return 1 / x[0]; }}},
      {"square", 1, [](const Var* x) { return square(x[0]); }, [](const Real* x) { return x[0] * x[0]; },
       {[](const Real* x) { return 2 * x[0]; }}},
      {"sqrt", 1, [](const Var* x) { return sqrt(x[0]); }, [](const Real* x) { return std::sqrt(x[0]); },
       {[](const Real* x) { return 0.5L / std::sqrt(x[0]); }}},
      {"abs", 1, [](const Var* x) { return abs(x[0]); }, [](const Real* x) { return std::abs(x[0]); },
       {[](const Real* x) { return sign(x[0]); }}},
      {"relu", 1, [](const Var* x) { return gradus::relu(x[0]); }, [](const Real* x) { return relu(x[0]); },
       {[](const Real* x) { return gate(x[0]); }}},
      {"tanh", 1, [](const Var* x) { return tanh(x[0]); }, [](const Real* x) { return std::tanh(x[0]); },
       {[](const Real* x) { return tanh_slope(x[0]); }}},
      {"sigmoid", 1, [](const Var* x) { return sigmoid(x[0]); }, [](const Real* x) { return sigmoid(x[0]); },
       {[](const Real* x) { return sigmoid_slope(x[0]); }}},
      {"softplus", 1, [](const Var* x) { return softplus(x[0]); }, [](const Real* x) { return softplus(x[0]); },
       {[](const Real* x) { return sigmoid(x[0]); }}},
      // In the tails of these, x e^-x and the like are formed of a subnormal factor.
      {"gelu", 1, [](const Var* x) { return gradus::gelu(x[0]); }, [](const Real* x) { return gelu(x[0]); },
       {[](const Real* x) { return gelu_slope(x[0]); }}, {16, 0, 64}},
      {"silu", 1, [](const Var* x) { return gradus::silu(x[0]); }, [](const Real* x) { return silu(x[0]); },
       {[](const Real* x) { return silu_slope(x[0]); }}},
      {"mish", 1, [](const Var* x) { return gradus::mish(x[0]); }, [](const Real* x) { return mish(x[0]); },
       {[](const Real* x) { return mish_slope(x[0]); }}, {8, 0, 1024}},
      {"elu", 1, [](const Var* x) { return gradus::elu(x[0], 1.5); }, [](const Real* x) { return elu(x[0], 1.5L); },
       {[](const Real* x) { return elu_slope(x[0], 1.5L); }}},
      {"selu", 1, [](const Var* x) { return selu(x[0]); },
       [](const Real* x) { return 1.0507009873554804934L * elu(x[0], 1.6732632423543772848L); },
       {[](const Real* x) { return 1.0507009873554804934L * elu_slope(x[0], 1.6732632423543772848L); }}},
      {"leaky_relu", 1, [](const Var* x) { return leaky_relu(x[0], 0.125); },
       [](const Real* x) { return x[0] > 0 ? x[0] : x[0] / 8; },
       {[](const Real* x) { return x[0] > 0 ? 1 : 0.125L + zero_or_nan(x[0]); }}},
      {"softsign", 1, [](const Var* x) { return softsign(x[0]); },
       [](const Real* x) { return std::isinf(x[0]) ? sign(x[0]) : x[0] / (1 + std::abs(x[0])); },
       {[](const Real* x) { return softsign_slope(x[0]); }}},
      {"clamp", 1, [](const Var* x) { return clamp(x[0], -1, 0.5); },
       [](const Real* x) { return x[0] < -1 ? -1 : x[0] > 0.5L ? 0.5L : x[0]; },
       {[](const Real* x) { return inside(x[0]); }}},
      {"normal_pdf", 1, [](const Var* x) { return apply(ops::NormalPdf{}, x[0]); },
       [](const Real* x) { return phi(x[0]); },
       {[](const Real* x) { return std::isinf(x[0]) ? 0 : -x[0] * phi(x[0]); }}, {8, 0, 64}},
      {"scale", 1, [](const Var* x) { return scale(x[0], -0.75); }, [](const Real* x) { return -0.75L * x[0]; },
       {[](const Real*) { return -0.75L; }}},
      // A factor beyond the range of float32.
      {"scale", 1, [](const Var* x) { return scale(x[0], 0x1p140); }, [](const Real* x) { return 0x1p140L * x[0]; },
       {[](const Real*) { return 0x1p140L; }}},
      {"add_scalar", 1, [](const Var* x) { return add_scalar(x[0], 0.25); }, [](const Real* x) { return x[0] + 0.25L; },
       {[](const Real*) { return Real{1}; }}},
      {"stop_gradient", 1, [](const Var* x) { return stop_gradient(x[0]); }, [](const Real* x) { return x[0]; },
       {[](const Real*) { return Real{0}; }}},
      {"add", 2, [](const Var* x) { return add(x[0], x[1]); }, [](const Real* x) { return x[0] + x[1]; },
       {[](const Real*) { return Real{1}; }, [](const Real*) { return Real{1}; }}},
      {"sub", 2, [](const Var* x) { return sub(x[0], x[1]); }, [](const Real* x) { return x[0] - x[1]; },
       {[](const Real*) { return Real{1}; }, [](const Real*) { return Real{-1}; }}},
      {"mul", 2, [](const Var* x) { return mul(x[0], x[1]); }, [](const Real* x) { return x[0] * x[1]; },
       {[](const Real* x) { return x[1]; }, [](const Real* x) { return x[0]; }}},
      // The quotient's derivative is formed of the quotient, which may have overflowed or be subnormal: nothing is lost
      // where |b| >= 1. Elsewhere gradcheck looks at it.
      {"div", 2, [](const Var* x) { return div(x[0], x[1]); }, [](const Real* x) { return x[0] / x[1]; },
       {[](const Real* x) { return 1 / x[1]; }, nullptr}},
      // Nothing by nothing is nothing: the derivative of a norm at 0.
      {"ratio", 2, [](const Var* x) { return ratio(x[0], x[1]); },
       [](const Real* x) { return x[1] == 0 ? zero_or_nan(x[0]) : x[0] / x[1]; },
       {[](const Real* x) { return x[1] == 0 ? 0 : 1 / x[1]; }, nullptr}},
      {"weighted_by", 2, [](const Var* x) { return gradus::weighted_by(x[0], x[1]); },
       [](const Real* x) { return weighted_by(x[0], x[1]); },
       {[](const Real* x) { return x[1]; }, [](const Real* x) { return x[0]; }}},
      {"maximum", 2, [](const Var* x) { return maximum(x[0], x[1]); },
       [](const Real* x) { return x[0] > x[1]    ? x[0] : x[1] >= x[0] ? x[1] : nan; },
       {[](const Real* x) { return half_step(compared(x[0], x[1])); },
        [](const Real* x) { return half_step(compared(x[1], x[0])); }}},
      {"compare", 2, [](const Var* x) { return compare(x[0], x[1]); },
       [](const Real* x) { return compared(x[0], x[1]); },
       {[](const Real*) { return Real{0}; }, [](const Real*) { return Real{0}; }}},
      // A comparison has no third answer: NaN is not greater, nor is anything greater than NaN.
      {"greater", 2, [](const Var* x) { return greater(x[0], x[1]); },
       [](const Real* x) { return x[0] > x[1] ? Real{1} : 0; },
       {[](const Real*) { return Real{0}; }, [](const Real*) { return Real{0}; }}},
      // Selection: what is not chosen has no influence, NaN or not; a condition of NaN is not 0, so it chooses.
      {"select", 2, [](const Var* x) { return select(x[0], x[1]); }, [](const Real* x) { return x[1] != 0 ? x[0] : 0; },
       {[](const Real* x) { return x[1] != 0 ? Real{1} : 0; }, [](const Real*) { return Real{0}; }}},
      {"where_positive", 2, [](const Var* x) { return where_positive(x[0], x[1]); },
       [](const Real* x) { return chosen(x[0], half_step(x[1])); },
       {[](const Real* x) { return half_step(x[1]); }, [](const Real*) { return Real{0}; }}},
      {"relu_gate", 2, [](const Var* x) { return apply(ops::ReluGate{}, x[0], x[1]); },
       [](const Real* x) { return chosen(x[0], gate(x[1])); },
       {[](const Real* x) { return gate(x[1]); }, [](const Real*) { return Real{0}; }}},
      {"leaky_gate", 2, [](const Var* x) { return apply(ops::LeakyGate{0.125}, x[0], x[1]); },
       [](const Real* x) { return x[1] > 0 ? x[0] : x[0] / 8 + zero_or_nan(x[1]); },
       {[](const Real* x) { return x[1] > 0 ? 1 : 0.125L + zero_or_nan(x[1]); }, [](const Real*) { return Real{0}; }}},
      {"clamp_gate", 2, [](const Var* x) { return apply(ops::ClampGate{-1, 0.5}, x[0], x[1]); },
       [](const Real* x) { return chosen(x[0], inside(x[1])); },
       {[](const Real* x) { return inside(x[1]); }, [](const Real*) { return Real{0}; }}},
      {"tanh_slope", 2, [](const Var* x) { return apply(ops::TanhSlope{}, x[0], x[1]); },
       [](const Real* x) { return x[0] * tanh_slope(x[1]); }, {[](const Real* x) { return tanh_slope(x[1]); }, nullptr},
       {}, moderate_cotangent},
      {"sigmoid_slope", 2, [](const Var* x) { return apply(ops::SigmoidSlope{}, x[0], x[1]); },
       [](const Real* x) { return x[0] * sigmoid_slope(x[1]); },
       {[](const Real* x) { return sigmoid_slope(x[1]); }, nullptr}, {}, moderate_cotangent},
      {"tanh_derivative", 2, [](const Var* x) { return apply(ops::TanhDerivative{}, x[0], x[1]); },
       [](const Real* x) { return x[0] * ((1 - x[1]) * (1 + x[1])); },
       {[](const Real* x) { return (1 - x[1]) * (1 + x[1]); }, nullptr}, {}, of_a_value},
      {"sigmoid_derivative", 2, [](const Var* x) { return apply(ops::SigmoidDerivative{}, x[0], x[1]); },
       [](const Real* x) { return x[0] * (x[1] * (1 - x[1])); },
       {[](const Real* x) { return x[1] * (1 - x[1]); }, nullptr}, {}, of_a_value},
      {"silu_derivative", 2, [](const Var* x) { return apply(ops::SiluDerivative{}, x[0], x[1]); },
       [](const Real* x) { return x[0] * silu_slope(x[1]); }, {[](const Real* x) { return silu_slope(x[1]); }, nullptr},
       {}, moderate_cotangent},
      {"elu_derivative", 2, [](const Var* x) { return apply(ops::EluDerivative{1.5}, x[0], x[1]); },
       [](const Real* x) { return x[0] * elu_slope(x[1], 1.5L); },
       {[](const Real* x) { return elu_slope(x[1], 1.5L); }, nullptr}, {}, moderate_cotangent},
      {"gelu_derivative", 2, [](const Var* x) { return apply(ops::GeluDerivative{}, x[0], x[1]); },
       [](const Real* x) { return x[0] * gelu_slope(x[1]); }, {[](const Real* x) { return gelu_slope(x[1]); }, nullptr},
       {16, 0, 64}, moderate_cotangent},
      {"gelu_curvature", 2, [](const Var* x) { return apply(ops::GeluCurvature{}, x[0], x[1]); },
       [](const Real* x) { return x[0] * gelu_bend(x[1]); }, {[](const Real* x) { return gelu_bend(x[1]); }, nullptr},
       {16, 0, 1024}, moderate_cotangent},
      // As IEEE 754 has it, 1 to any power and any number to the power 0 are 1, NaN too.
      {"power", 2, [](const Var* x) { return gradus::power(x[0], x[1]); },
       [](const Real* x) { return power_of(x[0], x[1]); },
       {[](const Real* x) { return weighted_by(x[1], power_of(x[0], x[1] - 1)); },
        [](const Real* x) { return power_log(x[0], x[1]); }},
       {}, of_a_base},
      // clang-format on
  };
  return all;
}
const bool named = [] {
  for (const Pointwise& p : table()) probed().insert(p.operation);
  return true;
}();

template <class T>
std::vector<T> points() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> all{0,
                     Limits::infinity(),
                     Limits::max(),
                     Limits::max() / 3,
                     Limits::min(),
                     3 * Limits::denorm_min(),
                     Limits::min() / 5};
  for (const double x : {1e-30, 1e-8, 1e-5, 0.3,  0.5,   1.0,   2.7,   5.0,    8.3, 9.2, 13.0,
                         20.0,  37.0, 60.0, 88.0, 100.0, 300.0, 720.0, 1000.0, 1e4, 1e20})
    all.push_back(static_cast<T>(x));
  const std::size_t positive = all.size();
  for (std::size_t i = 0; i < positive; ++i) all.push_back(-all[i]);
  all.push_back(Limits::quiet_NaN());
  return all;
}

template <class T>
void check(const Pointwise& p) {
  const std::vector<T> all = points<T>();
  const auto count = static_cast<std::int64_t>(all.size()), n = p.operands == 2 ? count * count : count;
  std::vector<Tensor> inputs;
  for (int i = 0; i < p.operands; ++i) {
    inputs.push_back(Tensor::uninitialized({n}, dtype_of<T>()));
    for (std::int64_t k = 0; k < n; ++k)
      inputs.back().elements<T>()[static_cast<std::size_t>(k)] =
          all[static_cast<std::size_t>(i == 0 ? k % count : k / count)];
  }

  with_and_without_subnormals([&](bool flush) {
    Tape tape(dtype_of<T>());
    Leaves leaves;
    for (const Tensor& input : inputs) leaves.push_back(tape.leaf(input));
    const Var y = p.function(leaves.data());
    const std::vector<Tensor> slopes = slopes_of(y, leaves);
    int complaints = 0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(n); ++k) {
      Real x[2] = {};
      for (std::size_t i = 0; i < leaves.size(); ++i) x[i] = seen(inputs[i].elements<T>()[k], flush);
      if (!p.applies(x)) continue;
      const auto hold = [&](T found, Real expected, const char* what) {
        Tolerance tolerance = p.tolerance;
        if (p.applies != everywhere)  // a subnormal slope, times
          for (const Real factor : x)
            if (std::isfinite(factor) && std::abs(factor) > 1)
              tolerance.smallest *= static_cast<double>(std::abs(factor));
        const std::string wrong = difference(found, expected, 0, tolerance, flush);
        if (!wrong.empty() && ++complaints < 12)
          ADD_FAILURE() << p.operation << " of " << name_of(dtype_of<T>()) << (flush ? ", flushing" : "") << ", "
                        << what << " at " << static_cast<double>(x[0]) << ", " << static_cast<double>(x[1]) << ": "
                        << wrong;
      };
      hold(y.value().template elements<T>()[k], p.value(x), "value");
      for (std::size_t i = 0; i < leaves.size(); ++i)
        if (p.slopes[i])
          hold(slopes[i].elements<T>()[k], weight(k) * p.slopes[i](x),
               i == 0 ? "first derivative" : "second operand's derivative");
    }
  });
}

TEST(Extremes, PointwiseOperationsEqualTheirFormulas) {
  ASSERT_TRUE(named);
  for (const Pointwise& p : table()) {
    check<float>(p);
    check<double>(p);
  }
}

}  // namespace
}  // namespace gradus::extremes
