// Adafactor. Shazeer & Stern (2018), Algorithms 4 and 5, without a first moment. For each slice of theta:
//   alpha = learning_rate max(epsilon2, RMS(theta)) if scale_parameter, else learning_rate
//   beta_t = 1 - t^-decay_exponent;  s = g^2 + epsilon1
//   rank >= 2, the last axis as columns: R <- beta_t R + (1 - beta_t) (mean of s over columns), C likewise over rows;
//                                        V_ij = R_i C_j / mean(R)
//   rank <= 1: V <- beta_t V + (1 - beta_t) s
//   U = g / sqrt(V);  theta <- theta - alpha U / max(1, RMS(U) / clip_threshold)
#include <cmath>

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/math.h"
#include "optim/layerwise.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Adafactor final : public FirstOrder {
 public:
  explicit Adafactor(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        decay_exponent_(s["decay_exponent"]),
        epsilon1_(s["epsilon1"]),
        epsilon2_(s["epsilon2"]),
        clip_threshold_(s["clip_threshold"]),
        scale_parameter_(s.flag("scale_parameter")) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices slices) override {
    if (known_slices_.are_new(slices)) lay_out(slices, theta.dtype());
    for (PackedState* state : {&row_moment_, &column_moment_, &second_moment_}) state->ensure(theta.dtype());
    ++step_;
    fresh_ = std::pow(static_cast<double>(step_), -decay_exponent_);
    for (std::size_t i = 0; i < slices.size(); ++i) {
      const Tensor part = slices[i].of(theta), g = slices[i].of(gradient);
      if (part.size() == 0) continue;
      const double rate =
          scale_parameter_ ? learning_rate_ * std::max<double>(epsilon2_, root_mean_square(part)) : learning_rate_;
      with_floating(theta.dtype(), [&]<class T>(T) {
        if (slices[i].shape.rank() >= 2)
          step_matrix<T>(i, matrix_extents(slices[i]), rate, part, g);
        else
          step_vector<T>(second_moment_.of(i, slices[i].shape), rate, part, g);
      });
    }
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("row_moment", row_moment_.values);
    visitor.tensor("column_moment", column_moment_.values);
    visitor.tensor("second_moment", second_moment_.values);
    visitor.counter("step", step_);
  }

 private:
  void lay_out(std::span<const Slice> slices, DType type) {
    std::int64_t rows = 0, columns = 0;
    for (const Slice& slice : slices) {
      const bool matrix = slice.shape.rank() >= 2;
      const MatrixExtents extents = matrix ? matrix_extents(slice) : MatrixExtents{};
      row_moment_.append(extents.rows);
      column_moment_.append(extents.columns);
      second_moment_.append(matrix ? 0 : slice.size());
      rows = std::max(rows, extents.rows);
      columns = std::max(columns, extents.columns);
    }
    column_sums_ = Tensor::uninitialized({columns}, DType::float64);
    row_factors_ = Tensor::uninitialized({rows}, type);
    column_factors_ = Tensor::uninitialized({columns}, type);
  }
  // alpha / max(1, RMS(U) / clip_threshold)
  double clipped(double rate, double squares_of_u, std::int64_t size) const {
    return rate / std::max(1.0, std::sqrt(squares_of_u / static_cast<double>(size)) / clip_threshold_);
  }

  template <class T>
  void step_vector(const Tensor& moment, double rate, const Tensor& theta, const Tensor& gradient) const {
    update_each(moment, gradient, [this]<class E>(E) {
      return [fresh = static_cast<E>(fresh_), epsilon = static_cast<E>(epsilon1_)](E& mean, E slope) {
        mean += fresh * (slope * slope + epsilon - mean);
      };
    });
    const T* g = gradient.data<T>();
    const T* v = moment.data<T>();
    const std::int64_t n = theta.size();
    double squares = 0;
    simd::run([=, &squares] GRADUS_LOOP() {
      squares = kernels::lane_sum_of<double>(
          n, [=](std::int64_t i) __attribute__((always_inline)) {
            const double u = static_cast<double>(g[i] / math::sqrt(v[i]));
            return u * u;
          });
    });
    update_each(
        theta, gradient,
        [&]<class E>(E) {
          return [step = static_cast<E>(clipped(rate, squares, n))](E& x, E slope, E& mean) {
            x -= step * slope / math::sqrt(mean);
          };
        },
        moment);
  }

  // U_ij = g_ij r_i c_j with r_i = sqrt(mean(R) / R_i) and c_j = 1 / sqrt(C_j): V itself is never formed, and the
  // product R_i C_j, which may underflow, neither.
  template <class T>
  void step_matrix(std::size_t slice, MatrixExtents extents, double rate, const Tensor& theta,
                   const Tensor& gradient) const {
    const auto [rows, columns] = extents;
    T* x = theta.data<T>();
    const T* g = gradient.data<T>();
    T* row_moment = row_moment_.of(slice, {rows}).template data<T>();
    T* column_moment = column_moment_.of(slice, {columns}).template data<T>();
    T* row_factors = row_factors_.data<T>();
    T* column_factors = column_factors_.data<T>();
    double* sums = column_sums_.data<double>();
    const double fresh = fresh_, epsilon = epsilon1_;
    double mean_row = 0;
    simd::run([=, &mean_row] GRADUS_LOOP() {
      for (std::int64_t j = 0; j < columns; ++j) sums[j] = 0;
      for (std::int64_t i = 0; i < rows; ++i) {
        const T* row = g + i * columns;
        const double sum = kernels::lane_sum_of<double>(
            columns, [=](std::int64_t j) __attribute__((always_inline)) {
              return static_cast<double>(row[j]) * static_cast<double>(row[j]);
            });
        for (std::int64_t j = 0; j < columns; ++j) sums[j] += static_cast<double>(row[j]) * static_cast<double>(row[j]);
        const double mean = sum / static_cast<double>(columns) + epsilon;
        row_moment[i] = static_cast<T>((1 - fresh) * static_cast<double>(row_moment[i]) + fresh * mean);
        mean_row += static_cast<double>(row_moment[i]) / static_cast<double>(rows);
      }
      for (std::int64_t j = 0; j < columns; ++j) {
        const double mean = sums[j] / static_cast<double>(rows) + epsilon;
        column_moment[j] = static_cast<T>((1 - fresh) * static_cast<double>(column_moment[j]) + fresh * mean);
        column_factors[j] = static_cast<T>(1 / math::sqrt(static_cast<double>(column_moment[j])));
      }
      for (std::int64_t i = 0; i < rows; ++i)
        row_factors[i] = static_cast<T>(math::sqrt(mean_row / static_cast<double>(row_moment[i])));
    });
    double squares = 0;
    simd::run([=, &squares] GRADUS_LOOP() {
      for (std::int64_t i = 0; i < rows; ++i) {
        const T* row = g + i * columns;
        const double factor = static_cast<double>(row_factors[i]);
        squares += factor * factor *
                   kernels::lane_sum_of<double>(
                       columns, [=](std::int64_t j) __attribute__((always_inline)) {
                         const double u = static_cast<double>(row[j] * column_factors[j]);
                         return u * u;
                       });
      }
    });
    const T step = static_cast<T>(clipped(rate, squares, rows * columns));
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t i = 0; i < rows; ++i) {
        const T* __restrict row = g + i * columns;
        const T* __restrict factors = column_factors;
        T* __restrict to = x + i * columns;
        const T of_row = row_factors[i] * step;
        for (std::int64_t j = 0; j < columns; ++j) to[j] -= of_row * (row[j] * factors[j]);
      }
    });
  }

  Setting learning_rate_, decay_exponent_, epsilon1_, epsilon2_, clip_threshold_;
  bool scale_parameter_;
  PackedState row_moment_, column_moment_;  // of slices of rank >= 2
  PackedState second_moment_;               // of the others
  Tensor column_sums_, row_factors_, column_factors_;
  double fresh_ = 1;  // 1 - beta_t
  KnownSlices known_slices_;
  std::int64_t step_ = 0;
};

}  // namespace

Method adafactor_method() {
  return {"adafactor",
          "Shazeer & Stern (2018), Algorithms 4 and 5",
          {positive("learning_rate", 0.01, "step size, relative to the root mean square of a slice if scale_parameter"),
           positive("decay_exponent", 0.8, "the second moment decays by 1 - t^-decay_exponent"),
           positive("epsilon1", 1e-30, "added to the gradient's squares"),
           positive("epsilon2", 1e-3, "the least root mean square of a slice that scales its step"),
           positive("clip_threshold", 1, "the largest root mean square of a step, before its size"),
           flag("scale_parameter", true, "steps are relative to the root mean square of the slice")},
          [](const Settings& s) { return std::make_unique<Adafactor>(s); },
          Family::layerwise,
          "alpha = learning_rate max(epsilon2, RMS(theta)) if scale_parameter, else learning_rate\n"
          "beta_t = 1 - t^-decay_exponent;  s = g^2 + epsilon1\n"
          "rank >= 2: R <- beta_t R + (1 - beta_t) (mean of s over the last axis), C likewise over all others\n"
          "           V_ij = R_i C_j / mean(R)\n"
          "rank <= 1: V <- beta_t V + (1 - beta_t) s\n"
          "U = g / sqrt(V);  theta <- theta - alpha U / max(1, RMS(U) / clip_threshold), for each slice",
          "There is no first moment and no relative step size min(0.01, 1/sqrt(t)): the rate is learning_rate or its "
          "schedule. A slice of rank above 2 is one matrix; PyTorch and Keras factor over its last two axes, Optax "
          "over its two longest if both are at least 128. PyTorch and Keras bound the rate by 1/sqrt(t). PyTorch's "
          "epsilon1 is the least value of sqrt(V), by default the machine epsilon."};
}

}  // namespace gradus::optim
