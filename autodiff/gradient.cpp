#include "autodiff/gradient.h"

#include <fmt/format.h>

#include "autodiff/sweep.h"
#include "autodiff/tensor/error.h"

namespace gradus {
namespace {

void require_scalar(const Var& result) {
  if (result.shape().size() != 1) bad_shapes("gradient", {result.shape()}, "one number");
}

void sweep(std::span<const Var> results, std::span<const Tensor> cotangents, std::span<const Var> leaves,
           std::span<const Tensor> out, bool last) {
  if (results.empty()) throw std::invalid_argument("vjp: no results");
  if (cotangents.size() != results.size())
    throw std::invalid_argument(fmt::format("vjp: {} cotangents for {} results", cotangents.size(), results.size()));
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Tensor& value = results[i].value();
    if (cotangents[i].shape() != value.shape() || cotangents[i].dtype() != value.dtype())
      throw std::invalid_argument(fmt::format("vjp: cotangent {} of {} for a result {} of {}",
                                              cotangents[i].shape().to_string(), name_of(cotangents[i].dtype()),
                                              value.shape().to_string(), name_of(value.dtype())));
  }
  if (leaves.size() != out.size())
    throw std::invalid_argument(fmt::format("vjp: {} leaves, {} destinations", leaves.size(), out.size()));
  EagerSweep(results[0].tape(), last).run("vjp", results, cotangents, leaves, out);
}

void gradient_of(const Var& result, std::span<const Var> leaves, std::span<const Tensor> out, bool last) {
  require_scalar(result);
  with_floating(result.tape().dtype(), [&]<class T>(T) {
    T one = 1;
    const Tensor cotangent = Tensor::view(&one, result.shape(), dtype_of<T>());
    sweep({&result, 1}, {&cotangent, 1}, leaves, out, last);
  });
}

}  // namespace

void vjp(std::span<const Var> results, std::span<const Tensor> cotangents, std::span<const Var> leaves,
         std::span<const Tensor> out) {
  sweep(results, cotangents, leaves, out, false);
}

void vjp(const Var& result, const Tensor& cotangent, std::span<const Var> leaves, std::span<const Tensor> out) {
  vjp({&result, 1}, {&cotangent, 1}, leaves, out);
}

void gradient(const Var& result, std::span<const Var> leaves, std::span<const Tensor> out) {
  gradient_of(result, leaves, out, false);
}

void last_gradient(const Var& result, std::span<const Var> leaves, std::span<const Tensor> out) {
  gradient_of(result, leaves, out, true);
}

std::vector<Tensor> gradient(const Var& result, std::initializer_list<Var> leaves) {
  std::vector<Tensor> out;
  for (const Var& leaf : leaves) out.push_back(Tensor::uninitialized(leaf.shape(), result.tape().dtype()));
  gradient(result, std::span(leaves.begin(), leaves.size()), out);
  return out;
}

std::vector<Var> record_vjp(const Var& result, const Var& cotangent, std::span<const Var> leaves) {
  if (cotangent.shape() != result.shape())
    bad_shapes("vjp", {cotangent.shape()}, "cotangent " + result.shape().to_string() + ", as the result");
  return RecordingSweep(result.tape()).run("vjp", result, cotangent, leaves);
}

void jvp(const Var& result, std::span<const Var> leaves, std::span<const Tensor> tangents, const Tensor& out) {
  if (leaves.size() != tangents.size())
    throw std::invalid_argument(fmt::format("jvp: {} tangents for {} leaves", tangents.size(), leaves.size()));
  const Var u = result.tape().copy(Tensor::zeros(result.shape(), result.tape().dtype()));
  const std::vector<Var> transposed = record_vjp(result, u, leaves);  // J^T u
  vjp(transposed, tangents, {&u, 1}, {&out, 1});
}

std::vector<Var> record_gradient(const Var& result, std::span<const Var> leaves) {
  require_scalar(result);
  const Tensor one = Tensor::full(result.shape(), 1, result.tape().dtype());
  return record_vjp(result, result.tape().copy(one), leaves);
}

std::vector<Var> record_gradient(const Var& result, std::initializer_list<Var> leaves) {
  return record_gradient(result, std::span(leaves.begin(), leaves.size()));
}

}  // namespace gradus
