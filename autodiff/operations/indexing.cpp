#include "autodiff/operations/indexing.h"

namespace gradus {

void check_indices(const char* operation, const Tensor& index, std::int64_t limit) {
  const std::int32_t* values = index.data<std::int32_t>();
  for (std::int64_t i = 0; i < index.size(); ++i)
    if (values[i] < 0 || values[i] >= limit)
      throw std::invalid_argument(std::string(operation) + ": index " + std::to_string(values[i]) + " at position " +
                                  std::to_string(i) + " is not in [0, " + std::to_string(limit) + ")");
}

Shape ScatterAdd::shape(Inputs in) const {
  Shape shape = in[0].shape();
  if (shape.rank() == 0 || in[1].shape() != Shape{shape[0]})
    throw std::invalid_argument("scatter_add: " + in[1].shape().to_string() + " indices for rows of " + shape.to_string());
  check_indices(title, in[1], rows);
  shape[0] = rows;
  return shape;
}
void ScatterAdd::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  if (!accumulate) out.fill(0);
  const std::int64_t n = in[1].size(), width = out.shape().size(1, out.shape().rank());
  const std::int32_t* index = in[1].data<std::int32_t>();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* y = out.data<T>();
    const T* x = in[0].data<T>();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t k = 0; k < width; ++k) y[index[i] * width + k] += x[i * width + k];
  });
}

Shape Gather::shape(Inputs in) const {
  Shape shape = in[0].shape();
  if (shape.rank() == 0 || in[1].shape().rank() != 1)
    throw std::invalid_argument("gather: expected rows and a list of indices, got " + shape.to_string() + " and " +
                                in[1].shape().to_string());
  check_indices(title, in[1], shape[0]);
  shape[0] = in[1].size();
  return shape;
}
void Gather::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = in[1].size(), width = out.shape().size(1, out.shape().rank());
  const std::int32_t* index = in[1].data<std::int32_t>();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* y = out.data<T>();
    const T* x = in[0].data<T>();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t k = 0; k < width; ++k)
        y[i * width + k] = (accumulate ? y[i * width + k] : T{0}) + x[index[i] * width + k];
  });
}

}  // namespace gradus
