#include "autodiff/kronecker.h"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/kernels/products.h"
#include "autodiff/kernels/scratch.h"
#include "autodiff/layer_use.h"
#include "autodiff/sweep.h"
#include "autodiff/tensor/vectors.h"

namespace gradus {
namespace {

// What the sweep has found out about one leaf.
struct Found {
  bool other_use = false;      // as anything but the weight or bias of one layer
  std::ptrdiff_t bias = -1;    // of a weight: its bias
  std::ptrdiff_t weight = -1;  // of a bias: its weight
  std::int64_t rows = 0;       // of all its uses as a weight
  Tensor inputs, outputs;
};

struct InputRows;
struct PatchRows;

// Adds a^T a for the layer's inputs a, with a column of ones at their end if there is a bias, slab by slab of rows.
template <class T>
void add_inputs(const SharedOperands& operation, Inputs in, const LayerUse& layer, bool bias, const Tensor& sum) {
  constexpr std::int64_t slab_elements = 1 << 20;
  const std::int64_t width = layer.width + bias;
  const std::int64_t slab = std::clamp<std::int64_t>(slab_elements / std::max<std::int64_t>(width, 1), 16, 8192);
  for (std::int64_t first = 0; first < layer.rows; first += slab) {
    const std::int64_t count = std::min(slab, layer.rows - first);
    const Tensor rows =
        Tensor::view(kernels::scratch<InputRows, T>(count * layer.width), {count, layer.width}, dtype_of<T>());
    operation.layer_inputs(in, first, rows);
    if (!bias) {
      kernels::matmul(sum, true, rows, true, rows, false);
      continue;
    }
    const Tensor with_one = Tensor::view(kernels::scratch<PatchRows, T>(count * width), {count, width}, dtype_of<T>());
    for (std::int64_t r = 0; r < count; ++r) {
      std::copy_n(rows.data<T>() + r * layer.width, layer.width, with_one.data<T>() + r * width);
      with_one.data<T>()[r * width + layer.width] = 1;
    }
    kernels::matmul(sum, true, with_one, true, with_one, false);
  }
}

Tensor zeros_in(Tensor memory, const Shape& shape, DType type) {
  vectors::shaped(memory, shape, type).fill(0);
  return memory;
}

}  // namespace

void kronecker_factors(const Var& outputs, const Tensor& cotangents, std::int64_t examples, std::span<const Var> leaves,
                       std::vector<KroneckerBlock>& blocks) {
  const DType type = outputs.value().dtype();
  if (cotangents.shape() != outputs.shape() || cotangents.dtype() != type)
    throw std::invalid_argument(fmt::format("kronecker_factors: cotangents {} of {} for outputs {} of {}",
                                            cotangents.shape().to_string(), name_of(cotangents.dtype()),
                                            outputs.shape().to_string(), name_of(type)));
  if (examples < 1)
    throw std::invalid_argument(fmt::format("kronecker_factors: {} examples, expected at least 1", examples));

  std::vector<Found> found(leaves.size());
  const auto leaf_at = [&](const Tensor& operand) {
    for (std::size_t i = 0; i < leaves.size(); ++i)
      if (leaves[i].value().raw() == operand.raw()) return static_cast<std::ptrdiff_t>(i);
    return std::ptrdiff_t{-1};
  };
  const auto memory_of = [&](std::size_t leaf) {
    for (const KroneckerBlock& block : blocks)
      if (block.weight == leaf) return std::pair(block.inputs, block.outputs);
    return std::pair(Tensor(), Tensor());
  };
  const auto use = [&](std::size_t leaf, const AnyOperation& operation, int operand, Inputs in, const Tensor& dy) {
    Found& f = found[leaf];
    const SharedOperands* shared = SharedOperands::of(operation);
    const LayerUse layer = shared ? shared->as_layer(in) : LayerUse{};
    if (layer.weight < 0 || layer.rows == 0 || (operand != layer.weight && operand != layer.bias)) f.other_use = true;
    if (operand != layer.weight || f.other_use) return;
    const std::ptrdiff_t bias = layer.bias < 0 ? -1 : leaf_at(in[layer.bias]);
    const std::int64_t width = layer.width + (bias >= 0), columns = dy.size() / layer.rows;
    if (f.rows == 0) {
      const auto [a, g] = memory_of(leaf);
      f.bias = bias;
      f.inputs = zeros_in(a, {width, width}, type);
      f.outputs = zeros_in(g, {columns, columns}, type);
    }
    if (bias >= 0) {
      std::ptrdiff_t& owner = found[static_cast<std::size_t>(bias)].weight;
      if (owner >= 0 && owner != static_cast<std::ptrdiff_t>(leaf))
        found[static_cast<std::size_t>(bias)].other_use = true;
      owner = static_cast<std::ptrdiff_t>(leaf);
    }
    if (f.bias != bias) {
      f.other_use = true;
      return;
    }
    f.rows += layer.rows;
    with_floating(type, [&]<class T>(T) { add_inputs<T>(*shared, in, layer, bias >= 0, f.inputs); });
    const Tensor g = dy.reshaped({layer.rows, columns});
    kernels::matmul(f.outputs, true, g, true, g, false);
  };
  EagerSweep(outputs.tape()).visit_uses("kronecker_factors", outputs, cotangents, leaves, use);

  std::vector<KroneckerBlock> result;
  for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf) {
    const Found& f = found[leaf];
    if (f.rows == 0 || f.other_use) continue;
    const bool bias_elsewhere = f.bias >= 0 && found[static_cast<std::size_t>(f.bias)].other_use;
    if (bias_elsewhere) continue;
    vectors::scale(1.0 / static_cast<double>(f.rows), f.inputs);
    vectors::scale(1.0 / static_cast<double>(examples), f.outputs);
    result.push_back({leaf, f.bias, f.inputs, f.outputs});
  }
  blocks = std::move(result);
}

}  // namespace gradus
