#include "autodiff/linearization.h"

#include <fmt/format.h>

#include "autodiff/gradient.h"
#include "autodiff/tensor/error.h"

namespace gradus {

Linearization::Linearization(const Var& loss, std::span<const Var> leaves)
    : loss_(loss), leaves_(leaves.begin(), leaves.end()), gradient_(record_gradient(loss, leaves)) {
  for (const Var& leaf : leaves_) size_ += leaf.shape().size();
  v_parts_.resize(leaves_.size());
  out_parts_.resize(leaves_.size());
}

Linearization::Linearization(const Var& loss, const Var& outputs, std::span<const Var> leaves)
    : loss_(loss), outputs_(outputs), leaves_(leaves.begin(), leaves.end()) {
  std::vector<Var> wanted(leaves_);
  wanted.push_back(outputs);
  gradient_ = record_gradient(loss, wanted);
  outputs_gradient_ = gradient_.back();
  gradient_.pop_back();
  for (const Var& leaf : leaves_) size_ += leaf.shape().size();
  v_parts_.resize(leaves_.size());
  out_parts_.resize(leaves_.size());
  tangents_ = Tensor::uninitialized(outputs.shape(), outputs.value().dtype());
  cotangents_ = Tensor::uninitialized(outputs.shape(), outputs.value().dtype());
}

void Linearization::require_outputs(const char* product) const {
  if (!outputs_.defined())
    throw std::logic_error(fmt::format("{}: the linearization was made without the model's outputs", product));
}

void Linearization::split(const Tensor& vector, std::vector<Tensor>& parts) const {
  auto* memory = static_cast<std::byte*>(vector.raw());
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    const Tensor& leaf = leaves_[i].value();
    parts[i] = Tensor::view(memory, leaf.shape(), vector.dtype());
    memory += leaf.bytes();
  }
}

template <class F>
void Linearization::for_each_vector(const char* product, const Tensor& v, const Shape& v_shape, const Tensor& out,
                                    const Shape& out_shape, const F& f) {
  const DType type = loss_.value().dtype();
  const bool several = v.shape().rank() == v_shape.rank() + 1;
  const std::int64_t count = several ? v.shape()[0] : 1;
  const auto is = [&](const Tensor& tensor, const Shape& one) {
    if (!several) return tensor.shape() == one && tensor.dtype() == type;
    Shape all{count};
    for (int axis = 0; axis < one.rank(); ++axis) all.append(one[axis]);
    return tensor.shape() == all && tensor.dtype() == type;
  };
  if (!is(v, v_shape) || !is(out, out_shape))
    throw std::invalid_argument(fmt::format("{}: {} of {} -> {} of {}, expected {} -> {} of {}, or several of them",
                                            product, v.shape().to_string(), name_of(v.dtype()), out.shape().to_string(),
                                            name_of(out.dtype()), v_shape.to_string(), out_shape.to_string(),
                                            name_of(type)));
  for (std::int64_t i = 0; i < count; ++i)
    f(v.part(i * v_shape.size(), v_shape), out.part(i * out_shape.size(), out_shape));
}

void Linearization::gradient(const Tensor& out) const {
  if (out.shape() != Shape{size_}) bad_shapes("gradient", {out.shape()}, Shape{size_}.to_string());
  std::int64_t first = 0;
  for (const Var& part : gradient_) {
    out.part(first, part.shape()).copy_from(part.value());
    first += part.shape().size();
  }
}

void Linearization::hessian_times(const Tensor& v, const Tensor& out) {
  for_each_vector("hessian_times", v, {size_}, out, {size_}, [&](const Tensor& one, const Tensor& result) {
    split(one, v_parts_);
    split(result, out_parts_);
    vjp(gradient_, v_parts_, leaves_, out_parts_);
  });
}

void Linearization::jacobian_times(const Tensor& v, const Tensor& out) {
  require_outputs("jacobian_times");
  for_each_vector("jacobian_times", v, {size_}, out, outputs_.shape(), [&](const Tensor& one, const Tensor& result) {
    split(one, v_parts_);
    vjp(gradient_, v_parts_, {&outputs_gradient_, 1}, {&result, 1});
  });
}

void Linearization::jacobian_transposed_times(const Tensor& u, const Tensor& out) {
  require_outputs("jacobian_transposed_times");
  for_each_vector("jacobian_transposed_times", u, outputs_.shape(), out, {size_},
                  [&](const Tensor& one, const Tensor& result) {
                    split(result, out_parts_);
                    vjp(outputs_, one, leaves_, out_parts_);
                  });
}

void Linearization::gauss_newton_times(const Tensor& v, const Tensor& out) {
  require_outputs("gauss_newton_times");
  for_each_vector("gauss_newton_times", v, {size_}, out, {size_}, [&](const Tensor& one, const Tensor& result) {
    jacobian_times(one, tangents_);
    vjp(outputs_gradient_, tangents_, {&outputs_, 1}, {&cotangents_, 1});
    jacobian_transposed_times(cotangents_, result);
  });
}

void Linearization::fisher_times(const Tensor& scores, const Tensor& v, const Tensor& out) {
  require_outputs("fisher_times");
  const Shape& shape = outputs_.shape();
  if (scores.shape() != shape || scores.dtype() != tangents_.dtype() || shape.rank() == 0 || shape.size() == 0)
    throw std::invalid_argument(fmt::format("fisher_times: scores {} of {} for outputs {} of {}",
                                            scores.shape().to_string(), name_of(scores.dtype()), shape.to_string(),
                                            name_of(tangents_.dtype())));
  for_each_vector("fisher_times", v, {size_}, out, {size_}, [&](const Tensor& one, const Tensor& result) {
    jacobian_times(one, tangents_);
    with_floating(scores.dtype(), [&]<class T>(T) {
      const std::int64_t examples = shape[0], width = shape.size() / examples;
      const T* s = scores.data<T>();
      const T* u = tangents_.data<T>();
      T* w = cotangents_.data<T>();
      for (std::int64_t i = 0; i < examples; ++i) {
        T dot = 0;
        for (std::int64_t k = i * width; k < (i + 1) * width; ++k) dot += s[k] * u[k];
        dot /= static_cast<T>(examples);
        for (std::int64_t k = i * width; k < (i + 1) * width; ++k) w[k] = dot * s[k];
      }
    });
    jacobian_transposed_times(cotangents_, result);
  });
}

void Linearization::empirical_scores(const Tensor& out) const {
  require_outputs("empirical_scores");
  const Tensor& derivative = outputs_gradient_.value();
  if (out.shape() != derivative.shape() || out.dtype() != derivative.dtype() || out.shape().rank() == 0)
    throw std::invalid_argument(
        fmt::format("empirical_scores: {} for outputs {}", out.shape().to_string(), derivative.shape().to_string()));
  with_floating(out.dtype(), [&]<class T>(T) {
    const T examples = static_cast<T>(out.shape()[0]);
    for (std::int64_t i = 0; i < out.size(); ++i) out.data<T>()[i] = examples * derivative.data<T>()[i];
  });
}

}  // namespace gradus
