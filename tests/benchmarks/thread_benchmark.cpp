// What threads gain: gradients, steps, curvature products and updates with one thread and with several, in turns, so
// that a disturbance meets both. Rows are threads/WHAT/NETWORK/BATCH/THREADS. Their counters are the figures: `one_us`
// and `least_us`, the least time with one thread and with several, and `speedup`, the ratio.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <thread>

#include "autodiff/kernels/team.h"
#include "engine_networks.h"
#include "experiments/records/program.h"
#include "optim/optimizer.h"
#include "process/heap.h"
#include "process/subnormals.h"

namespace {

using namespace networks;

double seconds_of(const std::function<void()>& work, int threads) {
  kernels::set_threads(threads);
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Short work is repeated until it takes a millisecond, with one thread and with several in turns.
void compare(benchmark::State& state, const std::function<void()>& work, int threads) {
  for (const int count : {1, threads, 1}) seconds_of(work, count);
  const int times = std::clamp(static_cast<int>(1e-3 / seconds_of(work, 1)), 1, 1000);
  const auto several = [&] {
    for (int i = 0; i < times; ++i) work();
  };
  double one = std::numeric_limits<double>::infinity(), many = one;
  for (auto _ : state) {
    one = std::min(one, seconds_of(several, 1) / times);
    seconds_of(work, threads);  // wakes the team
    const double seconds = seconds_of(several, threads);
    many = std::min(many, seconds / times);
    state.SetIterationTime(seconds);
  }
  kernels::set_threads(1);
  state.counters["one_us"] = one * 1e6;
  state.counters["least_us"] = many * 1e6;
  state.counters["speedup"] = one / many;
}

// The optimizer's own part: the gradient stays what it is.
class ConstantGradient final : public optim::Objective {
 public:
  explicit ConstantGradient(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  DType dtype() const override { return DType::float32; }
  double compute_value(const Tensor&) override { return 0; }
  double compute_gradient(const Tensor&, const Tensor& gradient) override {
    if (!written_) gradient.fill(0.5);
    written_ = true;
    return 0;
  }

 private:
  std::int64_t size_;
  bool written_ = false;
};

void gradient(benchmark::State& state, const Network& network, int threads) {
  Problem problem = network.problem();
  const Tensor out = problem.vector();
  compare(
      state, [&] { problem.gradient(out); }, threads);
}

void step(benchmark::State& state, const Network& network, int threads) {
  ProblemObjective objective(network.make, network.batch);
  const auto optimizer = optim::make_optimizer("adam", {{"learning_rate", 1e-6}});
  const Tensor theta = objective.problem.theta();
  compare(
      state, [&] { optimizer->step(objective, theta); }, threads);
}

void hessian(benchmark::State& state, const Network& network, int threads) {
  Problem problem = network.problem();
  const Tensor v = problem.direction(), out = problem.vector();
  Linearization at = problem.linearize();
  compare(
      state, [&] { at.hessian_times(v, out); }, threads);
}

void update(benchmark::State& state, const std::string& name, int threads) {
  const Tensor theta = Tensor::full({10'000'000}, 1, DType::float32);
  ConstantGradient objective(theta.size());
  const auto optimizer = optim::make_optimizer(name, {{"learning_rate", 1e-6}});
  compare(
      state, [&] { optimizer->step(objective, theta); }, threads);
}

// A plain copy of as many bytes as SGD's pass over 10 M parameters moves: what the memory allows.
void copy(benchmark::State& state, int threads) {
  const Tensor from = Tensor::full({15'000'000}, 1, DType::float32), to = from.clone();
  const auto work = [&] {
    kernels::share_ranges(from.size(), kernels::shared_elements, [&](std::int64_t first, std::int64_t end) {
      std::memcpy(to.data<float>() + first, from.data<float>() + first, static_cast<std::size_t>(end - first) * 4);
    });
  };
  compare(state, work, threads);
}

void add(const std::string& name, int threads, const std::function<void(benchmark::State&)>& body) {
  benchmark::RegisterBenchmark(("threads/" + name + "/" + std::to_string(threads)).c_str(), body)
      ->Unit(benchmark::kMicrosecond)
      ->UseManualTime();
}

int run_all(int argc, char** argv) {
  flush_subnormals();
  keep_freed_memory();
  std::vector<Network> networks = all();
  networks.insert(networks.end(),
                  {{"2-16-1", 32, tiny}, {"784-128-10", 1, classifier}, {"autoencoder", 512, autoencoder}});
  const int processors = std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
  for (int threads = 2; threads <= processors; threads *= 2) {
    for (const Network& network : networks) {
      const std::string title = network.title();
      add("gradient/" + title, threads, [=](benchmark::State& state) { gradient(state, network, threads); });
      add("step/" + title, threads, [=](benchmark::State& state) { step(state, network, threads); });
      add("hessian/" + title, threads, [=](benchmark::State& state) { hessian(state, network, threads); });
    }
    for (const std::string name : {"sgd", "momentum", "adam", "rmsprop"})
      add("update/" + name + "/10M", threads, [=](benchmark::State& state) { update(state, name, threads); });
    add("copy/10M", threads, [=](benchmark::State& state) { copy(state, threads); });
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return gradus::records::guarded_main("thread_benchmarks", [&] { return run_all(argc, argv); });
}
