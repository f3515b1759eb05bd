#include "optim/methods/muon.h"

#include <cmath>

#include "autodiff/tensor/matrix.h"
#include "optim/layerwise.h"
#include "optim/typed.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

// a, b and c, chosen to bring singular values near 1 fast rather than exactly there.
constexpr double of_itself = 3.4445, of_cube = -4.7750, of_fifth = 2.0315;

bool is_orthogonalized(const ParameterSlice& slice) { return slice.shape.rank() >= 2 && !slice.has_tag("embedding"); }

class MuonSteps final : public FirstOrderOf<Muon> {
 public:
  using OptimizerOf::OptimizerOf;

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
  void lay_out(std::span<const ParameterSlice> slices, DType type) {
    std::int64_t largest = 0, shorter_side = 0;
    for (const ParameterSlice& slice : slices) {
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
          return [mu = T(h.momentum), fresh = T(1 - h.momentum), nesterov = h.nesterov](T& x, T g, T& b) {
            b = mu * b + fresh * g;
            x = nesterov ? fresh * g + mu * b : b;
          };
        },
        buffer);
    const double scale = 1 / (norm(u) + 1e-7);
    vectors::scale(scale, u);
    const Tensor x = orthogonalized(u, x_[1].part(0, {rows, columns}));
    const double size =
        h.learning_rate * std::sqrt(std::max(1.0, static_cast<double>(columns) / static_cast<double>(rows)));
    update_each(theta, x, [&]<class T>(T) {
      return [rate = T(size), shrink = T(1 - h.learning_rate * h.weight_decay)](T& t, T step) {
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
    for (std::int64_t k = 0; k < h.newton_schulz_steps; ++k) {
      kernels::matmul(gram, false, x, tall, x, !tall);
      kernels::matmul(polynomial, false, gram, false, gram, false);
      update_each(polynomial, gram, []<class T>(T) {
        return [](T& square, T plain) { square = T(of_cube) * plain + T(of_fifth) * square; };
      });
      vectors::scale(of_itself, x, other);
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
    const double rate = h.adam_learning_rate / (1 - std::pow(h.beta1, t));
    const double root_correction = 1 / std::sqrt(1 - std::pow(h.beta2, t));
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return
              [rate = T(rate), root_correction = T(root_correction), fresh1 = T(1 - h.beta1), fresh2 = T(1 - h.beta2),
               epsilon = T(h.epsilon), shrink = T(1 - h.adam_learning_rate * h.weight_decay)](T& x, T g, T& m, T& v) {
                m += fresh1 * (g - m);
                v += fresh2 * (g * g - v);
                x = x * shrink - rate * m / (math::sqrt(v) * root_correction + epsilon);
              };
        },
        first_moment, second_moment);
  }

  PackedState buffer_;                        // of the slices that are orthogonalized
  PackedState first_moment_, second_moment_;  // of the others
  Tensor x_[2], a_[2];                        // to work in
  KnownSlices known_slices_;
  std::int64_t step_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> make(const Muon& method, const RandomStream&) { return std::make_unique<MuonSteps>(method); }

}  // namespace gradus::optim
