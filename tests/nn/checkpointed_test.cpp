// A layer that is run again for its derivatives.
#include "nn/layers/checkpointed.h"

#include "tests/nn/layer_check.h"

namespace gradus::nn {
namespace {

TEST(Checkpointed, GivesTheSameNumbersAndUpdatesBuffersOnce) {
  const Tensor x = random_tensor({6, 5}, 1);
  std::vector<std::vector<double>> found;
  for (const bool checkpointed : {false, true}) {
    const Sequential inner{Linear{5, 4}, BatchNorm{4}, Tanh{}, Linear{4, 3}};
    Sequential model = checkpointed ? Sequential{Linear{5, 5}, Checkpointed{inner}} : Sequential{Linear{5, 5}, inner};
    ParameterSet set;
    ParameterScope scope(set);
    model.declare(scope);
    const Tensor theta = set.initial(DType::float64, RandomStream(2)), g = Tensor::zeros(theta.shape(), DType::float64);
    const std::vector<Tensor> buffers = set.initial_buffers(DType::float64), views = set.views(g);
    Tape tape(DType::float64);
    std::vector<Var> leaves;
    for (const Tensor& view : set.views(theta)) leaves.push_back(tape.leaf(view));
    Forward f(leaves, Mode::train, RandomStream(3), buffers);
    gradient(sum(square(model.forward(f, tape.leaf(x)))), leaves, views);
    std::vector<double> numbers = g.to_vector();
    for (const Tensor& buffer : buffers)
      for (const double v : buffer.to_vector()) numbers.push_back(v);
    found.push_back(numbers);
    EXPECT_EQ(set.slices().back().name, "1.3.bias");
  }
  ASSERT_EQ(found[0].size(), found[1].size());
  for (std::size_t i = 0; i < found[0].size(); ++i) EXPECT_NEAR(found[0][i], found[1][i], 1e-12);
}

}  // namespace
}  // namespace gradus::nn
