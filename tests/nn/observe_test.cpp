// What layers show of the inside of a model.
#include <gtest/gtest.h>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "nn/layers.h"
#include "tests/support/tensors.h"

namespace gradus::nn {
namespace {

// A model with its parameters on a tape.
struct OnTape {
  explicit OnTape(Layer its_model) : model(std::move(its_model)) {
    ParameterScope scope(parameters);
    model.declare(scope);
    theta = parameters.initial(DType::float64, RandomStream(1));
    for (const Tensor& view : parameters.views(theta)) leaves.push_back(tape.leaf(view));
  }
  Layer model;
  ParameterSet parameters;
  Tensor theta;
  Tape tape{DType::float64};
  std::vector<Var> leaves;
};

TEST(Observe, SequentialShowsEachLayersOutput) {
  OnTape on(Sequential{Linear{3, 4}, Tanh{}, Sequential{Linear{4, 2}, Flatten{}}});
  const Tensor x = random_tensor({5, 3}, 2);
  std::vector<Observed> seen;
  Forward pass(on.leaves, Mode::train, RandomStream(3));
  pass.collect_observed(seen);
  const Var y = on.model.forward(pass, on.tape.leaf(x));
  std::vector<std::string> names;
  for (const Observed& o : seen) names.emplace_back(o.name);
  EXPECT_EQ(names, (std::vector<std::string>{"0 Linear", "1 Activation", "2.0 Linear", "2.1 Flatten", "2 Sequential"}));

  // The values are those of the formulas: no later layer has written over them.
  const auto views = on.parameters.views(on.theta);
  Tape apart(DType::float64);
  const Var h = affine(apart.leaf(x), apart.leaf(views[0]), apart.leaf(views[1]));
  const Var t = tanh(h), o = affine(t, apart.leaf(views[2]), apart.leaf(views[3]));
  EXPECT_EQ(seen[0].value.value().to_vector(), h.value().to_vector());
  EXPECT_EQ(seen[1].value.value().to_vector(), t.value().to_vector());
  EXPECT_EQ(seen[2].value.value().to_vector(), o.value().to_vector());
  EXPECT_EQ(seen[4].value.value().to_vector(), y.value().to_vector());

  // So are their derivatives, of all of them at once.
  std::vector<Var> values;
  std::vector<Tensor> slopes;
  for (const Observed& value : seen) {
    values.push_back(value.value);
    slopes.push_back(Tensor::zeros(value.value.shape(), DType::float64));
  }
  gradient(sum(square(y)), values, slopes);
  const std::vector<Tensor> expected = gradient(sum(square(o)), {h, t, o});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(slopes[i].to_vector(), expected[i].to_vector()) << names[i];
  EXPECT_EQ(slopes[4].to_vector(), expected[2].to_vector());
}

TEST(Observe, ChangesNoNumber) {
  const Tensor x = random_tensor({5, 3}, 2);
  const auto gradients = [&](bool looks) {
    OnTape on(Sequential{Linear{3, 4}, Relu{}, Linear{4, 2}, Softplus{}});
    std::vector<Observed> seen;
    Forward pass(on.leaves, Mode::train, RandomStream(3));
    if (looks) pass.collect_observed(seen);
    const Var loss = sum(square(on.model.forward(pass, on.tape.leaf(x))));
    const Tensor all = Tensor::zeros(on.theta.shape(), DType::float64);
    last_gradient(loss, on.leaves, on.parameters.views(all));
    EXPECT_EQ(seen.empty(), !looks);
    return all.to_vector();
  };
  EXPECT_EQ(gradients(true), gradients(false));
}

}  // namespace
}  // namespace gradus::nn
