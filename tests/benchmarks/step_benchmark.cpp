// Our training step and gradient (gradus/...), and the same step written by hand without autodiff, with the same
// kernels (by_hand/...). Names, data and batch sizes are those of peer_torch.cpp.
#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

#include "autodiff/gradient.h"
#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"
#include "autodiff/kernels/products.h"
#include "experiments/records/program.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "optim/optimizer.h"
#include "process/heap.h"
#include "process/subnormals.h"

namespace {

using namespace gradus;

// A network on one fixed batch, as an objective.
class Problem final : public optim::Objective {
 public:
  enum class Kind { classify, regress };
  Problem(std::vector<std::int64_t> sizes, const nn::Layer& activation, std::int64_t batch, Kind kind)
      : model_(nn::multilayer_perceptron(sizes, {.activation = activation})), kind_(kind) {
    nn::ParameterScope scope(parameters_);
    model_.declare(scope);
    RandomStream random(1, "data");
    inputs = Tensor::uninitialized({batch, sizes.front()}, DType::float32);
    for (float& x : inputs.elements<float>()) x = static_cast<float>(random.uniform());
    if (kind == Kind::classify) {
      targets = Tensor::uninitialized({batch}, DType::int32);
      for (auto& label : targets.elements<std::int32_t>())
        label = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(sizes.back())));
    } else {
      targets = Tensor::uninitialized({batch, sizes.back()}, DType::float32);
      for (float& x : targets.elements<float>()) x = static_cast<float>(random.normal());
    }
    theta = parameters_.initial(DType::float32, RandomStream(2, "initialisation"));
    theta_views_ = parameters_.views(theta);
  }
  std::int64_t size() const override { return parameters_.size(); }
  DType dtype() const override { return DType::float32; }
  double compute_value(const Tensor&) override { return forward().item(); }
  double compute_gradient(const Tensor&, const Tensor& gradient) override {
    if (gradient_views_.empty()) gradient_views_ = parameters_.views(gradient);
    const Var loss = forward();
    last_gradient(loss, leaves_, gradient_views_);
    return loss.item();
  }

  Tensor inputs, targets, theta;

 private:
  Var forward() {
    tape_.reset();
    leaves_.clear();
    for (const Tensor& view : theta_views_) leaves_.push_back(tape_.leaf(view));
    nn::Forward pass(leaves_, nn::Mode::train, RandomStream(0));
    const Var outputs = model_.forward(pass, tape_.leaf(inputs)), target = tape_.leaf(targets);
    return kind_ == Kind::classify ? nn::cross_entropy(outputs, target) : nn::mean_squared_error(outputs, target);
  }
  nn::Sequential model_;
  Kind kind_;
  nn::ParameterSet parameters_;
  Tape tape_;
  std::vector<Var> leaves_;
  std::vector<Tensor> theta_views_, gradient_views_;
};

Problem image_classifier(std::int64_t batch) {
  return Problem({784, 128, 10}, nn::Relu{}, batch, Problem::Kind::classify);
}

void step(benchmark::State& state, Problem problem, const std::string& optimizer_name) {
  const auto optimizer = optim::make_optimizer(optimizer_name, {{"learning_rate", 1e-5}});
  for (auto _ : state) benchmark::DoNotOptimize(optimizer->step(problem, problem.theta).loss);
}

void gradient_only(benchmark::State& state, Problem problem) {
  for (auto _ : state) {
    problem.move_to(problem.theta);
    benchmark::DoNotOptimize(problem.gradient().raw());
  }
}

// The optimizer's own part of a step: the gradient is given.
class FixedGradient final : public optim::Objective {
 public:
  explicit FixedGradient(Tensor gradient) : gradient_(std::move(gradient)) {}
  std::int64_t size() const override { return gradient_.size(); }
  DType dtype() const override { return DType::float32; }
  double compute_value(const Tensor&) override { return 0; }
  double compute_gradient(const Tensor&, const Tensor& gradient) override {
    if (!written_) gradient.copy_from(gradient_);  // into the same memory each time
    written_ = true;
    return 0;
  }

 private:
  Tensor gradient_;
  bool written_ = false;
};

void update_only(benchmark::State& state, const Tensor& theta, const Tensor& gradient,
                 const std::string& optimizer_name) {
  const auto optimizer = optim::make_optimizer(optimizer_name, {{"learning_rate", 1e-5}});
  FixedGradient objective(gradient);
  optimizer->step(objective, theta);  // allocates its state; the first touch of that memory is no part of an update
  for (auto _ : state) benchmark::DoNotOptimize(optimizer->step(objective, theta).loss);
}

void update_of_network(benchmark::State& state, Problem problem, const std::string& optimizer_name) {
  const Tensor gradient = Tensor::zeros(problem.theta.shape(), DType::float32);
  problem.compute_gradient(problem.theta, gradient);
  update_only(state, problem.theta, gradient, optimizer_name);
}

// Ten million parameters, more than any cache holds. `vectors` is how often an update passes over a vector of their
// size, reading or writing: theta and each state vector are read and written, the gradient is read.
struct LargeUpdate {
  const char* optimizer;
  int vectors;
};
constexpr std::int64_t ten_million = 10'000'000;
constexpr LargeUpdate large_updates[] = {{"sgd", 3}, {"momentum", 5}, {"adam", 7}, {"rmsprop", 5}};

void count_bytes(benchmark::State& state, int vectors) {
  const double bytes = 4.0 * static_cast<double>(ten_million) * vectors;
  state.counters["GB/s"] =
      benchmark::Counter(bytes * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void large_update(benchmark::State& state, const LargeUpdate& update) {
  const Tensor theta = Tensor::full({ten_million}, 1, DType::float32);
  const Tensor gradient = Tensor::uninitialized({ten_million}, DType::float32);
  RandomStream random(3, "gradient");
  for (float& x : gradient.elements<float>()) x = static_cast<float>(random.normal());
  update_only(state, theta, gradient, update.optimizer);
  count_bytes(state, update.vectors);
}

// A loop by hand over the same vectors: the gradient is read, theta and each state read and written in place. What the
// machine moves at most, without the update's formula and without a look at the gradient beforehand.
template <std::size_t... changed>
void large_streams(benchmark::State& state, std::index_sequence<changed...>) {
  const auto vector = [](std::size_t) { return Tensor::full({ten_million}, 1, DType::float32); };
  const Tensor gradient = vector(0), vectors[] = {vector(changed)...};
  for (auto _ : state) {
    const auto pass = [from = gradient.data<float>()](auto* __restrict... to) {
      simd::run([=] GRADUS_LOOP() {
#pragma GCC ivdep
        for (std::int64_t i = 0; i < ten_million; ++i) ((to[i] = 0.5f * to[i] + from[i]), ...);
      });
    };
    pass(vectors[changed].template data<float>()...);
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2 * sizeof...(changed) + 1);
}
void large_streams(benchmark::State& state, int vectors) {
  if (vectors == 3) return large_streams(state, std::make_index_sequence<1>());
  if (vectors == 5) return large_streams(state, std::make_index_sequence<2>());
  large_streams(state, std::make_index_sequence<3>());
}

// 784-128-10 with SGD as one would write it by hand: each line is a kernel on memory allocated beforehand.
void by_hand(benchmark::State& state, std::int64_t batch) {
  Problem problem = image_classifier(batch);
  const auto zeros = [](const Shape& shape) { return Tensor::zeros(shape, DType::float32); };
  const Tensor& theta = problem.theta;
  const Tensor w1 = theta.part(0, {784, 128}), b1 = theta.part(784 * 128, {128});
  const Tensor w2 = theta.part(785 * 128, {128, 10}), b2 = theta.part(785 * 128 + 1280, {10});
  const Tensor gradient = zeros(theta.shape());
  const Tensor dw1 = gradient.part(0, {784, 128}), db1 = gradient.part(784 * 128, {128});
  const Tensor dw2 = gradient.part(785 * 128, {128, 10}), db2 = gradient.part(785 * 128 + 1280, {10});
  const Tensor h = zeros({batch, 128}), dh = zeros({batch, 128}), a = zeros({batch, 128});
  const Tensor z = zeros({batch, 10}), dz = zeros({batch, 10});
  for (auto _ : state) {
    kernels::matmul(h, false, problem.inputs, false, w1, false);
    kernels::broadcast(
        h, true, [](auto b, auto) { return b; }, b1, b1);
    kernels::map(
        a, false, []<class T>(T x) { return x > 0 ? x : T{0}; }, h);
    kernels::matmul(z, false, a, false, w2, false);
    kernels::broadcast(
        z, true, [](auto b, auto) { return b; }, b2, b2);
    float loss = 0;
    const float* x = z.data<float>();
    float* g = dz.data<float>();
    const std::int32_t* label = problem.targets.data<std::int32_t>();
    const auto n = batch;
    simd::run([=, &loss] GRADUS_LOOP() {
      for (std::int64_t r = 0; r < n; ++r) {
        float row[16], largest = x[r * 10], total = 0;
        for (int k = 1; k < 10; ++k) largest = x[r * 10 + k] > largest ? x[r * 10 + k] : largest;
        for (int k = 0; k < 16; ++k) row[k] = math::exp((k < 10 ? x[r * 10 + k] : largest) - largest);
        for (int k = 0; k < 10; ++k) total += row[k];
        const float factor = 1 / (total * static_cast<float>(n));
        for (int k = 0; k < 10; ++k) g[r * 10 + k] = row[k] * factor;
        g[r * 10 + label[r]] -= 1 / static_cast<float>(n);
        loss += math::log(total) + largest - x[r * 10 + label[r]];
      }
    });
    kernels::matmul(dw2, false, a, true, dz, false);
    kernels::sum_to(db2, false, dz);
    kernels::matmul(dh, false, dz, false, w2, true);
    kernels::map(
        h, false, []<class T>(T d, T y) { return y > 0 ? d : T{0}; }, dh, a);
    kernels::matmul(dw1, false, problem.inputs, true, h, false);
    kernels::sum_to(db1, false, h);
    kernels::map(
        theta, true, []<class T>(T d) { return T{-1e-5f} * d; }, gradient);
    benchmark::DoNotOptimize(loss);
  }
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->Unit(benchmark::kMicrosecond);
}

int run_all(int argc, char** argv) {
  gradus::flush_subnormals();  // both as programs of the lab, and as the peer
  gradus::keep_freed_memory();
  for (const std::int64_t batch : {1, 32, 256}) {
    const std::string size = std::to_string(batch);
    for (const std::string optimizer : {"sgd", "adam", "rmsprop"})
      add("gradus/step/784-128-10/" + optimizer + "/" + size,
          [=](benchmark::State& state) { step(state, image_classifier(batch), optimizer); });
    add("by_hand/step/784-128-10/sgd/" + size, [=](benchmark::State& state) { by_hand(state, batch); });
  }
  for (const std::int64_t batch : {1, 32, 256})
    add("gradus/gradient/784-128-10/" + std::to_string(batch),
        [=](benchmark::State& state) { gradient_only(state, image_classifier(batch)); });
  for (const std::string optimizer : {"sgd", "adam", "rmsprop"})
    add("gradus/update/784-128-10/" + optimizer,
        [=](benchmark::State& state) { update_of_network(state, image_classifier(1), optimizer); });
  for (const LargeUpdate& update : large_updates) {
    const std::string name = update.optimizer;
    add("gradus/update/10M/" + name, [=](benchmark::State& state) { large_update(state, update); });
    add("gradus/streams/10M/" + name, [=](benchmark::State& state) { large_streams(state, update.vectors); });
  }
  const auto regressor = [] { return Problem({2, 16, 1}, nn::Tanh{}, 32, Problem::Kind::regress); };
  add("gradus/step/2-16-1/sgd/32", [=](benchmark::State& state) { step(state, regressor(), "sgd"); });
  add("gradus/gradient/2-16-1/32", [=](benchmark::State& state) { gradient_only(state, regressor()); });
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return gradus::records::guarded_main("benchmarks", [&] { return run_all(argc, argv); });
}
