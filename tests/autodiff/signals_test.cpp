#include "process/signals.h"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <atomic>
#include <csignal>
#include <cstdlib>

#include "autodiff/kernels/products.h"
#include "autodiff/kernels/team.h"
#include "autodiff/tensor/tensor.h"

namespace gradus {
namespace {

std::atomic<int> arrived{0};

// Ends the process: with 0 where a thousand signals a second leave products and the heap as they were.
[[noreturn]] void multiply_among_signals(int threads) {
  kernels::set_threads(threads);
  handle_signals({SIGPROF}, [](int) { ++arrived; });
  const itimerval time{{0, 1000}, {0, 1000}};
  ::setitimer(ITIMER_PROF, &time, nullptr);
  // y[m, n] of sums of k products, as in the passes of a layer and with more than our own products take (is_direct).
  struct Case {
    std::int64_t m, n, k;
    bool transpose_a, transpose_b;
  };
  constexpr Case cases[] = {{128, 1000, 784, false, false},
                            {128, 784, 1000, false, true},
                            {784, 1000, 128, true, false},
                            {784, 1000, 1024, true, false},
                            {128, 1000, 2048, false, false}};
  bool right = true;
  for (int i = 0; i < 5 || arrived < 500; ++i)
    for (const auto& [m, n, k, transpose_a, transpose_b] : cases) {
      const Tensor a = Tensor::full(transpose_a ? Shape{k, m} : Shape{m, k}, 1, DType::float32);
      const Tensor b = Tensor::full(transpose_b ? Shape{n, k} : Shape{k, n}, 1, DType::float32);
      const Tensor y = Tensor::zeros({m, n}, DType::float32);
      kernels::matmul(y, false, a, transpose_a, b, transpose_b);
      for (const float sum : y.elements<float>()) right = right && sum == static_cast<float>(k);
    }
  std::exit(right ? 0 : 1);
}

TEST(Signals, LeaveProductsAndTheHeapAsTheyWere) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  for (const int threads : {1, 2}) EXPECT_EXIT(multiply_among_signals(threads), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace gradus
