// Steps of whole matrices: Shampoo, SOAP and Muon.
#include "tests/optim/transcriptions/transcriptions.h"

namespace gradus::optim {
namespace {

// Rows by columns, and what the formulas need of them, in plain loops.
struct Matrix {
  Matrix(std::size_t row_count, std::size_t column_count)
      : rows(row_count), columns(column_count), numbers(row_count * column_count) {}
  // A slice of a vector: the last axis are the columns, all others together the rows.
  Matrix(const Vector& vector, const ParameterSlice& slice)
      : Matrix(static_cast<std::size_t>(slice.size() / slice.shape[slice.shape.rank() - 1]),
               static_cast<std::size_t>(slice.shape[slice.shape.rank() - 1])) {
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = vector[static_cast<std::size_t>(slice.offset) + i];
  }
  static Matrix row(const Vector& vector, const ParameterSlice& slice) {
    Matrix result(1, static_cast<std::size_t>(slice.size()));
    for (std::size_t i = 0; i < result.columns; ++i) result(0, i) = vector[static_cast<std::size_t>(slice.offset) + i];
    return result;
  }
  static Matrix identity(std::size_t n, double scale = 1) {
    Matrix result(n, n);
    for (std::size_t i = 0; i < n; ++i) result(i, i) = scale;
    return result;
  }
  double& operator()(std::size_t i, std::size_t j) { return numbers[i * columns + j]; }
  double operator()(std::size_t i, std::size_t j) const { return numbers[i * columns + j]; }
  Matrix transposed() const {
    Matrix result(columns, rows);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) result(j, i) = (*this)(i, j);
    return result;
  }
  double frobenius_norm() const {
    double sum = 0;
    for (const double x : numbers) sum += x * x;
    return std::sqrt(sum);
  }

  std::size_t rows, columns;
  Vector numbers;
};
Matrix operator*(const Matrix& a, const Matrix& b) {
  Matrix result(a.rows, b.columns);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t k = 0; k < a.columns; ++k)
      for (std::size_t j = 0; j < b.columns; ++j) result(i, j) += a(i, k) * b(k, j);
  return result;
}
Matrix operator*(double scale, Matrix a) {
  for (double& x : a.numbers) x *= scale;
  return a;
}
Matrix operator+(Matrix a, const Matrix& b) {
  for (std::size_t i = 0; i < a.numbers.size(); ++i) a.numbers[i] += b.numbers[i];
  return a;
}

// A becomes diagonal and Q its eigenvectors, by Jacobi's rotations (1846): each makes one element off the diagonal 0.
void diagonalize(Matrix& a, Matrix& q) {
  const std::size_t n = a.rows;
  for (int sweep = 0; sweep < 20; ++sweep) {
    double off_diagonal = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) {
        off_diagonal += std::abs(a(i, j));
        if (a(i, j) == 0) continue;
        const double angle = 0.5 * std::atan2(2 * a(i, j), a(i, i) - a(j, j)), c = std::cos(angle), s = std::sin(angle);
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a(k, i), y = a(k, j), u = q(k, i), w = q(k, j);
          a(k, i) = c * x + s * y;
          a(k, j) = c * y - s * x;
          q(k, i) = c * u + s * w;
          q(k, j) = c * w - s * u;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a(i, k), y = a(j, k);
          a(i, k) = c * x + s * y;
          a(j, k) = c * y - s * x;
        }
        a(i, j) = a(j, i) = 0;
      }
    if (off_diagonal == 0) break;
  }
}

// A^p of a symmetric positive definite matrix.
Matrix power(Matrix a, double p) {
  const std::size_t n = a.rows;
  Matrix q = Matrix::identity(n);
  diagonalize(a, q);
  Matrix scaled = q.transposed();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) scaled(i, j) *= std::pow(a(i, i), p);
  return q * scaled;
}

// Gupta, Koren & Singer (2018), Algorithm 1 on matrices; on vectors the diagonal of what Algorithm 2 has for one axis.
// With momentum of the steps, roots that are renewed every k steps, and no preconditioner for a side that is too long.
Path shampoo(const Problem& problem, const Values& h) {
  const double eta = h("learning_rate"), epsilon = h("epsilon"), mu = h("momentum");
  const auto longest = static_cast<std::size_t>(h("max_dimension"));
  Vector w = problem.start, diagonal(w.size(), epsilon), velocity(w.size());
  struct Side {
    Matrix sum, root;
    Side(std::size_t n, double start) : sum(Matrix::identity(n, start)), root(Matrix::identity(n)) {}
  };
  std::vector<Side> left, right;
  for (const ParameterSlice& slice : problem.slices) {
    const bool is_matrix = slice.shape.rank() >= 2;
    const Matrix shape = is_matrix ? Matrix(w, slice) : Matrix(0, 0);
    left.emplace_back(shape.rows, epsilon), right.emplace_back(shape.columns, epsilon);
  }
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector gradient = gradient_at(problem, w);
    const bool renew = (t - 1) % static_cast<int>(h("update_interval")) == 0;
    for (std::size_t k = 0; k < problem.slices.size(); ++k) {
      const ParameterSlice& slice = problem.slices[k];
      Vector u(static_cast<std::size_t>(slice.size()));
      const auto first = static_cast<std::size_t>(slice.offset);
      if (slice.shape.rank() >= 2) {
        const Matrix g(gradient, slice);
        left[k].sum = left[k].sum + g * g.transposed();
        right[k].sum = right[k].sum + g.transposed() * g;
        if (renew && g.rows <= longest) left[k].root = power(left[k].sum, -0.25);
        if (renew && g.columns <= longest) right[k].root = power(right[k].sum, -0.25);
        u = (left[k].root * g * right[k].root).numbers;
      } else {
        for (std::size_t i = 0; i < u.size(); ++i) {
          diagonal[first + i] += std::pow(gradient[first + i], 2);
          u[i] = gradient[first + i] * std::pow(diagonal[first + i], -0.5);
        }
      }
      for (std::size_t i = 0; i < u.size(); ++i) {
        velocity[first + i] = mu * velocity[first + i] + u[i];
        w[first + i] -= eta * velocity[first + i];
      }
    }
    path.push_back(w);
  }
  return path;
}

// Jordan, Jin, Boza, You, Cesista, Newhouse & Bernstein (2024): the momentum's matrix with all its singular values made
// about 1 by a polynomial of degree 5, iterated.
Matrix orthogonalized(const Matrix& g, int iterations) {
  const double a = 3.4445, b = -4.7750, c = 2.0315;
  Matrix x = 1 / (g.frobenius_norm() + 1e-7) * g;
  const bool tall = x.rows > x.columns;
  if (tall) x = x.transposed();
  for (int i = 0; i < iterations; ++i) {
    const Matrix square = x * x.transposed();
    const Matrix polynomial = b * square + c * (square * square);
    x = a * x + polynomial * x;
  }
  return tall ? x.transposed() : x;
}

// Embeddings and what is no matrix take AdamW's steps. The columns are a layer's outputs.
Path muon(const Problem& problem, const Values& h) {
  const double eta = h("learning_rate"), mu = h("momentum"), lambda = h("weight_decay");
  const double alpha = h("adam_learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  Vector theta = problem.start, momentum(theta.size()), v(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (const ParameterSlice& slice : problem.slices) {
      const auto first = static_cast<std::size_t>(slice.offset), end = first + static_cast<std::size_t>(slice.size());
      if (slice.shape.rank() < 2 || slice.has_tag("embedding")) {
        for (std::size_t i = first; i < end; ++i) {
          momentum[i] = beta1 * momentum[i] + (1 - beta1) * g[i];
          v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
          const double m_hat = momentum[i] / (1 - std::pow(beta1, t)), v_hat = v[i] / (1 - std::pow(beta2, t));
          theta[i] -= alpha * (m_hat / (std::sqrt(v_hat) + epsilon) + lambda * theta[i]);
        }
        continue;
      }
      Vector update(g.size());
      for (std::size_t i = first; i < end; ++i) {
        momentum[i] = mu * momentum[i] + (1 - mu) * g[i];
        update[i] = h("nesterov") != 0 ? (1 - mu) * g[i] + mu * momentum[i] : momentum[i];
      }
      const Matrix o = orthogonalized(Matrix(update, slice), static_cast<int>(h("newton_schulz_steps")));
      const double outputs_to_inputs = static_cast<double>(o.columns) / static_cast<double>(o.rows);
      for (std::size_t i = first; i < end; ++i) {
        theta[i] = theta[i] - eta * lambda * theta[i];
        theta[i] = theta[i] - eta * std::sqrt(std::max(1.0, outputs_to_inputs)) * o.numbers[i - first];
      }
    }
    path.push_back(theta);
  }
  return path;
}

// The eigenvectors of a symmetric matrix as columns, by Jacobi's rotations.
Matrix eigenvectors(Matrix a) {
  Matrix q = Matrix::identity(a.rows);
  diagonalize(a, q);
  return q;
}

// Vyas, Morwani, Zhao, Kwun, Shapira, Brandfonbrener, Janson & Kakade (2024), Algorithms 3 and 4, with what their
// program adds: a first step that only starts, corrected moments, weight decay after the step, and V sorted with the
// eigenvectors.
Path soap(const Problem& problem, const Values& h) {
  const double eta = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const auto longest = static_cast<std::size_t>(h("max_dimension"));
  const int frequency = static_cast<int>(h("update_interval"));
  struct State {
    Matrix w, m, v, l, r, ql, qr;
    bool left, right;
  };
  std::vector<State> states;
  for (const ParameterSlice& s : problem.slices) {
    const bool is_matrix = s.shape.rank() >= 2;
    const Matrix w = is_matrix ? Matrix(problem.start, s) : Matrix::row(problem.start, s);
    const Matrix one = Matrix::identity(w.rows), other = Matrix::identity(w.columns);
    states.push_back({w, 0 * w, 0 * w, 0 * one, 0 * other, one, other, is_matrix && w.rows <= longest,
                      is_matrix && w.columns <= longest});
  }
  // Algorithm 4 for Q; the rows of v, which belong to its columns, follow.
  const auto turn = [](const Matrix& p, Matrix& q, Matrix& v) {
    if (p.frobenius_norm() == 0) return;  // nothing has been seen
    const Matrix s = p * q, quotients = q.transposed() * s, old = v;
    std::vector<std::size_t> order(q.columns);
    for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return quotients(a, a) > quotients(b, b); });
    for (std::size_t k = 0; k < order.size(); ++k) {
      for (std::size_t i = 0; i < q.rows; ++i) q(i, k) = s(i, order[k]);
      for (std::size_t j = 0; j < v.columns; ++j) v(k, j) = old(order[k], j);
      for (std::size_t before = 0; before <= k; ++before) {  // Gram & Schmidt, modified; at last the length becomes 1
        double product = 0;
        for (std::size_t i = 0; i < q.rows; ++i) product += q(i, before) * q(i, k);
        for (std::size_t i = 0; i < q.rows; ++i)
          q(i, k) = before < k ? q(i, k) - product * q(i, before) : q(i, k) / std::sqrt(product);
      }
    }
  };
  Vector theta = problem.start;
  Path path;
  for (int t = 0; t < steps; ++t) {
    const Vector gradient = gradient_at(problem, theta);
    for (std::size_t part = 0; part < states.size(); ++part) {
      State& s = states[part];
      const ParameterSlice& slice = problem.slices[part];
      const Matrix g = slice.shape.rank() >= 2 ? Matrix(gradient, slice) : Matrix::row(gradient, slice);
      if (t > 0) {
        const Matrix turned = s.ql.transposed() * g * s.qr;
        s.m = beta1 * s.m + (1 - beta1) * g;
        for (std::size_t i = 0; i < g.numbers.size(); ++i)
          s.v.numbers[i] = beta2 * s.v.numbers[i] + (1 - beta2) * turned.numbers[i] * turned.numbers[i];
        Matrix n = s.ql.transposed() * s.m * s.qr;
        for (std::size_t i = 0; i < n.numbers.size(); ++i) n.numbers[i] /= std::sqrt(s.v.numbers[i]) + epsilon;
        const double step = eta * std::sqrt(1 - std::pow(beta2, t)) / (1 - std::pow(beta1, t));
        s.w = (1 - eta * h("weight_decay")) * (s.w + -step * (s.ql * n * s.qr.transposed()));
      }
      s.l = beta2 * s.l + (1 - beta2) * (g * g.transposed());
      s.r = beta2 * s.r + (1 - beta2) * (g.transposed() * g);
      if (t == 0) {
        if (s.left) s.ql = eigenvectors(s.l);
        if (s.right) s.qr = eigenvectors(s.r);
      } else if (t % frequency == 0) {
        if (s.left) turn(s.l, s.ql, s.v);
        Matrix across = s.v.transposed();
        if (s.right) turn(s.r, s.qr, across);
        s.v = across.transposed();
      }
      for (std::size_t i = 0; i < s.w.numbers.size(); ++i)
        theta[static_cast<std::size_t>(slice.offset) + i] = s.w.numbers[i];
    }
    path.push_back(theta);
  }
  return path;
}

}  // namespace

Transcriptions matrix() {
  // SOAP's sides are of at most 3: those have full rank at the first step, so that their eigenvectors are determined;
  // the gradient of the second step is diagonal in them, where epsilon covers rounding.
  return {
      {
          {"soap", "soap", soap, {0.05, 0.02, 0.01, 0.03}, {{"epsilon", 1e-2}, {"max_dimension", 3}}},
          {"soap_other",
           "soap",
           soap,
           {0.05, 0.02, 0.01, 0.03},
           {{"beta1", 0.8},
            {"beta2", 0.9},
            {"epsilon", 1e-2},
            {"weight_decay", 0.2},
            {"update_interval", 3},
            {"max_dimension", 3}}},
          {"shampoo", "shampoo", shampoo, {0.3, 0.1, 0.05, 0.2}, {}},
          {"shampoo_other",
           "shampoo",
           shampoo,
           {0.1, 0.1, 0.05, 0.1},
           {{"epsilon", 1e-2}, {"momentum", 0.8}, {"update_interval", 7}, {"max_dimension", 10}}},
          {"shampoo_one_sided", "shampoo", shampoo, {0.3, 0.1, 0.05, 0.1}, {{"max_dimension", 4}}},
          {"muon", "muon", muon, {0.02, 0.02, 0.01, 0.02}, {{"adam_learning_rate", 0.02}}},
          {"muon_other",
           "muon",
           muon,
           {0.02, 0.02, 0.01, 0.02},
           {{"momentum", 0.8},
            {"nesterov", 0},
            {"newton_schulz_steps", 3},
            {"weight_decay", 0.2},
            {"adam_learning_rate", 0.01},
            {"beta1", 0.7},
            {"beta2", 0.9},
            {"epsilon", 1e-2}}},
      },
      {{"soap",
        {{"learning_rate", 3e-3},
         {"beta1", 0.95},
         {"beta2", 0.95},
         {"epsilon", 1e-8},
         {"weight_decay", 0.01},
         {"update_interval", 10},
         {"max_dimension", 10000}}},
       {"shampoo",
        {{"learning_rate", 0.1}, {"epsilon", 1e-4}, {"momentum", 0}, {"update_interval", 1}, {"max_dimension", 1024}}},
       {"muon",
        {{"learning_rate", 0.02},
         {"momentum", 0.95},
         {"nesterov", 1},
         {"newton_schulz_steps", 5},
         {"weight_decay", 0},
         {"adam_learning_rate", 3e-4},
         {"beta1", 0.9},
         {"beta2", 0.95},
         {"epsilon", 1e-10}}}}};
}

}  // namespace gradus::optim
