// The number of threads decides on no bit: the networks of the benchmarks, at the sizes at which work is shared.
#include "autodiff/kernels/team.h"
#include "autodiff/tensor/vectors.h"
#include "optim/optimizer.h"
#include "tests/benchmarks/engine_networks.h"

namespace gradus {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::int64_t share_of_batch = 8;
constexpr int thread_counts[] = {1, 2, 5};
#else
constexpr std::int64_t share_of_batch = 1;
constexpr int thread_counts[] = {1, 2, 3, 4, 5, 6, 7, 8};
#endif

// What one run of all the work leaves: each must be the same for every number of threads.
struct ResultsOfWork {
  double loss = 0, norm = 0;
  std::vector<Tensor> vectors;
};

ResultsOfWork results_of(const networks::Network& network, int threads) {
  kernels::set_threads(threads);
  networks::ProblemObjective objective(network.make, std::max<std::int64_t>(1, network.batch / share_of_batch));
  networks::Problem& problem = objective.problem;
  ResultsOfWork results;
  const auto vector = [&] { return results.vectors.emplace_back(problem.vector()); };
  results.loss = problem.gradient(vector());
  results.norm = vectors::norm(results.vectors.back());
  {
    Linearization at = problem.linearize();
    const Tensor v = problem.direction();
    at.hessian_times(v, vector());
    at.gauss_newton_times(v, vector());
  }
  for (const std::string name : {"sgd", "momentum", "adam", "lamb"}) {
    const auto optimizer = optim::make_optimizer(name, {{"learning_rate", 1e-3}});
    optimizer->step(objective, problem.theta());
    results.vectors.push_back(problem.theta().clone());
  }
  kernels::set_threads(1);
  return results;
}

class EveryNumberOfThreads : public ::testing::TestWithParam<std::size_t> {};

TEST_P(EveryNumberOfThreads, GivesTheSameBits) {
  const networks::Network& network = networks::all()[GetParam()];
  const ResultsOfWork one = results_of(network, 1);
  ASSERT_TRUE(vectors::is_finite(one.vectors.back()));
  for (const int threads : thread_counts) {
    const ResultsOfWork many = results_of(network, threads);
    EXPECT_EQ(one.loss, many.loss) << threads;
    EXPECT_EQ(one.norm, many.norm) << threads;
    for (std::size_t i = 0; i < one.vectors.size(); ++i)
      EXPECT_TRUE(vectors::same(one.vectors[i], many.vectors[i])) << threads << " threads, result " << i;
  }
}

std::string title_of(const ::testing::TestParamInfo<std::size_t>& info) {
  std::string title = networks::all()[info.param].title();
  for (char& c : title)
    if (c == '/' || c == '-') c = '_';
  return "of_" + title;
}

INSTANTIATE_TEST_SUITE_P(Networks, EveryNumberOfThreads, ::testing::Range(std::size_t{0}, networks::all().size()),
                         title_of);

}  // namespace
}  // namespace gradus
