#include "experiments/workloads/conditioned_data.h"

#include <fmt/format.h>

#include <cmath>
#include <span>
#include <stdexcept>
#include <vector>

namespace gradus::workloads {
namespace {

// Row-major numbers.
struct RowMajor {
  std::int64_t rows, columns;
  std::vector<double> numbers;
  RowMajor(std::int64_t r, std::int64_t c) : rows(r), columns(c), numbers(static_cast<std::size_t>(r * c)) {}
  double& at(std::int64_t row, std::int64_t column) {
    return numbers[static_cast<std::size_t>(row * columns + column)];
  }
  double at(std::int64_t row, std::int64_t column) const {
    return numbers[static_cast<std::size_t>(row * columns + column)];
  }
};

RowMajor normal_table(std::int64_t rows, std::int64_t columns, RandomStream random) {
  RowMajor table(rows, columns);
  for (double& number : table.numbers) number = random.normal();
  return table;
}

// Columns of mean square 1 that are orthogonal to one another and, where they are centred, to a column of ones, by
// Gram & Schmidt, twice, so that rounding leaves nothing.
void orthonormalize(RowMajor& table, bool is_centred) {
  const auto n = static_cast<double>(table.rows);
  for (std::int64_t column = 0; column < table.columns; ++column) {
    for (int pass = 0; pass < 2; ++pass) {
      double mean = 0;
      for (std::int64_t row = 0; row < table.rows && is_centred; ++row) mean += table.at(row, column) / n;
      for (std::int64_t row = 0; row < table.rows; ++row) table.at(row, column) -= mean;
      for (std::int64_t earlier = 0; earlier < column; ++earlier) {
        double product = 0;
        for (std::int64_t row = 0; row < table.rows; ++row)
          product += table.at(row, column) * table.at(row, earlier) / n;
        for (std::int64_t row = 0; row < table.rows; ++row) table.at(row, column) -= product * table.at(row, earlier);
      }
    }
    double squares = 0;
    for (std::int64_t row = 0; row < table.rows; ++row) squares += table.at(row, column) * table.at(row, column) / n;
    for (std::int64_t row = 0; row < table.rows; ++row) table.at(row, column) /= std::sqrt(squares);
  }
}

// x_j = sum_k z_k sqrt(eigenvalue k) turn(k, j)
void write_features(const RowMajor& z, const ConditionedData& shape, const RowMajor* turn, const Tensor& into) {
  const std::int64_t n = z.columns;
  for (std::int64_t row = 0; row < z.rows; ++row)
    for (std::int64_t k = 0; k < n; ++k) {
      const double place = n > 1 ? static_cast<double>(k) / static_cast<double>(n - 1) : 0;
      const double scaled = z.at(row, k) * std::pow(shape.condition, -0.5 * place);
      if (!turn) into.set(row * n + k, scaled);
      for (std::int64_t j = 0; turn && j < n; ++j)
        into.set(row * n + j, into.at(row * n + j) + scaled * turn->at(k, j));
    }
}

}  // namespace

lab::Dataset conditioned_data(const ConditionedData& shape, std::int64_t rows, std::int64_t classes,
                              const Respond& respond) {
  if (shape.features < 1 || rows <= shape.features || shape.condition < 1)
    throw std::invalid_argument(fmt::format(
        "regression data: {} rows of {} features with condition {}, expected more rows than features and at least 1",
        rows, shape.features, shape.condition));
  const auto set = [=](const char* name, bool is_exact) {
    return lab::Source::made_by([=] {
      RandomStream random(0, name);
      RowMajor z = normal_table(rows, shape.features, random.child("features"));
      if (is_exact) orthonormalize(z, true);
      RowMajor turn = normal_table(shape.features, shape.features, RandomStream(0, "rotation"));
      orthonormalize(turn, false);  // to columns of mean square 1
      for (double& number : turn.numbers) number /= std::sqrt(static_cast<double>(shape.features));
      const RowMajor direction = normal_table(1, shape.features, RandomStream(0, "direction"));
      double norm = 0;
      for (const double w : direction.numbers) norm = std::hypot(norm, w);

      const Tensor inputs = Tensor::zeros({rows, shape.features}, DType::float64);
      write_features(z, shape, shape.is_rotated ? &turn : nullptr, inputs);
      const Tensor targets =
          classes > 0 ? Tensor::uninitialized({rows}, DType::int32) : Tensor::uninitialized({rows, 1}, DType::float64);
      RandomStream noise = random.child("noise");
      for (std::int64_t row = 0; row < rows; ++row) {
        double projection = 0;
        for (std::int64_t k = 0; k < shape.features; ++k) projection += z.at(row, k) * direction.at(0, k) / norm;
        const double target = respond(projection, noise);
        if (classes > 0)
          targets.data<std::int32_t>()[row] = static_cast<std::int32_t>(target);
        else
          targets.set(row, target);
      }
      return lab::source_of(inputs, targets, 0, classes);
    });
  };
  return {.train = set("train", true), .validation = set("validation", false), .test = set("test", false)};
}

}  // namespace gradus::workloads
