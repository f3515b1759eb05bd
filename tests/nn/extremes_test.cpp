// Every loss and every share of right answers at the ends of the number range, as the operations in tests/autodiff.
#include "nn/losses.h"

#include "tests/autodiff/extremes_probe.h"

namespace gradus::extremes {
namespace {

using Index = std::size_t;
template <class In>
using NumberOf = std::decay_t<decltype(std::declval<In>()[0][0])>;

// The mean over the elements of f(x, t).
template <class F>
Formula mean_formula(F f) {
  return formula([f](const auto& in) {
    NumberOf<decltype(in)> sum = 0;
    for (Index i = 0; i < in[0].size(); ++i) sum += f(in[0][i], in[1][i]) / static_cast<Real>(in[0].size());
    return std::vector{sum};
  });
}

template <class S>
S absolute(const S& x) {
  return value_of(x) < 0 ? -x : value_of(x) > 0 ? x : std::isnan(value_of(x)) ? x * S(nan) : S(0);
}

// -ln softmax(x)[y] without cancellation.
template <class S>
S negative_log_p(const std::vector<S>& x, Index y) {
  const Index top = place_of_largest(x);
  S others = 0;
  for (Index j = 0; j < x.size(); ++j)
    if (j != top) others += exp(x[j] - x[top]);
  return y == top ? log1p(others) : (x[top] - x[y]) + log1p(others);
}

const Tensor& labels() {
  static const Tensor tensor = Tensor::indices({2, 0});
  return tensor;
}
// A tensor of the tape's type that lives as long as the program.
const Tensor& constant(DType type, int which) {
  static const std::vector<Tensor> all{
      Tensor::of({3}, {0.5, 0, 2}, DType::float32), Tensor::of({3}, {0.5, 0, 2}, DType::float64),
      Tensor::of({2}, {1, 0}, DType::float32), Tensor::of({2}, {1, 0}, DType::float64)};
  return all[static_cast<Index>(2 * which + (type == DType::float64))];
}

const std::vector<double> probabilities{1, 0, 0.25, 1}, signs{1, -1, 1, -1};
const Tolerance strict{16, 0, 16}, of_sum{64, 64, 64};

std::vector<Probe> losses() {
  std::vector<Probe> all{
      {{"mean_squared_error"},
       {{4}, {4}},
       [](Tape&, const Leaves& x) { return nn::mean_squared_error(x[0], x[1]); },
       mean_formula([](const auto& x, const auto& t) { return (x - t) * (x - t); }),
       strict},
      {{"mean_absolute_error"},
       {{4}, {4}},
       [](Tape&, const Leaves& x) { return nn::mean_absolute_error(x[0], x[1]); },
       mean_formula([](const auto& x, const auto& t) { return absolute(x - t); }),
       strict},
      {{"huber"},
       {{4}, {4}},
       [](Tape&, const Leaves& x) { return nn::huber(x[0], x[1]); },
       mean_formula([](const auto& x, const auto& t) {
         const auto d = x - t;
         return std::abs(value_of(d)) <= 1 ? d * d / 2 : absolute(d) - 0.5L;
       }),
       strict},
      {{"hinge"},
       {{4}, {4}},
       [](Tape&, const Leaves& x) { return nn::hinge(x[0], x[1]); },
       mean_formula([](const auto& x, const auto& t) { return relu(1 - t * x); }),
       strict,
       true,
       {true, false},
       {{}, signs}},
      {{"kl_divergence"},
       {{1, 4}, {1, 4}},
       [](Tape&, const Leaves& x) { return nn::kl_divergence(x[0], x[1]); },
       formula([](const auto& in) {
         NumberOf<decltype(in)> sum = 0;
         for (Index i = 0; i < 4; ++i) {  // in p, a constant here, the term is linear but for p ln p
           const Real p = value_of(in[1][i]), log_p = p == 0 ? 0 : std::log(p);
           sum += weighted_by(in[1][i], log_p - in[0][i]) + (p == 0 ? NumberOf<decltype(in)>(0) : in[1][i] - p);
         }
         return std::vector{sum};
       }),
       of_sum,
       true,
       {true, false},
       {{}, probabilities}},
      {{"cross_entropy"},
       {{2, 3}},
       [](Tape& t, const Leaves& x) { return nn::cross_entropy(x[0], t.leaf(labels())); },
       formula([](const auto& in) {
         using S = NumberOf<decltype(in)>;
         return std::vector<S>{negative_log_p(std::vector<S>{in[0][0], in[0][1], in[0][2]}, 2) / 2 +
                               negative_log_p(std::vector<S>{in[0][3], in[0][4], in[0][5]}, 0) / 2};
       }),
       strict,
       true,
       {},
       {},
       false},
      // A class of weight 0, smoothing, and a second example that does not count, whatever its logits are.
      {{"CrossEntropy"},
       {{2, 3}},
       [](Tape& t, const Leaves& x) {
         const nn::CrossEntropy loss{.label_smoothing = 0.3, .class_weights = constant(t.dtype(), 0)};
         return loss(x[0], t.leaf(labels()), t.leaf(constant(t.dtype(), 1)));
       },
       formula([](const auto& in) {
         using S = NumberOf<decltype(in)>;
         const std::vector<S> x{in[0][0], in[0][1], in[0][2]};
         const Real w[] = {0.5L, 0, 2};
         S sum = 0.7L * 2 * negative_log_p(x, 2);
         for (Index c = 0; c < 3; ++c) sum += 0.1L * weighted_by(S(w[c]), negative_log_p(x, c));
         return std::vector<S>{sum / 2};
       }),
       of_sum,
       false,
       {},
       {},
       false},
  };
  for (const double weight_of_positive : {1.0, 3.0})
    all.push_back({{"binary_cross_entropy"},
                   {{4}, {4}},
                   [=](Tape&, const Leaves& x) { return nn::binary_cross_entropy(x[0], x[1], weight_of_positive); },
                   mean_formula([=](const auto& x, const auto& t) {
                     return weighted_by(1 - t, softplus(x)) + Real{weight_of_positive} * weighted_by(t, softplus(-x));
                   }),
                   strict,
                   weight_of_positive == 1,
                   {true, false},
                   {{}, probabilities}});
  for (const int power : {1, 2})
    all.push_back({{"multiclass_hinge"},
                   {{2, 3}},
                   [=](Tape& t, const Leaves& x) { return nn::multiclass_hinge(x[0], t.leaf(labels()), 1, power); },
                   formula([=](const auto& in) {
                     using S = NumberOf<decltype(in)>;
                     S sum = 0;
                     for (Index r = 0; r < 2; ++r)
                       for (Index c = 0, own = r == 0 ? 2 : 0; c < 3; ++c) {
                         if (c == own) continue;
                         const S excess = relu(in[0][3 * r + c] - in[0][3 * r + own] + 1);
                         sum += (power == 1 ? excess : excess * excess) / 6;
                       }
                     return std::vector{sum};
                   }),
                   of_sum,
                   false});
  all.push_back({{"one_hot_squared_error"},
                 {{2, 3}},
                 [=](Tape& t, const Leaves& x) { return nn::one_hot_squared_error(x[0], t.leaf(labels())); },
                 formula([=](const auto& in) {
                   using S = NumberOf<decltype(in)>;
                   S sum = 0;
                   for (Index r = 0; r < 2; ++r)
                     for (Index c = 0, own = r == 0 ? 2 : 0; c < 3; ++c) {
                       const S off = in[0][3 * r + c] - (c == own ? 1 : 0);
                       sum += off * off / 2;
                     }
                   return std::vector{sum};
                 }),
                 of_sum,
                 false});
  return all;
}

TEST(Extremes, AllLossesEqualTheirFormulas) {
  for (const Probe& probe : losses()) {
    ProbeCheck<float>(probe).run();
    ProbeCheck<double>(probe).run();
  }
}

// Logits far apart: neither the loss of what is nearly certain nor its derivative is lost beside 1.
TEST(Extremes, LossesOfWhatIsNearlyCertainKeepTheirDigits) {
  for (const double far : {20.0, 60.0, 85.0}) {
    const Tensor logits = Tensor::of({1, 3}, {far, 0, -far}, DType::float32), label = Tensor::indices({0});
    Tape tape(DType::float32);
    const Var x = tape.leaf(logits), loss = nn::cross_entropy(x, tape.leaf(label));
    const double expected = std::log1p(std::exp(-far) + std::exp(-2 * far));
    EXPECT_NEAR(loss.item() / expected, 1, 1e-6);
    EXPECT_NEAR(gradient(loss, {x})[0].at(0) / expected, -1, 1e-6);
    const Tensor one = Tensor::of({1}, {1}, DType::float32), logit = Tensor::of({1}, {far}, DType::float32);
    const Var z = tape.leaf(logit), binary = nn::binary_cross_entropy(z, tape.leaf(one));
    EXPECT_NEAR(binary.item() / std::log1p(std::exp(-far)), 1, 1e-6);
    EXPECT_NEAR(gradient(binary, {z})[0].at(0) / std::log1p(std::exp(-far)), -1, 1e-6);
  }
}

// NaN is never a right answer, wherever it stands; infinite logits are compared as numbers.
TEST(Extremes, NotANumberIsNeverARightAnswer) {
  for (const DType type : {DType::float32, DType::float64})
    for (const std::int32_t label : {0, 1, 2}) {
      const Tensor nothing = Tensor::full({1, 3}, NAN, type), right = Tensor::indices({label});
      for (const int k : {1, 2, 3}) EXPECT_EQ(nn::top_k_accuracy(nothing, right, k), 0);
      for (std::int64_t place = 0; place < 3; ++place) {
        const Tensor one = Tensor::of({1, 3}, {-INFINITY, 5, INFINITY}, type);
        one.set(place, NAN);
        EXPECT_EQ(nn::accuracy(one, right), 0) << "a NaN comes before every number";
      }
      EXPECT_EQ(nn::accuracy(Tensor::of({1, 3}, {-INFINITY, 5, INFINITY}, type), right), label == 2);
      EXPECT_EQ(nn::top_k_accuracy(Tensor::of({1, 3}, {-INFINITY, 5, INFINITY}, type), right, 2), label > 0);
    }
}

}  // namespace
}  // namespace gradus::extremes
