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
#include <dnnl.h>
#include <omp.h>
#endif

namespace {

using namespace networks;

// A benchmark that computed nonsense would make a worthless figure.
void require_finite(benchmark::State& state, const Tensor& tensor) {
  for (const float x : tensor.elements<float>())
    if (!std::isfinite(x)) return state.SkipWithError("the result is not finite");
}

// One matrix product of the autoencoder's gradient: y[m, n] = op(a) op(b).
struct Product {
  bool transpose_a, transpose_b;
  std::int64_t m, n, k;
  const float *a, *b;
  float* y;
  double operations() const { return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
};

// All products of that gradient in their order, on memory as a network's: weights and gradient each in one vector.
class AutoencoderProducts {
 public:
  explicit AutoencoderProducts(std::int64_t batch) : problem_(autoencoder(batch)), gradient_(problem_.vector()) {
    const auto& sizes = autoencoder_sizes;
    std::vector<float*> y, dy;  // activations and their derivatives
    for (const std::int64_t size : sizes) {
      tensors_.insert(tensors_.end(), {uniform({batch, size}), uniform({batch, size})});
      y.push_back(tensors_[tensors_.size() - 2].data<float>()), dy.push_back(tensors_.back().data<float>());
    }
    const std::vector<Tensor> weights = problem_.parameters().views(problem_.theta());
    const std::vector<Tensor> gradients = problem_.parameters().views(gradient_);
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
      products_.push_back({false, false, batch, sizes[i + 1], sizes[i], y[i], weights[2 * i].data<float>(), y[i + 1]});
    for (std::size_t i = sizes.size() - 1; i-- > 0;) {
      const std::int64_t in = sizes[i], out = sizes[i + 1];
      products_.push_back({true, false, in, out, batch, y[i], dy[i + 1], gradients[2 * i].data<float>()});
      if (i > 0)  // the images need no derivative
        products_.push_back({false, true, batch, in, out, dy[i + 1], weights[2 * i].data<float>(), dy[i]});
    }
  }
  const std::vector<Product>& all() const { return products_; }
  double operations() const {
    double sum = 0;
    for (const Product& product : products_) sum += product.operations();
    return sum;
  }

 private:
  Problem problem_;
  Tensor gradient_;
  std::vector<Tensor> tensors_;
  std::vector<Product> products_;
};

void report_rate(benchmark::State& state, double operations) {
  state.counters["GFLOP/s"] = benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

#ifdef GRADUS_HAVE_ONEDNN
void products(benchmark::State& state, std::int64_t batch) {
  omp_set_num_threads(1);
  const AutoencoderProducts work(batch);
  for (auto _ : state)
    for (const Product& p : work.all())
      dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.m, p.n, p.k, 1.0f, p.a,
                 p.transpose_a ? p.m : p.k, p.b, p.transpose_b ? p.k : p.n, 0.0f, p.y, p.n);
  report_rate(state, work.operations());
}
#endif

// The first calls find cold caches, compile kernels and take memory from the system; what counts is a step among many.
template <class Work>
void repeat(benchmark::State& state, const Work& work) {
  for (int i = 0; i < 2; ++i) work();
  for (auto _ : state) work();
}

void gradient(benchmark::State& state, const Network& network) {
  Problem problem = network.problem();
  const Tensor out = problem.vector();
  repeat(state, [&] { problem.gradient(out); });
  require_finite(state, out);
  if (network.name == "autoencoder") report_rate(state, AutoencoderProducts(network.batch).operations());
}

using CurvatureProduct = void (Linearization::*)(const Tensor& v, const Tensor& out);

void curvature(benchmark::State& state, const Network& network, CurvatureProduct times) {
  Problem problem = network.problem();
  const Tensor v = problem.direction(), out = problem.vector();
  Linearization at = problem.linearize();
  repeat(state, [&] { (at.*times)(v, out); });
  require_finite(state, out);
}

// Record and sweep of a chain of operations on single numbers: all that there is to see is the cost of a node.
void nodes(benchmark::State& state) {
  constexpr int count = 1000;
  const Tensor a = Tensor::full({1}, 0.9, DType::float32), b = Tensor::full({1}, 0.1, DType::float32);
  const std::vector<Tensor> out{Tensor::zeros({1}, DType::float32), Tensor::zeros({1}, DType::float32)};
  Tape tape;
  for (auto _ : state) {
    tape.reset();
    const std::array leaves{tape.leaf(a), tape.leaf(b)};
    Var x = leaves[0];
    for (int i = 0; i < count; ++i) x = i % 3 == 0 ? x * leaves[0] : i % 3 == 1 ? x + leaves[1] : tanh(x);
    gradus::gradient(x, leaves, out);
  }
  require_finite(state, out[0]);
  state.counters["nodes"] = count;
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& body) {
  benchmark::RegisterBenchmark(("gradus/" + name).c_str(), body)->Unit(benchmark::kMicrosecond);
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
    if (network.name == "autoencoder")
      add("products/" + network.title(), [=](benchmark::State& state) { products(state, network.batch); });
#endif
  }
  add("node/size-1", nodes);
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
