// Fits to data that one brings: logistic regression, and curves through points. Without data, some are made from the
// seed.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "autodiff/operations.h"
#include "autodiff/tensor/random.h"
#include "experiments/problems/definitions.h"
#include "nn/losses.h"
#include "settings/catalogue.h"

namespace gradus::problems {
namespace {

constexpr std::int64_t made_examples = 200;

// Refuses a number of the data: by its place in the file if it has one.
[[noreturn]] void refuse(const std::string& owner, const Data& data, std::int64_t example, std::int64_t column,
                         const std::string& what) {
  if (data.place) throw std::runtime_error(fmt::format("{}: {}: {}", data.place(example, column), owner, what));
  throw std::invalid_argument(fmt::format("{}: example {}: {}", owner, example, what));
}

// Inputs [n, features] and targets [n] of numbers that the type they are used in holds: not as infinity, nor as 0.
void check(const std::string& owner, const Data& data, DType type) {
  const Shape &x = data.inputs.shape(), &y = data.targets.shape();
  if (x.rank() != 2 || y.rank() != 1 || x[0] != y[0] || y[0] == 0)
    throw std::invalid_argument(
        fmt::format("{}: inputs {} and targets {}, expected one target for each input, and at least one", owner,
                    x.to_string(), y.to_string()));
  const std::int64_t features = x[1];
  const auto [smallest, largest] = with_floating(type, []<class T>(T) {
    return std::pair<double, double>(std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  });
  const double *input = data.inputs.data<double>(), *target = data.targets.data<double>();
  for (std::int64_t i = 0; i < y[0]; ++i)
    for (std::int64_t column = 0; column <= features; ++column) {
      const double number = column < features ? *input++ : *target++;
      if (!(std::abs(number) <= largest))
        refuse(owner, data, i, column,
               fmt::format("{}, expected a number that is finite as {}", number, name_of(type)));
      if (number != 0 && std::abs(number) < smallest)
        refuse(owner, data, i, column, fmt::format("{}, which is 0 as {}", number, name_of(type)));
    }
}

// Labels 0, ..., classes - 1. One can be missing among a few examples of many classes; but labels that begin at another
// number are counted in another way.
std::int64_t classes_of(const Data& data, DType type) {
  const std::string owner = "logistic_regression";
  check(owner, data, type);
  const std::vector<double> labels = data.targets.to_vector();
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (!(labels[i] >= 0) || labels[i] != std::floor(labels[i]) || labels[i] >= 1000)
      refuse(owner, data, static_cast<std::int64_t>(i), data.inputs.shape()[1],
             fmt::format("label {}, expected whole numbers from 0 to 999, the classes counted from 0", labels[i]));
  const auto [smallest, largest] = std::minmax_element(labels.begin(), labels.end());
  if (*smallest > 0)
    refuse(owner, data, smallest - labels.begin(), data.inputs.shape()[1],
           fmt::format("label {} is the smallest, expected classes counted from 0", *smallest));
  return std::max<std::int64_t>(2, static_cast<std::int64_t>(*largest) + 1);
}

std::int64_t parameters_of(const Data& data, DType type) {
  const std::int64_t classes = classes_of(data, type);
  return (data.inputs.shape()[1] + 1) * (classes == 2 ? 1 : classes);
}

// Normal features, and labels drawn from a model with normal weights.
Data made_classes(std::int64_t features, std::uint64_t seed) {
  RandomStream random(seed, "logistic_regression");
  Data data{Tensor::zeros({made_examples, features}, DType::float64), Tensor::zeros({made_examples}, DType::float64)};
  std::vector<double> weights(static_cast<std::size_t>(features));
  for (double& w : weights) w = random.normal();
  for (std::int64_t i = 0; i < made_examples; ++i) {
    double logit = 0;
    for (std::int64_t j = 0; j < features; ++j) {
      const double x = random.normal();
      data.inputs.set(i * features + j, x);
      logit += x * weights[static_cast<std::size_t>(j)];
    }
    data.targets.set(i, random.uniform() < 1 / (1 + std::exp(-logit)));
  }
  return data;
}

// theta is W [features, outputs] and then b [outputs], outputs being 1 for two classes. With a penalty, theta itself is
// among the outputs that Gauss-Newton products are about.
Formula logistic_formula(const Request& request) {
  if (!(request.l2 >= 0) || !std::isfinite(request.l2))
    throw std::invalid_argument(fmt::format("logistic_regression: l2 {}, expected a finite number >= 0", request.l2));
  const Data data = request.data ? *request.data : made_classes(request.dimension - 1, request.seed);
  const std::int64_t classes = classes_of(data, request.dtype), n = data.targets.size(),
                     features = data.inputs.shape()[1];
  const std::int64_t width = classes == 2 ? 1 : classes;
  const Tensor inputs = data.inputs.converted(request.dtype);
  const Tensor targets =
      classes == 2 ? data.targets.converted(request.dtype).reshaped({n, 1}) : data.targets.converted(DType::int32);
  return {.record =
              [=, l2 = request.l2](const Var& theta) {
                const auto loss = [&](const Var& logits) {
                  return classes == 2 ? nn::binary_cross_entropy(logits, on(theta, targets))
                                      : nn::cross_entropy(logits, on(theta, targets));
                };
                const Var weights = part(theta, 0, {features, width}), bias = part(theta, features * width, {width});
                const Var logits = affine(on(theta, inputs), weights, bias);
                if (l2 == 0) return Terms{loss(logits), logits};
                const Var outputs = stack({reshape(logits, {n * width}), theta});
                const Var penalty = 0.5 * l2 * sum(square(range(outputs, n * width, theta.shape().size())));
                return Terms{loss(part(outputs, 0, {n, width})) + penalty, outputs};
              },
          .has_outputs = true,
          .examples = n};
}

Problem logistic_regression() {
  return {"logistic_regression",
          "mean cross-entropy of softmax(x W + b), of sigmoid(x w + b) for two classes, + l2 |theta|^2 / 2",
          "textbook; data from a file, or 200 made examples of dimension - 1 features; start 0",
          {10, 2, any_dimension},
          start_everywhere(0),
          minimum_at(Minimum::unknown),
          logistic_formula,
          {Uses::l2, Uses::seed, Uses::data},
          [](const Request& request) { return request.data ? parameters_of(*request.data, request.dtype) : 0; }};
}

// A curve y(x; theta), and what made points are drawn from.
struct Curve {
  std::string name, formula;
  std::int64_t parameters;
  Var (*y)(const Var& x, const Var& p);
  std::vector<double> truth;
};
const settings::Catalogue<Curve>& curves() {
  static const settings::Catalogue<Curve> all(
      "model", {{"exponential",
                 "a exp(b x)",
                 2,
                 [](const Var& x, const Var& p) { return at(p, 0) * exp(at(p, 1) * x); },
                 {2, -0.7}},
                {"exponential_offset",
                 "a + b exp(c x)",
                 3,
                 [](const Var& x, const Var& p) { return at(p, 0) + at(p, 1) * exp(at(p, 2) * x); },
                 {1, 2, -0.7}},
                {"two_exponentials",
                 "a exp(b x) + c exp(d x)",
                 4,
                 [](const Var& x, const Var& p) { return at(p, 0) * exp(at(p, 1) * x) + at(p, 2) * exp(at(p, 3) * x); },
                 {2, -0.3, 1.5, -2}},
                {"logistic",
                 "a / (1 + exp(-b (x - c)))",
                 3,
                 [](const Var& x, const Var& p) { return at(p, 0) * sigmoid(at(p, 1) * (x - at(p, 2))); },
                 {3, 1.5, 2}},
                {"gaussian",
                 "a exp(-((x - b) / c)^2 / 2)",
                 3,
                 [](const Var& x, const Var& p) { return at(p, 0) * exp(-0.5 * square((x - at(p, 1)) / at(p, 2))); },
                 {2, 2, 0.8}},
                {"michaelis_menten",
                 "a x / (b + x)",
                 2,
                 [](const Var& x, const Var& p) { return at(p, 0) * x / (at(p, 1) + x); },
                 {3, 0.9}},
                {"power",
                 "a x^b, x >= 0",
                 2,
                 [](const Var& x, const Var& p) { return at(p, 0) * power(x, at(p, 1)); },
                 {1.5, 0.6}}});
  return all;
}

// 40 points with x in (0, 4] and normal errors of deviation 0.05.
Data made_points(const Curve& model, std::uint64_t seed) {
  constexpr std::int64_t points = 40;
  RandomStream random(seed, "curve_fit");
  const Tensor x = constants(DType::float64, points, [](double i) { return i / 10; });
  Tape tape(DType::float64);
  const Tensor y = model.y(tape.leaf(x), tape.copy(constants(DType::float64, model.truth))).value().clone();
  for (std::int64_t i = 0; i < points; ++i) y.set(i, y.at(i) + 0.05 * random.normal());
  return {x, y};
}

Problem curve_fit() {
  std::string formula = "sum of (y(x) - y)^2 with y(x) =";
  for (const Curve& c : curves()) formula += (&c == &curves().front() ? " " : "; ") + c.formula + " (" + c.name + ")";
  return {"curve_fit",
          formula,
          "textbook; points (x, y) from a file, or 40 made ones; start (1, ..., 1)",
          {2, 2, 4},
          start_everywhere(1),
          minimum_at(Minimum::unknown),
          [](const Request& request) {
            const Curve& model = curves().find(request.model);
            Data data = request.data ? *request.data : made_points(model, request.seed);
            const Shape& x = data.inputs.shape();
            if (x.rank() == 1) data.inputs = data.inputs.reshaped({x[0], 1});
            check("curve_fit", data, request.dtype);
            if (x[1] != 1)
              refuse("curve_fit", data, 0, 1,
                     fmt::format("{} columns of inputs, expected x alone beside the target", x[1]));
            data.inputs = data.inputs.reshaped({x[0]});
            Formula result = least_squares([y = model.y, inputs = data.inputs.converted(request.dtype),
                                            targets = data.targets.converted(request.dtype)](const Var& theta) {
              return y(on(theta, inputs), theta) - on(theta, targets);
            });
            result.examples = data.targets.size();
            return result;
          },
          {Uses::model, Uses::seed, Uses::data},
          [](const Request& request) { return curves().find(request.model).parameters; }};
}

}  // namespace

std::vector<std::string> curve_models() { return curves().names(); }

std::vector<Problem> regression_problems() { return {logistic_regression(), curve_fit()}; }

}  // namespace gradus::problems
