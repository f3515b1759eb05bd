#include "autodiff/per_example.h"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/gradient.h"
#include "autodiff/layer_use.h"
#include "autodiff/sweep.h"
#include "autodiff/tensor/error.h"

namespace gradus {
namespace {

struct Batch {
  std::int64_t examples, parameters = 0;
  std::vector<std::int64_t> first;  // of each leaf in the flat vector
  DType type;
};

Batch rows_of(const Var& outputs, std::span<const Var> leaves) {
  Batch batch{outputs.shape()[0], 0, {}, outputs.value().dtype()};
  for (const Var& leaf : leaves) {
    batch.first.push_back(batch.parameters);
    batch.parameters += leaf.shape().size();
  }
  return batch;
}

Batch batch_of(const char* function, const Var& losses, std::span<const Var> leaves) {
  if (losses.shape().rank() != 1 || losses.shape()[0] == 0)
    bad_shapes(function, {losses.shape()}, "losses [n] with one number an example");
  return rows_of(losses, leaves);
}

void require(const char* function, const Tensor& out, const Shape& shape, DType type) {
  if (out.shape() != shape || out.dtype() != type)
    throw std::invalid_argument(fmt::format("{}: destination {} of {}, expected {} of {}", function,
                                            out.shape().to_string(), name_of(out.dtype()), shape.to_string(),
                                            name_of(type)));
}

using Use = std::function<void(std::size_t leaf, const AnyOperation&, int operand, Inputs in, const Tensor& dy)>;

void visit(const char* function, const Var& outputs, const Tensor& cotangents, std::span<const Var> leaves,
           const Use& use) {
  EagerSweep(outputs.tape())
      .visit_uses(function, outputs, cotangents, leaves,
                  [&](auto leaf, auto& operation, int operand, Inputs in, const Tensor& dy) {
                    if (dy.shape().rank() == 0 || dy.shape()[0] != outputs.shape()[0])
                      throw std::invalid_argument(
                          fmt::format("{}: {} with result {} uses a leaf, expected {} rows, one an example", function,
                                      operation.name(), dy.shape().to_string(), outputs.shape()[0]));
                    use(leaf, operation, operand, in, dy);
                  });
}

Tensor ones(const Var& losses) { return Tensor::full(losses.shape(), 1, losses.value().dtype()); }

// Adds the quantity onto `out`; false if the operation does not know how.
bool per_example(PerExample what, const AnyOperation& operation, int operand, Inputs in, const Tensor& dy,
                 const Tensor& out) {
  const SharedOperands* shared = SharedOperands::of(operation);
  return shared && shared->per_example(what, operand, in, dy, out);
}

[[noreturn]] void refuse(const char* function, const AnyOperation& operation, int operand) {
  throw std::invalid_argument(fmt::format("{}: a leaf is operand {} of {}, which cannot tell examples apart", function,
                                          operand, operation.name()));
}

// The gradients of one leaf from all its uses, [n, elements of the leaf].
class LeafGradients {
 public:
  LeafGradients(const Batch& batch, std::span<const Var> leaves)
      : batch_(batch), leaves_(leaves), gradients_(leaves.size()) {}
  void add(const char* function, std::size_t leaf, const AnyOperation& operation, int operand, Inputs in,
           const Tensor& dy) {
    if (!gradients_[leaf].defined())
      gradients_[leaf] = Tensor::zeros({batch_.examples, leaves_[leaf].shape().size()}, batch_.type);
    if (!per_example(PerExample::gradients, operation, operand, in, dy, gradients_[leaf]))
      refuse(function, operation, operand);
  }
  const Tensor& operator[](std::size_t leaf) const { return gradients_[leaf]; }

 private:
  const Batch& batch_;
  std::span<const Var> leaves_;
  std::vector<Tensor> gradients_;
};

std::vector<int> count_uses(const char* function, const Var& outputs, const Tensor& cotangents,
                            std::span<const Var> leaves) {
  std::vector<int> uses(leaves.size());
  visit(function, outputs, cotangents, leaves,
        [&](std::size_t leaf, const AnyOperation&, int, Inputs, const Tensor&) { ++uses[leaf]; });
  return uses;
}

// The sum over the examples of their gradients' squares, for every leaf.
void sum_of_squares(const char* function, const Batch& batch, const Var& outputs, const Tensor& cotangents,
                    std::span<const Var> leaves, const Tensor& squares) {
  squares.fill(0);
  const std::vector<int> uses = count_uses(function, outputs, cotangents, leaves);
  LeafGradients formed(batch, leaves);
  const auto slice = [&](std::size_t leaf) { return squares.part(batch.first[leaf], leaves[leaf].shape()); };
  visit(function, outputs, cotangents, leaves,
        [&](std::size_t leaf, const AnyOperation& operation, int operand, Inputs in, const Tensor& dy) {
          if (uses[leaf] == 1 && per_example(PerExample::sum_of_squares, operation, operand, in, dy, slice(leaf)))
            return;
          formed.add(function, leaf, operation, operand, in, dy);
        });
  with_floating(batch.type, [&]<class T>(T) {
    for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf) {
      if (!formed[leaf].defined()) continue;
      const std::int64_t size = leaves[leaf].shape().size();
      T* sums = squares.data<T>() + batch.first[leaf];
      for (std::int64_t i = 0; i < batch.examples; ++i)
        for (std::int64_t k = 0; k < size; ++k) {
          const T g = formed[leaf].template data<T>()[i * size + k];
          sums[k] += g * g;
        }
    }
  });
}

}  // namespace

void per_example_gradients(const Var& losses, std::span<const Var> leaves, const Tensor& gradients) {
  constexpr const char* function = "per_example_gradients";
  const Batch batch = batch_of(function, losses, leaves);
  require(function, gradients, {batch.examples, batch.parameters}, batch.type);
  gradients.fill(0);
  LeafGradients of(batch, leaves);
  visit(function, losses, ones(losses), leaves,
        [&](std::size_t leaf, const AnyOperation& operation, int operand, Inputs in, const Tensor& dy) {
          of.add(function, leaf, operation, operand, in, dy);
        });
  with_floating(batch.type, [&]<class T>(T) {
    for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf) {
      if (!of[leaf].defined()) continue;
      const std::int64_t size = leaves[leaf].shape().size();
      for (std::int64_t i = 0; i < batch.examples; ++i)
        std::copy_n(of[leaf].template data<T>() + i * size, size,
                    gradients.data<T>() + i * batch.parameters + batch.first[leaf]);
    }
  });
}

void per_example_squared_norms(const Var& losses, std::span<const Var> leaves, const Tensor& squared_norms) {
  constexpr const char* function = "per_example_squared_norms";
  const Batch batch = batch_of(function, losses, leaves);
  require(function, squared_norms, {batch.examples}, batch.type);
  squared_norms.fill(0);
  const std::vector<int> uses = count_uses(function, losses, ones(losses), leaves);
  LeafGradients formed(batch, leaves);
  visit(function, losses, ones(losses), leaves,
        [&](std::size_t leaf, const AnyOperation& operation, int operand, Inputs in, const Tensor& dy) {
          if (uses[leaf] == 1 && per_example(PerExample::squared_norms, operation, operand, in, dy, squared_norms))
            return;
          formed.add(function, leaf, operation, operand, in, dy);
        });
  with_floating(batch.type, [&]<class T>(T) {
    for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf) {
      if (!formed[leaf].defined()) continue;
      const std::int64_t size = leaves[leaf].shape().size();
      for (std::int64_t i = 0; i < batch.examples; ++i) {
        T sum = 0;
        for (const T g : formed[leaf].rows(i, 1).template elements<T>()) sum += g * g;
        squared_norms.data<T>()[i] += size ? sum : T{0};
      }
    }
  });
}

void gradient_mean_and_variance(const Var& losses, std::span<const Var> leaves, const Tensor& mean,
                                const Tensor& variance) {
  constexpr const char* function = "gradient_mean_and_variance";
  const Batch batch = batch_of(function, losses, leaves);
  require(function, mean, {batch.parameters}, batch.type);
  require(function, variance, {batch.parameters}, batch.type);
  if (batch.examples < 2) throw std::invalid_argument(fmt::format("{}: one example has no variance", function));
  sum_of_squares(function, batch, losses, ones(losses), leaves, variance);
  std::vector<Tensor> parts;
  for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf)
    parts.push_back(mean.part(batch.first[leaf], leaves[leaf].shape()));
  vjp(losses, Tensor::full(losses.shape(), 1.0 / static_cast<double>(batch.examples), batch.type), leaves, parts);
  with_floating(batch.type, [&]<class T>(T) {
    const T n = static_cast<T>(batch.examples);
    for (std::int64_t k = 0; k < batch.parameters; ++k) {
      const T m = mean.data<T>()[k];
      T& v = variance.data<T>()[k];
      v = std::max(v / n - m * m, T{0}) * (n / (n - 1));
    }
  });
}

void per_example_mean_squares(const Var& outputs, const Tensor& cotangents, std::span<const Var> leaves,
                              const Tensor& squares) {
  constexpr const char* function = "per_example_mean_squares";
  if (outputs.shape().rank() == 0 || outputs.shape()[0] == 0)
    bad_shapes(function, {outputs.shape()}, "outputs [n, ..] with an example in each row");
  const Batch batch = rows_of(outputs, leaves);
  require(function, cotangents, outputs.shape(), batch.type);
  require(function, squares, {batch.parameters}, batch.type);
  sum_of_squares(function, batch, outputs, cotangents, leaves, squares);
  with_floating(batch.type, [&]<class T>(T) {
    for (T& x : squares.elements<T>()) x /= static_cast<T>(batch.examples);
  });
}

}  // namespace gradus
