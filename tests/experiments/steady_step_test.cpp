// A training step in steady state allocates nothing of ours, and memory stays flat.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "experiments/lab/network_objective.h"
#include "experiments/workloads/models.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "optim/optimizer.h"
#include "tests/experiments/allocation_counter.h"
#include "tests/sanitized.h"
#include "tests/support/throws.h"

namespace gradus::lab {
namespace {

std::int64_t resident_pages() {
  std::ifstream file("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident;
}

TEST(SteadyStep, AllocatesNothing) {
  const int pixels = sanitized ? 100 : 784;
  for (const optim::Method& method : optim::methods())
    for (const DType type : {DType::float32, DType::float64}) {
      if (method.family == optim::Family::curvature) continue;  // their records of a point are made anew at each step
      NetworkObjective objective(
          nn::Sequential{nn::Linear{pixels, 128}, nn::Relu{}, nn::Dropout{0.1}, nn::Linear{128, 10}}, nn::cross_entropy,
          type, RandomStream(1));
      // Roots and eigenvectors for the side of 784 would take most of the test's time.
      optim::NamedValues values;
      for (const optim::Hyperparameter& h : method.hyperparameters)
        if (h.name == "max_dimension") values.push_back({h.name, 200});
      const auto optimizer = optim::make_optimizer(method.name, values);
      const Tensor theta = objective.parameters().initial(type, RandomStream(2));
      const Batch batch{Tensor::full({32, pixels}, 0.5, type), Tensor::zeros({32}, DType::int32)};
      const auto step = [&] {
        objective.set_batch(batch);
        optimizer->step(objective, theta);
      };
      for (int i = 0; i < 3; ++i) step();
      const Allocations before = allocations();
      for (int i = 0; i < 20; ++i) step();
      const Allocations after = allocations();
      EXPECT_EQ(after.ours - before.ours, 0) << method.name << " " << name_of(type);
      std::printf("%s %s: allocations a step: ours %.1f, inside oneDNN's calls %.1f\n", method.name.c_str(),
                  name_of(type), static_cast<double>(after.ours - before.ours) / 20,
                  static_cast<double>(after.onednn - before.onednn) / 20);
    }
}

TEST(SteadyStep, AllocatesNothingForAnyModel) {
  for (const workloads::Model& kind : workloads::models()) {
    const auto makes = [&](const workloads::Task& task) {
      return error_of<std::invalid_argument>([&] { kind.make(task); }).empty();
    };
    const workloads::Task image{{28, 28}, 10}, curve{{40}, 10}, text{.input = {64}, .outputs = 64, .tokens = 64};
    const bool tokens = kind.name == "transformer" || kind.name == "recurrent-tokens";
    const workloads::Task task = tokens ? text : makes(image) ? image : curve;
    nn::Sequential model = kind.make(task);
    nn::ParameterSet parameters;
    nn::ParameterScope scope(parameters);
    model.declare(scope);
    const Tensor theta = parameters.initial(DType::float32, RandomStream(1)),
                 gradient = Tensor::zeros(theta.shape(), theta.dtype());
    const std::vector<Tensor> views = parameters.views(theta), out = parameters.views(gradient);
    const std::vector<Tensor> buffers = parameters.initial_buffers(DType::float32);
    const Tensor inputs =
        tokens ? Tensor::zeros({4, 64}, DType::int32) : Tensor::full({4, task.input.size()}, 0.5, DType::float32);
    Tape tape(DType::float32);
    std::vector<Var> leaves;
    const auto step = [&] {
      tape.reset();
      leaves.clear();
      for (const Tensor& view : views) leaves.push_back(tape.leaf(view));
      nn::Forward pass(leaves, nn::Mode::train, RandomStream(2), buffers);
      gradus::gradient(mean(square(model.forward(pass, tape.leaf(inputs)))), leaves, out);
    };
    for (int i = 0; i < 3; ++i) step();
    const Allocations before = allocations();
    for (int i = 0; i < 5; ++i) step();
    const Allocations after = allocations();
    EXPECT_EQ(after.ours - before.ours, 0) << kind.name;
    std::printf("%s: allocations a gradient: ours %.1f, inside oneDNN's calls %.1f\n", kind.name.c_str(),
                static_cast<double>(after.ours - before.ours) / 5,
                static_cast<double>(after.onednn - before.onednn) / 5);
  }
}

TEST(SteadyStep, TheCounterSeesAllocations) {
  const Allocations before = allocations();
  const Tensor tensor = Tensor::zeros({100}, DType::float32);
  EXPECT_GT(allocations().ours, before.ours);
}

TEST(SteadyStep, KeepsMemoryFlatOverTenThousandSteps) {
  NetworkObjective objective(nn::Sequential{nn::Linear{20, 16}, nn::Tanh{}, nn::Linear{16, 3}}, nn::cross_entropy,
                             DType::float32, RandomStream(1));
  const auto optimizer = optim::make_optimizer("adam");
  const Tensor theta = objective.parameters().initial(DType::float32, RandomStream(2));
  const Batch batch{Tensor::full({32, 20}, 0.5, DType::float32), Tensor::zeros({32}, DType::int32)};
  const auto steps = [&](int n) {
    for (int i = 0; i < n; ++i) objective.set_batch(batch), optimizer->step(objective, theta);
  };
  steps(100);
  const std::int64_t before = resident_pages();
  steps(10000);
  EXPECT_LE(resident_pages() - before, sanitized ? 256 : 16);  // sanitizers keep what was freed for a while
}

}  // namespace
}  // namespace gradus::lab
