#include "experiments/invariances/deviation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "autodiff/operations.h"
#include "autodiff/tensor/vectors.h"
#include "experiments/problems/rotation.h"
#include "experiments/problems/tape_objective.h"

namespace gradus {
namespace {

constexpr std::int64_t rows = 4, columns = 4, n = rows * columns;

// What another way to write it down does: y = turn theta, and the loss times a factor.
struct Rewritten {
  Tensor turn, back;  // [n, n], and its inverse
  double factor = 1;
};

Tensor matrix() { return Tensor::zeros({n, n}, DType::float64); }

Tensor identity() {
  const Tensor made = matrix();
  for (std::int64_t i = 0; i < n; ++i) made.set(i * n + i, 1);
  return made;
}

Tensor transposed(const Tensor& a) {
  const Tensor made = matrix();
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) made.set(j * n + i, a.at(i * n + j));
  return made;
}

// Of the elements W[i, j] in their order: W -> left W right^T.
Tensor of_both_sides(const Tensor& left, const Tensor& right) {
  const Tensor made = matrix();
  for (std::int64_t to = 0; to < n; ++to)
    for (std::int64_t from = 0; from < n; ++from)
      made.set(to * n + from,
               left.at(to / columns * rows + from / columns) * right.at(to % columns * columns + from % columns));
  return made;
}

Rewritten scaled_loss(std::uint64_t) { return {identity(), identity(), 37}; }
Rewritten turned(std::uint64_t seed) {
  const Tensor q = problems::random_rotation(n, seed);
  return {q, transposed(q)};
}
Rewritten turned_sides(std::uint64_t seed) {
  const Tensor q =
      of_both_sides(problems::random_rotation(rows, seed), problems::random_rotation(columns, seed + 1'000'000));
  return {q, transposed(q)};
}
Rewritten scaled_coordinates(std::uint64_t seed) {
  RandomStream random(seed, "units");
  Rewritten made{matrix(), matrix()};
  for (std::int64_t i = 0; i < n; ++i) {
    const double unit = std::pow(3, random.uniform(-1, 1));
    made.turn.set(i * n + i, unit);
    made.back.set(i * n + i, 1 / unit);
  }
  return made;
}
Rewritten permuted(std::uint64_t seed) {
  std::vector<std::int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  RandomStream random(seed, "order");
  random.shuffle(order);
  const Tensor p = matrix();
  for (std::int64_t i = 0; i < n; ++i) p.set(i * n + order[static_cast<std::size_t>(i)], 1);
  return {p, transposed(p)};
}

struct RewritingKind {
  Rewriting about;
  Rewritten (*make)(std::uint64_t seed);
};
const std::array<RewritingKind, 5>& kinds() {
  static const std::array<RewritingKind, 5> all = {
      RewritingKind{{"loss_scale", "the loss times 37"}, scaled_loss},
      RewritingKind{{"rotation", "all parameters turned as one vector"}, turned},
      RewritingKind{{"rotation_of_sides", "a matrix turned from both sides"}, turned_sides},
      RewritingKind{{"coordinate_scale", "each parameter in units of its own"}, scaled_coordinates},
      RewritingKind{{"permutation", "the parameters in another order"}, permuted}};
  return all;
}

Var times(const Tensor& a, const Var& x) { return reshape(matmul(x.tape().leaf(a), reshape(x, {n, 1})), {n}); }

// A hundredth of half the sum of squares of A theta + tanh(B theta) / 2 - c, with A near the identity: smooth, with one
// minimum nearby, and gradients so small that a constant beside them, such as Yogi's first second moment, shows.
problems::Formula problem(const Rewritten& as, std::uint64_t seed) {
  RandomStream random(seed, "problem");
  const auto draw = [&](double deviation, double diagonal) {
    const Tensor made = matrix();
    for (std::int64_t i = 0; i < n * n; ++i)
      made.set(i, deviation * random.normal() + (i % (n + 1) == 0 ? diagonal : 0));
    return made;
  };
  const Tensor a = draw(0.15, 1), b = draw(0.3, 0), c = Tensor::zeros({n}, DType::float64);
  for (std::int64_t i = 0; i < n; ++i) c.set(i, random.normal());
  const auto record = [=, back = as.back, factor = as.factor](const Var& y) {
    const Var theta = times(back, y);
    const Var residuals = times(a, theta) + 0.5 * tanh(times(b, theta)) - y.tape().leaf(c);
    return problems::Terms{0.005 * factor * sum(square(residuals)), residuals};
  };
  return {.record = record, .has_outputs = true};
}

// The problem's parameters as one matrix, for methods that look at shapes.
class MatrixObjective final : public optim::Objective {
 public:
  explicit MatrixObjective(problems::Formula formula) : inner_(std::move(formula), n, DType::float64) {}
  std::int64_t size() const override { return n; }
  DType dtype() const override { return DType::float64; }
  std::span<const ParameterSlice> slices() const override { return slices_; }
  const optim::Curvature* curvature() const override { return inner_.curvature(); }

 protected:
  double compute_value(const Tensor&) override { return inner_.value(); }
  double compute_gradient(const Tensor&, const Tensor& gradient) override {
    gradient.copy_from(inner_.gradient());
    return inner_.value();
  }
  void moved() override { inner_.move_to(point()); }

 private:
  problems::TapeObjective inner_;
  std::vector<ParameterSlice> slices_ = {{"weight", {rows, columns}, 0, {}}};
};

Tensor product(const Tensor& a, const Tensor& x) {
  const Tensor made = Tensor::zeros({n}, DType::float64);
  for (std::int64_t i = 0; i < n; ++i) made.set(i, vectors::dot(a.part(i * n, {n}), x));
  return made;
}

double distance(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += (a.at(i) - b.at(i)) * (a.at(i) - b.at(i));
  return std::sqrt(sum);
}

}  // namespace

std::span<const Rewriting> rewritings() {
  static const std::vector<Rewriting> all = [] {
    std::vector<Rewriting> made;
    for (const RewritingKind& kind : kinds()) made.push_back(kind.about);
    return made;
  }();
  return all;
}

std::vector<double> deviations(const optim::Recipe& recipe, const Rewriting& rewriting, std::uint64_t seed,
                               std::int64_t steps) {
  const auto kind = std::find_if(kinds().begin(), kinds().end(),
                                 [&](const RewritingKind& one) { return one.about.name == rewriting.name; });
  if (kind == kinds().end()) throw std::invalid_argument("deviations: no rewriting '" + rewriting.name + "'");
  const Rewritten as_it_is{identity(), identity()}, rewritten = kind->make(seed);
  MatrixObjective first(problem(as_it_is, seed)), second(problem(rewritten, seed));
  const auto a = optim::make_optimizer(recipe), b = optim::make_optimizer(recipe);
  a->check(first);
  b->check(second);
  RandomStream random(seed, "start");
  const Tensor theta = Tensor::zeros({n}, DType::float64);
  for (std::int64_t i = 0; i < n; ++i) theta.set(i, 2 * random.normal());
  const Tensor start = product(rewritten.turn, theta), y = start.clone();
  std::vector<double> found;
  double way = 0, off = 0;
  for (std::int64_t step = 0; step < steps; ++step) {
    a->step(first, theta);
    b->step(second, y);
    const Tensor expected = product(rewritten.turn, theta);
    way = std::max(way, distance(expected, start));
    off = std::max(off, distance(y, expected));
    found.push_back(off / way);
  }
  return found;
}

std::optional<std::vector<bool>> invariances_of(const optim::Method& method) {
  std::vector<optim::Recipe> recipes = {{.method = method.name}};
  const auto add = [&](const char* hyperparameter, double value) {
    for (const optim::Hyperparameter& one : method.hyperparameters)
      if (one.name == hyperparameter) recipes.push_back({.method = method.name, .values = {{hyperparameter, value}}});
  };
  add("epsilon", 1e-11);
  add("epsilon", 1e-16);
  add("tolerance", 1e-10);
  const auto is_blind = [](const optim::Recipe& recipe, const Rewriting& rewriting) {
    for (std::uint64_t seed = 0; seed < 3; ++seed)
      if (!(deviations(recipe, rewriting, seed, 10).back() < rounding_deviation)) return false;
    return true;
  };
  std::vector<bool> found;
  try {
    for (const Rewriting& rewriting : rewritings())
      found.push_back(std::any_of(recipes.begin(), recipes.end(),
                                  [&](const optim::Recipe& recipe) { return is_blind(recipe, rewriting); }));
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
  return found;
}

}  // namespace gradus
