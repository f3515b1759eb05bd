#include "experiments/workloads/conditioned_data.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "experiments/lab/last_made.h"

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

struct Features {
  Tensor inputs;
  std::vector<double> projections;  // z^T w / |w| of each row
};

Features make_features(const ConditionedData& shape, std::int64_t rows, bool is_exact, const RandomStream& random) {
  RowMajor z = normal_table(rows, shape.features, random.child("features"));
  if (is_exact) orthonormalize(z, true);
  RowMajor turn = normal_table(shape.features, shape.features, RandomStream(0, "rotation"));
  orthonormalize(turn, false);  // to columns of mean square 1
  for (double& number : turn.numbers) number /= std::sqrt(static_cast<double>(shape.features));
  const RowMajor direction = normal_table(1, shape.features, RandomStream(0, "direction"));
  double norm = 0;
  for (const double w : direction.numbers) norm = std::hypot(norm, w);

  Features made{Tensor::zeros({rows, shape.features}, DType::float64), {}};
  write_features(z, shape, shape.is_rotated ? &turn : nullptr, made.inputs);
  for (std::int64_t row = 0; row < rows; ++row) {
    double& projection = made.projections.emplace_back(0);
    for (std::int64_t k = 0; k < shape.features; ++k) projection += z.at(row, k) * direction.at(0, k) / norm;
  }
  return made;
}

using LastFeatures = lab::LastMade<std::pair<ConditionedData, std::int64_t>, Features>;

}  // namespace

lab::Dataset conditioned_data(const ConditionedData& shape, std::int64_t rows, std::int64_t classes,
                              const Respond& respond) {
  if (shape.features < 1 || rows <= shape.features || shape.condition < 1)
    throw std::invalid_argument(fmt::format(
        "regression data: {} rows of {} features with condition {}, expected more rows than features and at least 1",
        rows, shape.features, shape.condition));
  static LastFeatures train, validation, test;
  const auto set = [=](const char* name, LastFeatures& last) {
    return lab::Source::made_by([=, &last] {
      const auto make = [&] { return make_features(shape, rows, &last == &train, RandomStream(0, name)); };
      const std::shared_ptr<const Features> made = last.get({shape, rows}, make);
      const Tensor targets =
          classes > 0 ? Tensor::uninitialized({rows}, DType::int32) : Tensor::uninitialized({rows, 1}, DType::float64);
      RandomStream noise = RandomStream(0, name).child("noise");
      for (std::int64_t row = 0; row < rows; ++row) {
        const double target = respond(made->projections[static_cast<std::size_t>(row)], noise);
        if (classes > 0)
          targets.data<std::int32_t>()[row] = static_cast<std::int32_t>(target);
        else
          targets.set(row, target);
      }
      return lab::source_of(made->inputs, targets, 0, classes);
    });
  };
  return {.train = set("train", train), .validation = set("validation", validation), .test = set("test", test)};
}

}  // namespace gradus::workloads
