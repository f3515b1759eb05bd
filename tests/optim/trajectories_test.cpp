// Every optimizer against a transcription of its published formula, step by step.
//
// The transcriptions were written from the papers, not from the library: one by one, in the paper's own variables, with
// gradients that are written out by hand. Where libraries differ (the place of epsilon, of the rate, of weight decay),
// they follow PyTorch's conventions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "optim/optimizer.h"
#include "tests/optim/problems.h"

namespace gradus::optim {
namespace {

constexpr int steps = 100;

using Path = std::vector<Vector>;  // theta after step 1, 2, ...

// A complete set of hyperparameters: those given, the others with their defaults.
struct Values {
  std::string optimizer;
  NamedValues given;
  double operator()(const std::string& name) const {
    for (const auto& [known, value] : given)
      if (known == name) return value.number();
    for (const Hyperparameter& h : method(optimizer).hyperparameters)
      if (h.name == name) return h.default_value;
    throw std::logic_error(optimizer + " has no " + name);
  }
};

Vector gradient_at(const Problem& problem, const Vector& theta) {
  Vector gradient(theta.size());
  problem.function(theta, gradient);
  return gradient;
}

// Cauchy (1847): theta_t = theta_{t-1} - alpha g_t.
Path gradient_descent(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate");
  Vector theta = problem.start;
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = theta[i] - alpha * g[i];
    path.push_back(theta);
  }
  return path;
}

// Robbins & Monro (1951), with a constant step; the batch is always the same one here.
Path stochastic_gradient_descent(const Problem& problem, const Values& h) {
  const double a = h("learning_rate");
  Path path{problem.start};
  while (path.size() <= steps) {
    Vector next = path.back();
    const Vector g = gradient_at(problem, path.back());
    for (std::size_t i = 0; i < next.size(); ++i) next[i] -= a * g[i];
    path.push_back(next);
  }
  path.erase(path.begin());
  return path;
}

// Polyak (1964), eq. 9, the heavy ball: theta_{t+1} = theta_t - alpha g(theta_t) + beta (theta_t - theta_{t-1}).
Path heavy_ball(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta = h("momentum");
  Vector theta = problem.start, previous = problem.start;
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    Vector next(theta.size());
    for (std::size_t i = 0; i < theta.size(); ++i)
      next[i] = theta[i] - alpha * g[i] + beta * (theta[i] - previous[i]);
    previous = theta;
    theta = next;
    path.push_back(theta);
  }
  return path;
}

// Sutskever, Martens, Dahl & Hinton (2013), eq. 3 and 4:
//   v_{t+1} = mu v_t - epsilon g(theta_t + mu v_t),  theta_{t+1} = theta_t + v_{t+1}.
// The library's theta is the point theta_t + mu v_t at which the gradient is taken.
Path nesterov(const Problem& problem, const Values& h) {
  const double epsilon = h("learning_rate"), mu = h("momentum");
  Vector theta = problem.start, v(theta.size()), ahead = problem.start;
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, ahead);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      v[i] = mu * v[i] - epsilon * g[i];
      theta[i] = theta[i] + v[i];
      ahead[i] = theta[i] + mu * v[i];
    }
    path.push_back(ahead);
  }
  return path;
}

// Kingma & Ba (2015), Algorithm 1.
Path adam(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  Vector theta = problem.start, m(theta.size()), v(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      const double m_hat = m[i] / (1 - std::pow(beta1, t));
      const double v_hat = v[i] / (1 - std::pow(beta2, t));
      theta[i] = theta[i] - alpha * m_hat / (std::sqrt(v_hat) + epsilon);
    }
    path.push_back(theta);
  }
  return path;
}

// Reddi, Kale & Kumar (2018), Algorithm 2, with Adam's two corrections: the second is of the maximum.
Path amsgrad(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  Vector x = problem.start, m(x.size()), v(x.size()), v_largest(x.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * std::pow(g[i], 2);
      if (v[i] > v_largest[i]) v_largest[i] = v[i];
      const double step_size = alpha / (1 - std::pow(beta1, t));
      x[i] -= step_size * m[i] / (std::sqrt(v_largest[i]) / std::sqrt(1 - std::pow(beta2, t)) + epsilon);
    }
    path.push_back(x);
  }
  return path;
}

// Loshchilov & Hutter (2019), Algorithm 2, lines 6-12; the decay is multiplied by the rate:
//   theta_t = theta_{t-1} - alpha (m^ / (sqrt(v^) + epsilon) + lambda theta_{t-1}).
Path adamw(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const double lambda = h("weight_decay");
  Vector theta = problem.start, m(theta.size()), v(theta.size());
  double beta1_to_t = 1, beta2_to_t = 1;
  Path path;
  for (int t = 1; t <= steps; ++t) {
    beta1_to_t *= beta1;
    beta2_to_t *= beta2;
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      const double m_hat = m[i] / (1 - beta1_to_t), v_hat = v[i] / (1 - beta2_to_t);
      theta[i] = theta[i] - alpha * (m_hat / (std::sqrt(v_hat) + epsilon) + lambda * theta[i]);
    }
    path.push_back(theta);
  }
  return path;
}

// The same with the largest second moment so far (Reddi, Kale & Kumar 2018).
Path adamw_amsgrad(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const double lambda = h("weight_decay");
  Vector theta = problem.start, m(theta.size()), v(theta.size()), v_bar(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] += (1 - beta1) * (g[i] - m[i]);
      v[i] += (1 - beta2) * (g[i] * g[i] - v[i]);
      v_bar[i] = std::max(v_bar[i], v[i]);
      const double m_hat = m[i] / (1 - std::pow(beta1, t)), v_hat = v_bar[i] / (1 - std::pow(beta2, t));
      const double decayed = theta[i] - alpha * lambda * theta[i];
      theta[i] = decayed - alpha * m_hat / (epsilon + std::sqrt(v_hat));
    }
    path.push_back(theta);
  }
  return path;
}

// Tieleman & Hinton (2012), lecture 6e.
Path rmsprop(const Problem& problem, const Values& h) {
  const double rate = h("learning_rate"), rho = h("rho"), epsilon = h("epsilon");
  Vector w = problem.start, mean_square(w.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, w);
    for (std::size_t i = 0; i < w.size(); ++i) {
      mean_square[i] = rho * mean_square[i] + (1 - rho) * g[i] * g[i];
      w[i] -= rate * g[i] / (std::sqrt(mean_square[i]) + epsilon);
    }
    path.push_back(w);
  }
  return path;
}

// The same, with momentum of the steps (not of the gradients, which would be divided later).
Path rmsprop_momentum(const Problem& problem, const Values& h) {
  const double rate = h("learning_rate"), rho = h("rho"), epsilon = h("epsilon"), mu = h("momentum");
  Vector w = problem.start, r(w.size()), velocity(w.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, w);
    for (std::size_t i = 0; i < w.size(); ++i) {
      r[i] = (1 - rho) * g[i] * g[i] + rho * r[i];
      velocity[i] = mu * velocity[i] - rate * g[i] / (std::sqrt(r[i]) + epsilon);
      w[i] += velocity[i];
    }
    path.push_back(w);
  }
  return path;
}

// Graves (2013), eq. 38-40 without momentum: the square root of n - gbar^2 divides; epsilon outside it.
Path rmsprop_centered(const Problem& problem, const Values& h) {
  const double rate = h("learning_rate"), rho = h("rho"), epsilon = h("epsilon");
  Vector w = problem.start, n(w.size()), g_bar(w.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, w);
    for (std::size_t i = 0; i < w.size(); ++i) {
      n[i] = rho * n[i] + (1 - rho) * g[i] * g[i];
      g_bar[i] = rho * g_bar[i] + (1 - rho) * g[i];
      w[i] -= rate * g[i] / (std::sqrt(n[i] - g_bar[i] * g_bar[i]) + epsilon);
    }
    path.push_back(w);
  }
  return path;
}

// Graves (2013), eq. 38-41: Delta <- mu Delta - rate g / (sqrt(n - gbar^2) + epsilon), w <- w + Delta.
Path rmsprop_graves(const Problem& problem, const Values& h) {
  const double rate = h("learning_rate"), rho = h("rho"), epsilon = h("epsilon"), mu = h("momentum");
  Vector w = problem.start, n(w.size()), g_bar(w.size()), delta(w.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, w);
    for (std::size_t i = 0; i < w.size(); ++i) {
      n[i] = rho * n[i] + (1 - rho) * std::pow(g[i], 2);
      g_bar[i] = rho * g_bar[i] + (1 - rho) * g[i];
      delta[i] = mu * delta[i] - rate * g[i] / (std::sqrt(n[i] - std::pow(g_bar[i], 2)) + epsilon);
      w[i] = w[i] + delta[i];
    }
    path.push_back(w);
  }
  return path;
}

// Duchi, Hazan & Singer (2011), section 1.1 with the diagonal of G_t = sum g g^T, which starts at a constant.
Path adagrad(const Problem& problem, const Values& h) {
  const double eta = h("learning_rate"), epsilon = h("epsilon");
  Vector x = problem.start, diagonal(x.size(), h("initial_accumulator"));
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      diagonal[i] += g[i] * g[i];
      x[i] -= eta / (std::sqrt(diagonal[i]) + epsilon) * g[i];
    }
    path.push_back(x);
  }
  return path;
}

struct Case {
  std::string name, optimizer;
  Path (*transcription)(const Problem&, const Values&);
  double rates[3];    // for each of problems()
  NamedValues given;  // apart from the rate
  friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

const std::vector<Problem>& problems() {
  static const std::vector<Problem> all{quadratic(), rosenbrock(), tanh_network()};
  return all;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"gradient_descent", "gradient_descent", gradient_descent, {0.1, 5e-4, 0.2}, {}},
      {"sgd", "sgd", stochastic_gradient_descent, {0.3, 1e-3, 0.5}, {}},
      {"momentum", "momentum", heavy_ball, {0.05, 1e-4, 0.1}, {}},
      {"momentum_light", "momentum", heavy_ball, {0.2, 5e-4, 0.2}, {{"momentum", 0.4}}},
      {"nesterov", "nesterov", nesterov, {0.05, 1e-4, 0.1}, {}},
      {"nesterov_light", "nesterov", nesterov, {0.2, 5e-4, 0.2}, {{"momentum", 0.4}}},
      {"adam", "adam", adam, {0.05, 0.02, 0.01}, {}},
      {"adam_other", "adam", adam, {0.1, 0.05, 0.01}, {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-2}}},
      {"amsgrad", "adam", amsgrad, {0.05, 0.05, 0.02}, {{"amsgrad", 1}, {"beta2", 0.9}}},
      {"amsgrad_other", "adam", amsgrad, {0.1, 0.02, 0.01},
       {{"amsgrad", 1}, {"beta1", 0.5}, {"beta2", 0.8}, {"epsilon", 1e-2}}},
      {"adamw", "adamw", adamw, {0.05, 0.02, 0.01}, {}},
      {"adamw_other", "adamw", adamw, {0.1, 0.02, 0.01},
       {{"weight_decay", 0.4}, {"beta1", 0.8}, {"beta2", 0.9}, {"epsilon", 1e-2}}},
      {"adamw_amsgrad", "adamw", adamw_amsgrad, {0.05, 0.05, 0.02},
       {{"amsgrad", 1}, {"weight_decay", 0.2}, {"beta2", 0.9}, {"epsilon", 1e-3}}},
      {"rmsprop", "rmsprop", rmsprop, {0.01, 0.002, 0.002}, {}},
      {"rmsprop_other", "rmsprop", rmsprop, {0.02, 0.01, 0.005}, {{"rho", 0.95}, {"epsilon", 1e-2}}},
      {"rmsprop_momentum", "rmsprop", rmsprop_momentum, {0.01, 0.002, 0.002},
       {{"momentum", 0.8}, {"rho", 0.95}, {"epsilon", 1e-3}}},
      {"rmsprop_centered", "rmsprop", rmsprop_centered, {0.005, 0.001, 0.0005}, {{"centered", 1}}},
      {"rmsprop_centered_other", "rmsprop", rmsprop_centered, {0.01, 0.0005, 0.002},
       {{"centered", 1}, {"rho", 0.95}, {"epsilon", 5e-2}}},
      {"rmsprop_centered_momentum", "rmsprop", rmsprop_graves, {0.005, 0.001, 0.001},
       {{"centered", 1}, {"momentum", 0.9}, {"rho", 0.95}, {"epsilon", 1e-3}}},
      {"adagrad", "adagrad", adagrad, {0.3, 0.1, 0.05}, {}},
      {"adagrad_other", "adagrad", adagrad, {0.3, 0.1, 0.05}, {{"initial_accumulator", 0.1}, {"epsilon", 1e-2}}},
  };
  return all;
}

NamedValues with_rate(const Case& c, std::size_t problem) {
  NamedValues values = c.given;
  values.push_back({"learning_rate", c.rates[problem]});
  return values;
}

// What the library does: theta after each step. The loss that each step reports goes to `losses`.
Path library_path(const Problem& problem, const std::string& optimizer, const NamedValues& values, DType type,
                  int count, Vector* losses = nullptr) {
  const auto objective = problem.objective(type);
  const auto method = make_optimizer(optimizer, values);
  const Tensor theta = Tensor::of({objective->size()}, problem.start, type);
  Path path;
  for (int t = 1; t <= count; ++t) {
    const StepReport report = method->step(*objective, theta);
    if (losses) losses->push_back(report.loss);
    path.push_back(theta.to_vector());
  }
  return path;
}

// The largest difference of two vectors, relative to the largest element of the second; infinite where anything is NaN.
double relative_difference(const Vector& a, const Vector& b) {
  double difference = 0, scale = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double d = std::abs(a[i] - b[i]);
    if (!std::isfinite(d)) return INFINITY;
    difference = std::max(difference, d), scale = std::max(scale, std::abs(b[i]));
  }
  return difference / scale;
}

class Trajectory : public ::testing::TestWithParam<Case> {};

TEST_P(Trajectory, FollowsThePublishedFormula) {
  const Case& c = GetParam();
  for (std::size_t p = 0; p < problems().size(); ++p) {
    const Problem& problem = problems()[p];
    SCOPED_TRACE(problem.name);
    const NamedValues values = with_rate(c, p);
    const Path expected = c.transcription(problem, {c.optimizer, values});
    Vector losses;
    const Path path = library_path(problem, c.optimizer, values, DType::float64, steps, &losses);
    ASSERT_EQ(expected.size(), static_cast<std::size_t>(steps));
    Vector unused(problem.start.size());
    for (std::size_t t = 0; t < expected.size(); ++t) {
      ASSERT_EQ(path[t].size(), expected[t].size());
      ASSERT_LE(relative_difference(path[t], expected[t]), 1e-10) << "after step " << t + 1;
      const double loss = problem.function(t == 0 ? problem.start : expected[t - 1], unused);
      ASSERT_NEAR(losses[t], loss, 1e-10 * std::max(1.0, std::abs(loss))) << "at step " << t + 1;
    }
    // Something was done: a path that stays where it began, or that runs away, would prove little.
    EXPECT_GT(relative_difference(expected.back(), problem.start), 1e-2);
    EXPECT_LT(problem.function(expected.back(), unused), problem.function(problem.start, unused));
  }
}

TEST_P(Trajectory, IsTheSameInFloat32AsFarAsItsPrecisionGoes) {
  const Case& c = GetParam();
  for (std::size_t p = 0; p < problems().size(); ++p) {
    SCOPED_TRACE(problems()[p].name);
    const NamedValues values = with_rate(c, p);
    const Path expected = c.transcription(problems()[p], {c.optimizer, values});
    const Path path = library_path(problems()[p], c.optimizer, values, DType::float32, 10);
    for (std::size_t t = 0; t < path.size(); ++t)
      ASSERT_LE(relative_difference(path[t], expected[t]), 1e-4) << "after step " << t + 1;
  }
}

// Each value that a case gives changes the path by far more than the tolerance, so an ignored one would be noticed.
TEST_P(Trajectory, DependsOnEachHyperparameterThatIsGiven) {
  const Case& c = GetParam();
  for (const auto& [name, value] : c.given) {
    double difference = 0;
    for (std::size_t p = 0; p < problems().size(); ++p) {
      NamedValues values = with_rate(c, p);
      const Path path = library_path(problems()[p], c.optimizer, values, DType::float64, steps);
      std::erase_if(values, [&, &given = name](const auto& named) { return named.first == given; });
      const Path other = library_path(problems()[p], c.optimizer, values, DType::float64, steps);
      for (std::size_t t = 0; t < path.size(); ++t)
        difference = std::max(difference, relative_difference(other[t], path[t]));
    }
    EXPECT_GT(difference, 1e-5) << name << " = " << value.number();
  }
}

INSTANTIATE_TEST_SUITE_P(Optimizers, Trajectory, ::testing::ValuesIn(cases()),
                         [](const auto& tested) { return tested.param.name; });

// A new method, or a new hyperparameter of an old one, must come with a transcription here.
TEST(Trajectories, CoverEveryMethodAndEachOfItsHyperparameters) {
  for (const Method& m : methods()) {
    const auto uses = [&](const Case& c) { return c.optimizer == m.name; };
    EXPECT_TRUE(std::any_of(cases().begin(), cases().end(), uses)) << m.name << " has no transcription";
    for (const Hyperparameter& h : m.hyperparameters) {
      if (h.name == "learning_rate") continue;  // given by every case
      const bool given = std::any_of(cases().begin(), cases().end(), [&](const Case& c) {
        return uses(c) && Values{c.optimizer, c.given}(h.name) != h.default_value;
      });
      EXPECT_TRUE(given) << m.name << ": " << h.name << " has its default value in every case";
    }
  }
}

}  // namespace
}  // namespace gradus::optim
