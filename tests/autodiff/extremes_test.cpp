// One table of all operations at the ends of the number range: none may be missing from it.
#include "tests/autodiff/extremes_probe.h"

namespace gradus::extremes {
namespace {

TEST(Extremes, AllOperationsEqualTheirFormulas) {
  ASSERT_GT(probes().size(), 40u);
  for (const Probe& probe : probes()) {
    ProbeCheck<float>(probe).run();
    ProbeCheck<double>(probe).run();
  }
}

TEST(Extremes, NoOperationIsMissing) {
  for (const std::string& name : operation_names()) EXPECT_TRUE(probed().contains(name)) << name << " has no probe";
}

// The values by convention where a derivative does not exist, at first and second order: of sum(w f(x)) along v.
struct Convention {
  const char* name;
  Var (*function)(const Var& x);
  double at, first, second;
};
TEST(Extremes, DerivativesAtZeroAreThoseOfTheConventions) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<Convention> all{
      {"abs", [](const Var& x) { return abs(x); }, 0, 0, 0},
      {"relu", [](const Var& x) { return gradus::relu(x); }, 0, 0, 0},
      {"leaky_relu", [](const Var& x) { return leaky_relu(x, 0.25); }, 0, 0.25, 0},
      {"elu", [](const Var& x) { return elu(x, 1.5); }, 0, 1.5, 0},
      {"clamp", [](const Var& x) { return clamp(x, 0, 1); }, 0, 0, 0},
      {"clamp", [](const Var& x) { return clamp(x, 0, 1); }, 1, 0, 0},
      {"maximum", [](const Var& x) { return maximum(x, x.tape().scalar(0)); }, 0, 0.5, 0},
      {"l1_norm", [](const Var& x) { return l1_norm(x); }, 0, 0, 0},
      {"l2_norm", [](const Var& x) { return l2_norm(x); }, 0, 0, 0},
      {"max_norm", [](const Var& x) { return max_norm(x); }, 0, 0, 0},
      {"sqrt", [](const Var& x) { return sqrt(x); }, 0, inf, -inf},
      {"softsign", [](const Var& x) { return softsign(x); }, 0, 1, 0},
      {"power 3", [](const Var& x) { return gradus::power(x, x.tape().scalar(3)); }, 0, 0, 0},
      {"power 2", [](const Var& x) { return gradus::power(x, x.tape().scalar(2)); }, 0, 0, 2},
      {"power 1", [](const Var& x) { return gradus::power(x, x.tape().scalar(1)); }, 0, 1, 0},
      {"power 1/2", [](const Var& x) { return gradus::power(x, x.tape().scalar(0.5)); }, 0, inf, -inf},
      {"power 0", [](const Var& x) { return gradus::power(x, x.tape().scalar(0)); }, 0, 0, 0},
      {"0 to a power", [](const Var& x) { return gradus::power(x.tape().scalar(0), x); }, 1.5, 0, 0},
  };
  for (const DType type : {DType::float32, DType::float64})
    for (const Convention& c : all) {
      Tape tape(type);
      const Tensor point = Tensor::full({1}, c.at, type);
      const Var x = tape.leaf(point), first = record_gradient(sum(c.function(x)), {x})[0];
      EXPECT_EQ(first.item(), c.first) << c.name;
      EXPECT_EQ(gradient(sum(first), {x})[0].at(0), c.second) << c.name << ", second order";
    }
}

// A row of a thousand logits, of which whole blocks are minus infinity: masked classes do not count.
TEST(Extremes, MaskedClassesDoNotCount) {
  const double hidden = -std::numeric_limits<double>::infinity();
  for (const DType type : {DType::float32, DType::float64})
    for (const std::int64_t first : {0, 256, 300, 700}) {
      const Tensor logits = Tensor::full({1, 1000}, hidden, type),
                   label = Tensor::indices({static_cast<std::int32_t>(first + 1)});
      logits.set(first, 1), logits.set(first + 1, 3);
      Tape tape(type);
      const Var x = tape.leaf(logits), y = log_softmax(x), loss = cross_entropy_each(x, tape.leaf(label));
      const double expected = std::log1p(std::exp(-2.0)), tolerance = type == DType::float32 ? 1e-7 : 1e-15;
      EXPECT_NEAR(loss.item(), expected, tolerance);
      EXPECT_NEAR(y.value().at(first + 1), -expected, tolerance);
      const Tensor slopes = gradient(sum(loss), {x})[0];
      EXPECT_NEAR(slopes.at(first), -slopes.at(first + 1), tolerance);
      EXPECT_EQ(slopes.at(first + 2), 0);
    }
}

// Rows of equal numbers, and of numbers that differ in the last digits alone.
TEST(Extremes, RowsThatHardlyDifferAreStandardizedExactly) {
  for (const DType type : {DType::float32, DType::float64})
    for (const double level : {0.1, -1234.567, 1e30}) {
      Tape tape(type);
      const Tensor equal = Tensor::full({2, 7}, level, type);
      for (const double y : standardize(tape.leaf(equal), 1e-30).value().to_vector()) EXPECT_EQ(y, 0) << level;
      for (const double y : channel_moments(tape.leaf(equal)).value().part(7, {7}).to_vector())
        EXPECT_EQ(y, 0) << level;
    }
  for (const DType type : {DType::float32, DType::float64})
    for (const double size : {1e-30, 1e-12, 1.0, 1e15, 1e37}) {
      const Tensor row = Tensor::of({4}, {1 * size, 2 * size, 3 * size, 6 * size}, type);
      Tape tape(type);
      const std::vector<double> y = standardize(tape.leaf(row), 0).value().to_vector();
      for (std::size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(y[i], (std::array{1.0, 2.0, 3.0, 6.0}[i] - 3) / std::sqrt(3.5),
                    type == DType::float32 ? 4e-7 : 1e-15)
            << size;
    }
}

}  // namespace
}  // namespace gradus::extremes
