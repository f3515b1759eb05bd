// How curved is the loss of a network at its starting point? Derivatives and curvature without the laboratory.
#include <cstdio>

#include "autodiff/curvature/lanczos.h"
#include "autodiff/curvature/trace.h"
#include "autodiff/linearization.h"
#include "autodiff/operations.h"
#include "autodiff/per_example.h"
#include "nn/layers.h"

using namespace gradus;

int main() {
  nn::Sequential model = nn::multilayer_perceptron({20, 30, 3}, {.activation = nn::Tanh{}});
  nn::ParameterSet parameters;
  nn::ParameterScope scope(parameters);
  model.declare(scope);
  const Tensor theta = parameters.initial(DType::float32, RandomStream(0));

  const Tensor inputs = Tensor::uninitialized({64, 20}, DType::float32), labels = Tensor::zeros({64}, DType::int32);
  RandomStream random(1);
  for (float& x : inputs.elements<float>()) x = static_cast<float>(random.normal());
  for (std::int32_t& label : labels.elements<std::int32_t>()) label = static_cast<std::int32_t>(random.below(3));

  Tape tape(DType::float32);
  std::vector<Var> leaves;
  for (const Tensor& view : parameters.views(theta)) leaves.push_back(tape.leaf(view));
  nn::Forward pass(leaves, nn::Mode::train, RandomStream(2));
  const Var outputs = model.forward(pass, tape.leaf(inputs));
  const Var losses = cross_entropy_each(outputs, tape.leaf(labels)), loss = mean(losses);

  Linearization at(loss, outputs, leaves);  // records value and gradient once
  const auto vector = [&] { return Tensor::zeros({at.size()}, DType::float32); };
  const Tensor gradient = vector(), product = vector();
  at.gradient(gradient);
  at.hessian_times(gradient, product);       // H g: one sweep
  at.gauss_newton_times(gradient, product);  // J^T H_L J g

  const LinearOperator hessian{at.size(), DType::float32,
                               [&](const Tensor& v, const Tensor& out) { at.hessian_times(v, out); }};
  const EigenPairs extreme = lanczos(hessian, random, {.count = 2});
  const TraceEstimate trace = hutch_plus_plus(hessian, 60, random);

  const Tensor squared_norms = Tensor::zeros({64}, DType::float32);
  per_example_squared_norms(losses, leaves, squared_norms);

  std::printf("loss %.4f, %lld parameters\n", at.value(), static_cast<long long>(at.size()));
  std::printf("eigenvalues of largest magnitude %.4f, %.4f after %lld products\n", extreme.values[0], extreme.values[1],
              static_cast<long long>(extreme.products));
  std::printf("trace %.3f +- %.3f\n", trace.value, trace.standard_error);
  std::printf("squared norm of the first example's gradient %.4f\n", squared_norms.at(0));
  return std::fflush(stdout) == 0 ? 0 : 1;
}
