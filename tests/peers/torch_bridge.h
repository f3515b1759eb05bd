// A function computed by us and by libtorch from the same numbers, and the comparison of the two: the value, and the
// gradient with respect to every input.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tests/nn/layer_check.h"

namespace gradus::nn {

using Vars = std::vector<Var>;
using Array = torch::Tensor;
using Arrays = std::vector<Array>;

// The same function of the same inputs, ours and theirs.
struct Case {
  std::string name;
  std::vector<Shape> shapes;  // of the inputs; after x, a layer's inputs are its parameters
  std::function<Var(const Vars&)> ours;
  std::function<Array(const Arrays&)> theirs;
};

// Normal: standard normal numbers. Whole: the same rounded, where kinks and ties are. Extreme: one input of tiny and
// huge numbers instead of the shape asked for.
enum class Inputs { normal, whole, extreme };

inline const std::vector<double> extremes{0,  -0.0, 1e-30, -1e-30, 1e-8, -1e-8, 15,   -15,
                                          30, -30,  100,   -100,   1e4,  -1e4,  1e30, -1e30};

inline torch::ScalarType torch_type(DType type) {
  return type == DType::float64 ? torch::kFloat64 : type == DType::float32 ? torch::kFloat32 : torch::kInt32;
}

// Relative.
inline double tolerance_of(DType type) { return type == DType::float64 ? 1e-10 : 1e-4; }

// A copy; indices become int64, which is what libtorch takes.
inline Array to_torch(const Tensor& t) {
  std::vector<std::int64_t> sizes;
  for (int axis = 0; axis < t.shape().rank(); ++axis) sizes.push_back(t.shape()[axis]);
  const Array array = torch::from_blob(t.raw(), sizes, torch_type(t.dtype())).clone();
  return t.dtype() == DType::int32 ? array.to(torch::kInt64) : array;
}

// Equal shapes, and equal elements up to the tolerance times the largest of theirs; `each`: times the element, at
// least 1.
inline testing::AssertionResult agree(const Tensor& ours, const Array& theirs, double tolerance, bool each = false) {
  Shape shape;
  for (const std::int64_t extent : theirs.sizes()) shape.append(extent);
  if (!(ours.shape() == shape))
    return testing::AssertionFailure() << ours.shape().to_string() << ", libtorch " << shape.to_string();
  const Array wide = theirs.detach().to(torch::kFloat64).contiguous();
  const double largest = shape.size() == 0 ? 0 : wide.abs().max().item<double>();
  for (std::int64_t i = 0; i < shape.size(); ++i) {
    const double a = ours.at(i), b = wide.data_ptr<double>()[i], scale = each ? std::max(std::abs(b), 1.0) : largest;
    if (!(a == b || std::abs(a - b) <= tolerance * scale))
      return testing::AssertionFailure() << "element " << i << ": " << a << ", libtorch " << b << ", off by " << a - b;
  }
  return testing::AssertionSuccess();
}

inline Tensor input_of(const Shape& shape, std::uint64_t seed, DType type, Inputs inputs) {
  if (inputs == Inputs::extreme) return Tensor::of({static_cast<std::int64_t>(extremes.size())}, extremes, type);
  const Tensor t = random_tensor(shape, seed, type);
  if (inputs == Inputs::whole)
    for (std::int64_t i = 0; i < t.size(); ++i) t.set(i, std::round(1.5 * t.at(i)));
  return t;
}

// The result, and its derivative in the direction of a random cotangent.
inline void compare(const Case& c, DType type, Inputs inputs = Inputs::normal) {
  SCOPED_TRACE(c.name + " in " + name_of(type) +
               (inputs == Inputs::whole     ? ", whole numbers"
                : inputs == Inputs::extreme ? ", extreme numbers"
                                            : ""));
  const double tolerance = tolerance_of(type);
  const bool each = inputs == Inputs::extreme;
  Tape tape(type);
  Vars leaves;
  Arrays arrays;
  std::vector<Tensor> gradients;
  for (std::size_t i = 0; i < c.shapes.size(); ++i) {
    const Tensor input = input_of(c.shapes[i], i + 1, type, inputs);
    leaves.push_back(tape.copy(input));
    arrays.push_back(to_torch(input).requires_grad_());
    gradients.push_back(Tensor::uninitialized(input.shape(), type));
  }
  const Var result = c.ours(leaves);
  const Array expected = c.theirs(arrays);
  ASSERT_TRUE(agree(result.value(), expected, tolerance, each));

  const Tensor cotangent = random_tensor(result.shape(), 99, type);
  vjp(result, cotangent, leaves, gradients);
  const Arrays theirs = torch::autograd::grad({expected}, arrays, {to_torch(cotangent)}, false, false, true);
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const Array gradient = theirs[i].defined() ? theirs[i] : torch::zeros_like(arrays[i]);
    EXPECT_TRUE(agree(gradients[i], gradient, tolerance, each)) << "gradient with respect to input " << i;
  }
}

inline void compare(const std::vector<Case>& cases, std::initializer_list<Inputs> all = {Inputs::normal}) {
  at::set_num_threads(1);
  for (const Case& c : cases)
    for (const Inputs inputs : all)
      for (const DType type : {DType::float64, DType::float32}) compare(c, type, inputs);
}

// The parameters, for a Forward.
inline std::span<const Var> from(const Vars& v, std::size_t first) { return std::span<const Var>(v).subspan(first); }

// A layer on x; theirs gets {x, parameters...}.
template <class L>
Case layer_case(const std::string& name, const L& layer, const Shape& x, std::function<Array(const Arrays&)> theirs) {
  const Declared<L> declared(layer);
  std::vector<Shape> shapes{x};
  for (const ParameterSlice& slice : declared.set.slices()) shapes.push_back(slice.shape);
  const auto ours = [l = declared.layer](const Vars& v) {
    Forward f(from(v, 1), Mode::train, RandomStream(0));
    return l.forward(f, v[0]);
  };
  return {name, shapes, ours, std::move(theirs)};
}

// Images [batch, height, width, channels] <-> [batch, channels, height, width]
inline Array channels_first(const Array& x) { return x.permute({0, 3, 1, 2}); }
inline Array channels_last(const Array& x) { return x.permute({0, 2, 3, 1}); }

// A function whose name is the same in both.
template <class Function>
Case same(const std::string& name, const std::vector<Shape>& shapes, Function f) {
  return {name, shapes, [f](const Vars& v) { return Var(f(v)); }, [f](const Arrays& v) { return Array(f(v)); }};
}

}  // namespace gradus::nn
