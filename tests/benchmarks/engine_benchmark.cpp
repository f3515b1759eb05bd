// Gradients, curvature products on a retained record, the bare matrix products of a gradient, and the memory that all
// this takes. Names, networks and batch sizes are those of engine_torch.cpp.
#include <benchmark/benchmark.h>

#include <cmath>
#include <functional>
#include <memory>

#include "autodiff/kernels/products.h"
#include "engine_networks.h"
#include "experiments/records/program.h"
#include "memory.h"
#include "process/heap.h"
#include "process/subnormals.h"

#ifdef GRADUS_HAVE_ONEDNN
#include <omp.h>

#include "bare_products.h"
#endif

namespace {

using namespace networks;

// A benchmark that computed nonsense would make a worthless figure.
void require_finite(benchmark::State& state, const Tensor& tensor) {
  for (const float x : tensor.elements<float>())
    if (!std::isfinite(x)) return state.SkipWithError("the result is not finite");
}

// The first calls find cold caches, compile kernels and take memory from the system; what counts is a step among many.
template <class Work>
void repeat(benchmark::State& state, const Work& work) {
  for (int i = 0; i < 2; ++i) work();
  for (auto _ : state) work();
}

#ifdef GRADUS_HAVE_ONEDNN
void report_rate(benchmark::State& state, double operations) {
  state.counters["GFLOP/s"] = benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void products(benchmark::State& state, const Network& network) {
  omp_set_num_threads(1);
  const BareProducts work(network.name, network.batch);
  repeat(state, [&] { work.run(); });
  report_rate(state, work.operations());
}
#endif

void gradient(benchmark::State& state, const Network& network) {
  Problem problem = network.problem();
  const Tensor out = problem.vector();
  repeat(state, [&] { problem.gradient(out); });
  require_finite(state, out);
#ifdef GRADUS_HAVE_ONEDNN
  report_rate(state, BareProducts(network.name, network.batch).operations());
#endif
}

using CurvatureProduct = void (Linearization::*)(const Tensor& v, const Tensor& out);

void curvature(benchmark::State& state, const Network& network, CurvatureProduct times) {
  Problem problem = network.problem();
  const Tensor v = problem.direction(), out = problem.vector();
  Linearization at = problem.linearize();
  repeat(state, [&] { (at.*times)(v, out); });
  require_finite(state, out);
#ifdef GRADUS_HAVE_ONEDNN
  if (times == &Linearization::hessian_times)
    report_rate(state, BareProducts(network.name, network.batch).hessian_operations());
#endif
}

constexpr int chain = 1000;

// Record and sweep of a chain of operations on single numbers: all that there is to see is the cost of a node.
void nodes(benchmark::State& state) {
  const Tensor a = Tensor::full({1}, 0.9, DType::float32), b = Tensor::full({1}, 0.1, DType::float32);
  const std::vector<Tensor> out{Tensor::zeros({1}, DType::float32), Tensor::zeros({1}, DType::float32)};
  Tape tape;
  for (auto _ : state) {
    tape.reset();
    const std::array leaves{tape.leaf(a), tape.leaf(b)};
    Var x = leaves[0];
    for (int i = 0; i < chain; ++i) x = i % 3 == 0 ? x * leaves[0] : i % 3 == 1 ? x + leaves[1] : tanh(x);
    gradus::gradient(x, leaves, out);
  }
  require_finite(state, out[0]);
  state.counters["nodes"] = chain;
}

// The same on numbers in a list, with all that it takes there.
void nodes_by_hand(benchmark::State& state) {
  struct Node {
    int operation, left, right;
    double value, cotangent;
  };
  std::vector<Node> list;
  double sum = 0;
  for (auto _ : state) {
    list.assign({{3, 0, 0, 0.9, 0}, {3, 0, 0, 0.1, 0}});
    for (int i = 0; i < chain; ++i) {
      const int last = i == 0 ? 0 : static_cast<int>(list.size()) - 1, other = i % 3 == 0 ? 0 : 1;
      const double x = list[last].value, y = list[other].value;
      list.push_back({i % 3, last, other, i % 3 == 0 ? x * y : i % 3 == 1 ? x + y : std::tanh(x), 0});
    }
    list.back().cotangent = 1;
    for (auto node = list.rbegin(); node != list.rend(); ++node) switch (node->operation) {
        case 0:
          list[node->left].cotangent += node->cotangent * list[node->right].value;
          list[node->right].cotangent += node->cotangent * list[node->left].value;
          break;
        case 1:
          list[node->left].cotangent += node->cotangent;
          list[node->right].cotangent += node->cotangent;
          break;
        case 2:
          list[node->left].cotangent += node->cotangent * (1 - node->value * node->value);
          break;
        default:  // a leaf
          sum += node->cotangent;
      }
  }
  benchmark::DoNotOptimize(sum);
  state.counters["nodes"] = chain;
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& body,
         const std::string& who = "gradus/") {
  benchmark::RegisterBenchmark((who + name).c_str(), body)->Unit(benchmark::kMicrosecond);
}

void register_all() {
  for (const Network& network : all()) {
    if (network.name != "784-128-10")  // whose gradient step_benchmark.cpp has
      add("gradient/" + network.title(), [=](benchmark::State& state) { gradient(state, network); });
    add("hessian/" + network.title(),
        [=](benchmark::State& state) { curvature(state, network, &Linearization::hessian_times); });
    add("gauss_newton/" + network.title(),
        [=](benchmark::State& state) { curvature(state, network, &Linearization::gauss_newton_times); });
#ifdef GRADUS_HAVE_ONEDNN
    add("products/" + network.title(), [=](benchmark::State& state) { products(state, network); });
#endif
  }
  add("node/size-1", nodes);
  add("node/size-1", nodes_by_hand, "by_hand/");
}

memory::Cases memory_cases() {
  memory::Cases cases;
  for (const Network& network : all()) {
    const auto first = [=] {
      Problem problem = network.make(network.batch / 8);
      const Tensor out = problem.vector();
      problem.gradient(out);
      problem.linearize().hessian_times(problem.direction(), out);
      // The library of the large products compiles its kernels in first calls, which the small problem may not make.
      for (const std::int64_t k : {128, 1024}) {
        const Tensor a = Tensor::full({1024, k}, 1, DType::float32);
        for (const bool transpose : {false, true})
          kernels::matmul(Tensor::zeros({1024, 1024}, DType::float32), false, transpose ? a.reshaped({k, 1024}) : a,
                          transpose, a, true);
      }
    };
    const auto own = [=] { return std::shared_ptr<Problem>(new Problem(network.problem())); };
    cases.emplace_back("memory/gradient/" + network.title(), [=]() -> std::function<void()> {
      first();
      return [problem = own()] { problem->gradient(problem->vector()); };
    });
    cases.emplace_back("memory/hessian/" + network.title(), [=]() -> std::function<void()> {
      first();
      const auto problem = own();
      return [problem, v = problem->direction()] { problem->linearize().hessian_times(v, problem->vector()); };
    });
  }
  return cases;
}

int run_all(int argc, char** argv) {
  gradus::flush_subnormals();  // as programs of the lab, and as the peer
  if (memory::run(argc, argv, memory_cases())) return 0;
  gradus::keep_freed_memory();
  register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return gradus::records::guarded_main("engine_benchmarks", [&] { return run_all(argc, argv); });
}
