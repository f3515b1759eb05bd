#include "optim/solvers/kronecker_inverse.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "autodiff/tensor/matrix.h"
#include "autodiff/tensor/positive_definite.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

double mean_of_diagonal(const Tensor& a) {
  const std::int64_t n = a.shape()[0];
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += a.at(i * n + i);
  return sum / static_cast<double>(n);
}

// out = (a + damping I)^-1, in double precision.
bool damped_inverse(const Tensor& a, double damping, const Tensor& out) {
  const std::int64_t n = a.shape()[0];
  const Tensor damped = a.converted(DType::float64), inverse = Tensor::uninitialized(a.shape(), DType::float64);
  for (std::int64_t i = 0; i < n; ++i) damped.data<double>()[i * n + i] += damping;
  if (!invert_positive_definite(damped, inverse)) return false;
  out.copy_from(inverse);
  return true;
}

Tensor matrix_in(Tensor& memory, std::int64_t rows, std::int64_t columns, DType type) {
  if (!memory.defined() || memory.size() < rows * columns || memory.dtype() != type)
    memory = Tensor::uninitialized({rows * columns}, type);
  return memory.part(0, {rows, columns});
}

}  // namespace

KroneckerInverse::Block KroneckerInverse::block(std::int64_t i) const {
  const double* row = layout_.data<double>() + 4 * i;
  return {static_cast<std::size_t>(row[0]), static_cast<std::ptrdiff_t>(row[1]), static_cast<std::int64_t>(row[2]),
          static_cast<std::int64_t>(row[3])};
}

bool KroneckerInverse::covers(std::size_t slice) const {
  for (std::int64_t i = 0; i < block_count(); ++i)
    if (const Block b = block(i); b.weight == slice || b.bias == static_cast<std::ptrdiff_t>(slice)) return true;
  return false;
}

std::int64_t KroneckerInverse::size() const {
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < block_count(); ++i) {
    const Block b = block(i);
    total += b.inputs * b.inputs + b.outputs * b.outputs;
  }
  return total;
}

void KroneckerInverse::take_layout(const std::vector<KroneckerBlock>& blocks) {
  if (blocks.empty())
    throw std::invalid_argument("kfac: the model has no dense layer or ungrouped convolution, expected at least one");
  const Tensor layout = Tensor::uninitialized({static_cast<std::int64_t>(blocks.size()), 4}, DType::float64);
  double* row = layout.data<double>();
  for (const KroneckerBlock& b : blocks) {
    *row++ = static_cast<double>(b.weight);
    *row++ = static_cast<double>(b.bias);
    *row++ = static_cast<double>(b.inputs.shape()[0]);
    *row++ = static_cast<double>(b.outputs.shape()[0]);
  }
  if (!layout_.defined()) layout_ = layout;
  if (layout_.to_vector() != layout.to_vector())
    throw std::invalid_argument("kfac: the model's layers are others than those of the state");
}

void KroneckerInverse::update(const std::vector<KroneckerBlock>& blocks, double weight) {
  take_layout(blocks);
  if (!factors_.defined()) factors_ = Tensor::zeros({size()}, blocks[0].inputs.dtype());
  std::int64_t first = 0;
  for (const KroneckerBlock& b : blocks)
    for (const Tensor& fresh : {b.inputs, b.outputs}) {
      update_each(factors_.part(first, fresh.shape()), fresh, [weight]<class T>(T) {
        return [kept = T(weight), taken = T(1 - weight)](T& f, T x) { f = kept * f + taken * x; };
      });
      first += fresh.size();
    }
}

bool KroneckerInverse::invert(double damping) {
  if (!inverses_.defined()) inverses_ = Tensor::zeros(factors_.shape(), factors_.dtype());
  std::int64_t first = 0;
  for (std::int64_t i = 0; i < block_count(); ++i) {
    const Block b = block(i);
    const Shape shapes[] = {{b.inputs, b.inputs}, {b.outputs, b.outputs}};
    const Tensor inputs = factors_.part(first, shapes[0]), outputs = factors_.part(first + inputs.size(), shapes[1]);
    double ratio = std::sqrt(mean_of_diagonal(inputs) / mean_of_diagonal(outputs));
    if (!std::isfinite(ratio) || ratio <= 0) ratio = 1;
    double weight = damping;
    int attempts = 40;
    while (!(damped_inverse(inputs, ratio * weight, inverses_.part(first, shapes[0])) &&
             damped_inverse(outputs, weight / ratio, inverses_.part(first + inputs.size(), shapes[1])))) {
      if (--attempts == 0) return false;
      weight *= 2;
    }
    first += inputs.size() + outputs.size();
  }
  return true;
}

void KroneckerInverse::times(std::span<const ParameterSlice> slices, const Tensor& vector, const Tensor& out) {
  out.fill(0);
  std::int64_t first = 0;
  for (std::int64_t i = 0; i < block_count(); ++i) {
    const Block b = block(i);
    const ParameterSlice& weight = slices[b.weight];
    const std::int64_t rows = weight.size() / b.outputs;  // of the weight; with a bias, that is one more
    const Tensor inputs = inverses_.part(first, {b.inputs, b.inputs});
    const Tensor outputs = inverses_.part(first + inputs.size(), {b.outputs, b.outputs});
    first += inputs.size() + outputs.size();
    const Tensor gathered = matrix_in(gathered_, b.inputs, b.outputs, vector.dtype());
    const Tensor product = matrix_in(product_, b.inputs, b.outputs, vector.dtype());
    gathered.rows(0, rows).copy_from(weight.of(vector));
    if (b.bias >= 0) gathered.rows(rows, 1).copy_from(slices[static_cast<std::size_t>(b.bias)].of(vector));
    kernels::matmul(product, false, inputs, false, gathered, false);
    kernels::matmul(gathered, false, product, false, outputs, false);
    weight.of(out).copy_from(gathered.rows(0, rows));
    if (b.bias >= 0) slices[static_cast<std::size_t>(b.bias)].of(out).copy_from(gathered.rows(rows, 1));
  }
}

void KroneckerInverse::visit(StateVisitor& visitor) {
  visitor.tensor("factor_layout", layout_);
  visitor.tensor("factors", factors_);
  visitor.tensor("inverses", inverses_);
}

}  // namespace gradus::optim
