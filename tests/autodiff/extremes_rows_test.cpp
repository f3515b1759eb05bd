// Softmax and its kin, normalisation, attention, norms and sums at the ends of the number range.
#include "tests/autodiff/extremes_probe.h"

namespace gradus::extremes {
namespace {

template <class S>
using List = std::vector<S>;
template <class S>
using Lists = std::vector<std::vector<S>>;

// Logits minus their largest, which e to their power cannot overflow; and ln of the sum of the others' powers plus 1,
// from which nothing has to be taken away.
template <class S>
List<S> log_softmax_of(List<S> x) {
  const std::size_t top = place_of_largest(x);
  if (std::isinf(value_of(x[top]))) x[top] = without_slope(x[top]);  // infinity less infinity
  S others = 0;
  for (std::size_t j = 0; j < x.size(); ++j)
    if (j != top) others += exp(x[j] - x[top]);
  const S rest = log1p(others);
  List<S> y;
  for (std::size_t k = 0; k < x.size(); ++k) y.push_back(x[k] - x[top] - rest);
  if (std::isfinite(value_of(x[top]))) y[top] = -rest;
  return y;
}
template <class S>
List<S> softmax_of(const List<S>& x) {
  List<S> y;
  for (const S& log_p : log_softmax_of(x)) y.push_back(exp(log_p));
  if (const std::size_t top = place_of_largest(x); value_of(x[top]) == infinity) {
    y.assign(x.size(), S(0));
    y[top] = x[top] * S(nan);
  }
  return y;
}

template <class S>
S sum_of(const List<S>& x) {
  S total = 0;
  for (const S& value : x) total += value;
  return total;
}

// Those of attention, where beside an infinite score all are NaN: they are the powers over their sum.
template <class S>
List<S> weights_of(const List<S>& scores) {
  const bool infinite = value_of(scores[place_of_largest(scores)]) == infinity;
  return infinite ? List<S>(scores.size(), sum_of(scores) * S(nan)) : softmax_of(scores);
}

// Applies f to rows of n numbers.
template <class S, class F>
List<S> by_rows(const List<S>& x, std::size_t n, const F& f) {
  List<S> y;
  for (std::size_t first = 0; first < x.size(); first += n) {
    const auto start = x.begin() + static_cast<std::ptrdiff_t>(first);
    for (const S& value : f(List<S>(start, start + static_cast<std::ptrdiff_t>(n)))) y.push_back(value);
  }
  return y;
}

template <class S>
List<S> standardized(const List<S>& x, Real epsilon) {
  const S mean = sum_of(x) / S(static_cast<Real>(x.size()));
  S variance = epsilon;
  for (const S& value : x) variance += (value - mean) * (value - mean) / S(static_cast<Real>(x.size()));
  List<S> y;
  for (const S& value : x) y.push_back((value - mean) / sqrt(variance));
  return y;
}

// The norm in the scale of its largest number, whose derivative at 0 is 0.
template <class S>
S norm_of(const List<S>& x) {
  S total = 0;
  for (const S& value : x) total += value * value;
  return value_of(total) == 0 ? S(0) : sqrt(total);
}

const std::vector<std::int32_t> labels{2, 0};
const Tensor& label_tensor() {
  static const Tensor tensor = Tensor::indices({2, 0});
  return tensor;
}

// Rows of 3 and 40, which lie side by side in the kernels, and of 70, which do not.
Probe rows_probe(std::vector<std::string> names, std::int64_t n, const FunctionOfLeaves& function, Formula f,
                 Tolerance t = {16, 0, 16}) {
  return {std::move(names), {{2, n}}, function, std::move(f), t};
}

std::vector<Probe> softmax_probes() {
  std::vector<Probe> all;
  for (const std::int64_t n : {3, 40, 70}) {
    const auto width = static_cast<std::size_t>(n);
    all.push_back(rows_probe(
        {"log_softmax", "log_softmax_derivative"}, n, [](Tape&, const Leaves& x) { return log_softmax(x[0]); },
        formula([=](const auto& in) { return by_rows(in[0], width, [](const auto& x) { return log_softmax_of(x); }); }),
        {64, 32, 64}));
    all.push_back(rows_probe(
        {"softmax", "softmax_derivative"}, n, [](Tape&, const Leaves& x) { return softmax(x[0]); },
        formula([=](const auto& in) { return by_rows(in[0], width, [](const auto& x) { return softmax_of(x); }); }),
        {64, 32, 64}));
    // Strictly relative: a loss near 0, and its derivative, keep their digits.
    all.push_back(
        rows_probe({"cross_entropy_each", "cross_entropy_derivative"}, n,
                   [](Tape& t, const Leaves& x) { return cross_entropy_each(x[0], t.leaf(label_tensor())); },
                   formula([=](const auto& in) {
                     using S = std::decay_t<decltype(in[0][0])>;
                     List<S> y;
                     for (std::size_t r = 0; r < 2; ++r) {
                       const auto start = in[0].begin() + static_cast<std::ptrdiff_t>(r * width);
                       y.push_back(-log_softmax_of(List<S>(
                           start, start + static_cast<std::ptrdiff_t>(width)))[static_cast<std::size_t>(labels[r])]);
                     }
                     return y;
                   }),
                   {32, 0, 64}));
    all.push_back({{"soft_cross_entropy_each"},
                   {{1, n}, {1, n}},
                   [](Tape&, const Leaves& x) { return soft_cross_entropy_each(x[0], x[1]); },
                   formula([=](const auto& in) {
                     using S = std::decay_t<decltype(in[0][0])>;
                     const List<S> log_p = log_softmax_of(in[0]);
                     S loss = 0;
                     for (std::size_t k = 0; k < width; ++k) loss += weighted_by(in[1][k], -log_p[k]);
                     return List<S>{loss};
                   }),
                   {64, 64, 64},
                   false,
                   {true, false}});
  }
  return all;
}

const bool added = add_probes(softmax_probes());

const bool added_norms = add_probes({
    {{"l2_norm"}, {{2, 20}}, [](Tape&, const Leaves& x) { return l2_norm(x[0]); }, formula([](const auto& in) {
       return std::vector{norm_of(in[0])};
     })},
    {{"max"}, {{2, 5}}, [](Tape&, const Leaves& x) { return max(x[0], 1); }, formula([](const auto& in) {
       return by_rows(in[0], 5, [](const auto& x) { return std::vector{x[place_of_largest(x)]}; });
     })},
    {{"mean_to"}, {{2, 5}}, [](Tape&, const Leaves& x) { return mean(x[0], {1}); }, formula([](const auto& in) {
       using S = std::decay_t<decltype(in[0][0])>;
       return by_rows(in[0], 5, [](const auto& x) { return std::vector{sum_of(x) / S(5)}; });
     })},
    {{"sum_to", "broadcast_to"},
     {{2, 5}},
     [](Tape&, const Leaves& x) { return sum(x[0], {1}); },
     formula([](const auto& in) { return by_rows(in[0], 5, [](const auto& x) { return std::vector{sum_of(x)}; }); })},
    // Derivatives add up terms that cancel; of numbers that hardly differ, only the value is compared strictly, below.
    {{"standardize", "standardize_derivative"},
     {{2, 5}},
     [](Tape&, const Leaves& x) { return standardize(x[0]); },
     formula([](const auto& in) { return by_rows(in[0], 5, [](const auto& x) { return standardized(x, 1e-5L); }); }),
     {64, 64, 64}},
    {{"inverse_deviation"},
     {{2, 5}},
     [](Tape&, const Leaves& x) { return apply(ops::InverseDeviation{1e-5}, x[0]); },
     formula([](const auto& in) {
       using S = std::decay_t<decltype(in[0][0])>;
       return by_rows(in[0], 5, [](const auto& x) {
         const S mean = sum_of(x) / S(5);
         S variance = 1e-5L;
         for (const S& value : x) variance += (value - mean) * (value - mean) / S(5);
         return std::vector{S(1) / sqrt(variance)};
       });
     }),
     {64, 64, 64}},
    {{"layer_norm"},
     {{2, 5}, {5}, {5}},
     [](Tape&, const Leaves& x) { return layer_norm(x[0], x[1], x[2]); },
     formula([](const auto& in) {
       auto y = by_rows(in[0], 5, [](const auto& x) { return standardized(x, 1e-5L); });
       for (std::size_t i = 0; i < y.size(); ++i) y[i] = y[i] * in[1][i % 5] + in[2][i % 5];
       return y;
     }),
     {64, 64, 64},
     true,
     {true, false, true}},
    {{"attention_weights", "attention_weights_derivative"},
     {{3, 20}},
     [](Tape&, const Leaves& x) { return attention_weights(x[0], 0.5, true); },
     formula([](const auto& in) {
       using S = std::decay_t<decltype(in[0][0])>;
       List<S> y;
       for (std::size_t r = 0; r < 3; ++r) {
         List<S> visible;
         for (std::size_t k = 0; k < 18 + r; ++k) visible.push_back(S(0.5L) * in[0][r * 20 + k]);
         visible = weights_of(visible);
         visible.resize(20, S(0));
         y.insert(y.end(), visible.begin(), visible.end());
       }
       return y;
     }),
     {64, 64, 64}},
});

// [time, 3 width] with one head; causal, so that what is hidden must have no influence, NaN or not.
const bool added_attention = add_probes({
    {{"attention", "attention_derivative"},
     {{1, 4, 6}},
     [](Tape&, const Leaves& x) { return attention(x[0], 1, 0.7, true); },
     formula([](const auto& in) {
       using S = std::decay_t<decltype(in[0][0])>;
       const auto at = [&](std::size_t t, std::size_t k) { return in[0][t * 6 + k]; };
       List<S> y;
       for (std::size_t t = 0; t < 4; ++t) {
         List<S> scores;
         for (std::size_t u = 0; u <= t; ++u) scores.push_back(S(0.7L) * (at(t, 0) * at(u, 2) + at(t, 1) * at(u, 3)));
         const List<S> p = weights_of(scores);
         for (std::size_t k = 4; k < 6; ++k) {
           S sum = 0;
           for (std::size_t u = 0; u <= t; ++u) sum += p[u] * at(u, k);
           y.push_back(sum);
         }
       }
       return y;
     }),
     {256, 256, 64},
     false},
});

const bool added_channels = add_probes({
    {{"channel_moments"},
     {{4, 2, 3}},
     [](Tape&, const Leaves& x) { return channel_moments(x[0]); },
     formula([](const auto& in) {
       using S = std::decay_t<decltype(in[0][0])>;
       List<S> means, variances;
       for (std::size_t c = 0; c < 2; ++c) {
         List<S> x;
         for (std::size_t i = 0; i < 24; ++i)
           if (i / 3 % 2 == c) x.push_back(in[0][i]);
         means.push_back(sum_of(x) / S(12));
         S variance = 0;
         for (const S& value : x) variance += (value - means[c]) * (value - means[c]) / S(12);
         variances.push_back(variance);
       }
       means.insert(means.end(), variances.begin(), variances.end());
       return means;
     }),
     {64, 64, 64},
     true,
     {},
     {},
     false},
    {{"channel_affine", "channel_dot"},
     {{4, 2, 3}, {2}, {2}, {2}},
     [](Tape&, const Leaves& x) { return channel_affine(x[0], x[1], x[2], x[3]); },
     formula([](const auto& in) {
       auto y = in[0];
       for (std::size_t i = 0; i < 24; ++i) y[i] = (in[0][i] - in[1][i / 3 % 2]) * in[2][i / 3 % 2] + in[3][i / 3 % 2];
       return y;
     }),
     {64, 64, 64},
     false,
     {true, true, false, true}},
});

const bool all_added = added && added_norms && added_attention && added_channels;

TEST(Extremes, RowProbesAreInTheTable) { EXPECT_TRUE(all_added); }

}  // namespace
}  // namespace gradus::extremes
