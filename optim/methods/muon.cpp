// Muon. Jordan et al. (2024). For slices of rank >= 2 without the tag "embedding", as matrices whose columns are the
// last axis:
//   B <- momentum B + (1 - momentum) G;  U = (1 - momentum) G + momentum B if nesterov, else B;  X = U / (|U| + 1e-7)
//   newton_schulz_steps times: A = X X^T, X <- a X + (b A + c A A) X,  (a, b, c) = (3.4445, -4.7750, 2.0315)
//   theta <- (1 - learning_rate weight_decay) theta - learning_rate sqrt(max(1, columns / rows)) X
// The other slices: AdamW with adam_learning_rate, beta1, beta2, epsilon and weight_decay.
#include <cmath>

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"
#include "autodiff/kernels/products.h"
#include "optim/layerwise.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

// a, b and c, chosen to bring singular values near 1 fast rather than exactly there.
constexpr double of_itself = 3.4445, of_cube = -4.7750, of_fifth = 2.0315;

bool is_orthogonalized(const Slice& slice) { return slice.shape.rank() >= 2 && !slice.has_tag("embedding"); }

class Muon final : public FirstOrder {
 public:
  explicit Muon(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        momentum_(s["momentum"]),
        weight_decay_(s["weight_decay"]),
        adam_learning_rate_(s["adam_learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        epsilon_(s["epsilon"]),
        nesterov_(s.flag("nesterov")),
        newton_schulz_steps_(s.count("newton_schulz_steps")) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices slices) override {
    if (known_slices_.are_new(slices)) lay_out(slices, theta.dtype());
    for (PackedState* state : {&buffer_, &first_moment_, &second_moment_}) state->ensure(theta.dtype());
    ++step_;
    for (std::size_t i = 0; i < slices.size(); ++i) {
      const Tensor part = slices[i].of(theta), g = slices[i].of(gradient);
      if (part.size() == 0) continue;
      if (is_orthogonalized(slices[i]))
        step_matrix(part, g, buffer_.of(i, slices[i].shape), matrix_extents(slices[i]));
      else
        step_adam(part, g, first_moment_.of(i, slices[i].shape), second_moment_.of(i, slices[i].shape));
    }
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("momentum", buffer_.values);
    visitor.tensor("first_moment", first_moment_.values);
    visitor.tensor("second_moment", second_moment_.values);
    visitor.counter("step", step_);
  }

 private:
  void lay_out(std::span<const Slice> slices, DType type) {
    std::int64_t largest = 0, shorter_side = 0;
    for (const Slice& slice : slices) {
      const bool matrix = is_orthogonalized(slice);
      buffer_.append(matrix ? slice.size() : 0);
      first_moment_.append(matrix ? 0 : slice.size());
      second_moment_.append(matrix ? 0 : slice.size());
      if (!matrix) continue;
      const auto [rows, columns] = matrix_extents(slice);
      largest = std::max(largest, slice.size());
      shorter_side = std::max(shorter_side, std::min(rows, columns));
    }
    for (Tensor& x : x_) x = Tensor::uninitialized({largest}, type);
    for (Tensor& a : a_) a = Tensor::uninitialized({shorter_side * shorter_side}, type);
  }

  void step_matrix(const Tensor& theta, const Tensor& gradient, const Tensor& buffer, MatrixExtents extents) {
    const auto [rows, columns] = extents;
    const Tensor u = x_[0].part(0, {rows, columns});
    update_each(
        u, gradient,
        [this]<class T>(T) {
          return [mu = static_cast<T>(momentum_), fresh = static_cast<T>(1 - momentum_), nesterov = nesterov_](
                     T& x, T g, T& b) {
            b = mu * b + fresh * g;
            x = nesterov ? fresh * g + mu * b : b;
          };
        },
        buffer);
    const double scale = 1 / (norm(u) + 1e-7);
    kernels::map(
        u, false, [scale]<class T>(T x) { return static_cast<T>(scale) * x; }, u);
    const Tensor x = orthogonalized(u, x_[1].part(0, {rows, columns}));
    const double size =
        learning_rate_ * std::sqrt(std::max(1.0, static_cast<double>(columns) / static_cast<double>(rows)));
    update_each(theta, x, [&]<class T>(T) {
      return [rate = static_cast<T>(size), shrink = static_cast<T>(1 - learning_rate_ * weight_decay_)](T& t, T step) {
        t = t * shrink - rate * step;
      };
    });
  }

  // The Newton-Schulz iteration, from x, with another matrix of its size to work in; the result is in one of the two. A
  // tall matrix is multiplied from the right, which is the same as transposing it first and last.
  Tensor orthogonalized(Tensor x, Tensor other) {
    const bool tall = x.shape()[0] > x.shape()[1];
    const std::int64_t side = std::min(x.shape()[0], x.shape()[1]);
    const Tensor gram = a_[0].part(0, {side, side}), polynomial = a_[1].part(0, {side, side});
    for (std::int64_t k = 0; k < newton_schulz_steps_; ++k) {
      kernels::matmul(gram, false, x, tall, x, !tall);
      kernels::matmul(polynomial, false, gram, false, gram, false);
      kernels::map(
          polynomial, false,
          []<class T>(T square, T plain) {
            return static_cast<T>(of_cube) * plain + static_cast<T>(of_fifth) * square;
          },
          polynomial, gram);
      kernels::map(
          other, false, []<class T>(T value) { return static_cast<T>(of_itself) * value; }, x);
      if (tall)
        kernels::matmul(other, true, x, false, polynomial, false);
      else
        kernels::matmul(other, true, polynomial, false, x, false);
      std::swap(x, other);
    }
    return x;
  }

  void step_adam(const Tensor& theta, const Tensor& gradient, const Tensor& first_moment,
                 const Tensor& second_moment) const {
    const double t = static_cast<double>(step_);
    const double rate = adam_learning_rate_ / (1 - std::pow(beta1_, t));
    const double root_correction = 1 / std::sqrt(1 - std::pow(beta2_, t));
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [rate = static_cast<T>(rate), root_correction = static_cast<T>(root_correction),
                  fresh1 = static_cast<T>(1 - beta1_), fresh2 = static_cast<T>(1 - beta2_),
                  epsilon = static_cast<T>(epsilon_),
                  shrink = static_cast<T>(1 - adam_learning_rate_ * weight_decay_)](T& x, T g, T& m, T& v) {
            m += fresh1 * (g - m);
            v += fresh2 * (g * g - v);
            x = x * shrink - rate * m / (math::sqrt(v) * root_correction + epsilon);
          };
        },
        first_moment, second_moment);
  }

  Setting learning_rate_, momentum_, weight_decay_, adam_learning_rate_, beta1_, beta2_, epsilon_;
  bool nesterov_;
  std::int64_t newton_schulz_steps_;
  PackedState buffer_;                        // of the slices that are orthogonalized
  PackedState first_moment_, second_moment_;  // of the others
  Tensor x_[2], a_[2];                        // to work in
  KnownSlices known_slices_;
  std::int64_t step_ = 0;
};

}  // namespace

Method muon_method() {
  return {"muon",
          "Jordan et al. (2024)",
          {positive("learning_rate", 0.02, "step size of matrices"),
           decay("momentum", 0.95, "decay of the matrices' momentum"),
           flag("nesterov", true, "orthogonalize the look-ahead momentum"),
           count("newton_schulz_steps", 5, 0, "iterations towards an orthogonal matrix"),
           non_negative("weight_decay", 0, "decoupled: theta shrinks by its rate * weight_decay a step"),
           positive("adam_learning_rate", 3e-4, "step size of all other slices"),
           decay("beta1", 0.9, "decay of their first moment"), decay("beta2", 0.95, "decay of their second moment"),
           positive("epsilon", 1e-10, "added to the root of their second moment")},
          [](const Settings& s) { return std::make_unique<Muon>(s); },
          Family::layerwise,
          "slices of rank >= 2 without the tag embedding, as matrices with the last axis as columns:\n"
          "  B <- momentum B + (1 - momentum) G;  U = (1 - momentum) G + momentum B if nesterov, else B\n"
          "  X = U / (|U| + 1e-7)\n"
          "  newton_schulz_steps times: A = X X^T;  X <- 3.4445 X + (-4.7750 A + 2.0315 A A) X\n"
          "  theta <- (1 - learning_rate weight_decay) theta - learning_rate sqrt(max(1, columns / rows)) X\n"
          "other slices: adamw with adam_learning_rate, beta1, beta2, epsilon, weight_decay",
          "Columns are a layer's outputs here, rows in PyTorch's layers: the factor of the step is the same. The "
          "momentum is an average, as in the authors' later code; the first version added the whole gradient, which "
          "the normalization undoes. The products are in theta's precision, the authors' and PyTorch's in bfloat16. "
          "PyTorch divides by max(|U|, 1e-7); Optax corrects B for its start, and with nesterov its step of the other "
          "slices looks ahead too. The authors give the output layer to AdamW too; here it is a matrix like any "
          "other."};
}

}  // namespace gradus::optim
