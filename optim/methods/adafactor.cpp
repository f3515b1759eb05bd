#include "optim/methods/adafactor.h"

#include <cmath>

#include "autodiff/tensor/sums.h"
#include "optim/layerwise.h"
#include "optim/typed.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class AdafactorSteps final : public FirstOrderOf<Adafactor> {
 public:
  using OptimizerOf::OptimizerOf;

  void apply(const Tensor& theta, const Tensor& gradient, Slices slices) override {
    if (known_slices_.are_new(slices)) lay_out(slices, theta.dtype());
    for (PackedState* state : {&row_moment_, &column_moment_, &second_moment_}) state->ensure(theta.dtype());
    ++step_;
    fresh_ = std::pow(static_cast<double>(step_), -h.decay_exponent);
    for (std::size_t i = 0; i < slices.size(); ++i) {
      const Tensor part = slices[i].of(theta), g = slices[i].of(gradient);
      if (part.size() == 0) continue;
      const double rate =
          h.scale_parameter ? h.learning_rate * std::max<double>(h.epsilon2, root_mean_square(part)) : h.learning_rate;
      with_floating(theta.dtype(), [&]<class T>(T) {
        if (slices[i].shape.rank() >= 2)
          step_matrix<T>(i, matrix_extents(slices[i]), rate, part, g);
        else
          step_vector(second_moment_.of(i, slices[i].shape), rate, part, g);
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
  void lay_out(std::span<const ParameterSlice> slices, DType type) {
    std::int64_t rows = 0, columns = 0;
    for (const ParameterSlice& slice : slices) {
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
    return rate / std::max(1.0, std::sqrt(squares_of_u / static_cast<double>(size)) / h.clip_threshold);
  }

  void step_vector(const Tensor& moment, double rate, const Tensor& theta, const Tensor& gradient) const {
    update_each(moment, gradient, [this]<class E>(E) {
      return [fresh = E(fresh_), epsilon = E(h.epsilon1)](E& mean, E slope) {
        mean += fresh * (slope * slope + epsilon - mean);
      };
    });
    const auto square = [](double g, double v) {
      const double u = g / math::sqrt(v);
      return u * u;
    };
    const double squares = vectors::sum_over(square, gradient, moment);
    update_each(
        theta, gradient,
        [&]<class E>(E) {
          return [step = E(clipped(rate, squares, theta.size()))](E& x, E slope, E& mean) {
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
    const double fresh = fresh_, epsilon = h.epsilon1;
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
        row_moment[i] = T((1 - fresh) * static_cast<double>(row_moment[i]) + fresh * mean);
        mean_row += static_cast<double>(row_moment[i]) / static_cast<double>(rows);
      }
      for (std::int64_t j = 0; j < columns; ++j) {
        const double mean = sums[j] / static_cast<double>(rows) + epsilon;
        column_moment[j] = T((1 - fresh) * static_cast<double>(column_moment[j]) + fresh * mean);
        column_factors[j] = T(1 / math::sqrt(static_cast<double>(column_moment[j])));
      }
      for (std::int64_t i = 0; i < rows; ++i)
        row_factors[i] = T(math::sqrt(mean_row / static_cast<double>(row_moment[i])));
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
    const T step = T(clipped(rate, squares, rows * columns));
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

  PackedState row_moment_, column_moment_;  // of slices of rank >= 2
  PackedState second_moment_;               // of the others
  Tensor column_sums_, row_factors_, column_factors_;
  double fresh_ = 1;  // 1 - beta_t
  KnownSlices known_slices_;
  std::int64_t step_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> make(const Adafactor& method, const RandomStream&) {
  return std::make_unique<AdafactorSteps>(method);
}

}  // namespace gradus::optim
