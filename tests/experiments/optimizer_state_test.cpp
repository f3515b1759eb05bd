// Files of optimizer state: the same bits after loading, and one clear line for what does not belong.
#include "experiments/lab/optimizer_state.h"

#include <gtest/gtest.h>

#include <cstring>

#include "experiments/lab/network_objective.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "tests/support/files.h"

namespace gradus::lab {
namespace {

// Batches of a small network: the t-th is a function of t.
struct Training {
  explicit Training(const optim::Recipe& recipe, DType type)
      : objective(nn::Sequential{nn::Linear{6, 5}, nn::Tanh{}, nn::Linear{5, 3}}, nn::cross_entropy, type,
                  RandomStream(1)),
        optimizer(optim::make_optimizer(recipe)),
        theta(objective.parameters().initial(type, RandomStream(2))) {}
  void run(int first, int last) {
    // The objective counts its batches, as drawn labels depend on the number.
    const Batch skipped{Tensor::zeros({1, 6}, objective.dtype()), Tensor::zeros({1}, DType::int32)};
    for (; seen < first; ++seen) objective.set_batch(skipped);
    seen = last;
    for (int t = first; t < last; ++t) {
      RandomStream random(3, "batch", static_cast<std::uint64_t>(t));
      const DType type = objective.dtype();
      const Batch batch{Tensor::zeros({8, 6}, type), Tensor::zeros({8}, DType::int32)};
      for (int i = 0; i < 48; ++i) batch.inputs.set(i, random.normal());
      for (int i = 0; i < 8; ++i) batch.targets.set(i, static_cast<double>(random.below(3)));
      objective.set_batch(batch);
      optimizer->step(objective, theta);
      if (t % 3 == 2) optimizer->observe(2 - 0.01 * (t % 2));
    }
  }
  NetworkObjective objective;
  std::unique_ptr<optim::Optimizer> optimizer;
  Tensor theta;
  int seen = 0;
};

std::vector<ParameterSlice> slices_of(const nn::ParameterSet& parameters) {
  std::vector<ParameterSlice> slices;
  for (const auto& slice : parameters.slices()) slices.push_back({slice.name, slice.shape, slice.offset, slice.tags});
  return slices;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.bytes() == b.bytes() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

TEST(OptimizerState, ContinuesWithTheSameBits) {
  const TemporaryFolder folder;
  int compared = 0;
  for (const optim::Method& m : optim::methods()) {
    std::string rate;  // or another number that can be scheduled
    for (const optim::Hyperparameter& h : m.hyperparameters)
      if (h.can_be_scheduled() && (rate.empty() || h.name == "learning_rate")) rate = h.name;
    // More combinations, without files: tests/optim/state_test.cpp.
    const optim::Recipe of_curvature{
        .method = m.name,
        .wrappers = {{"l2_penalty"}, {"lookahead"}, {"ema"}},
        .schedules = {{rate, "plateau", {{"patience", 0}, {"factor", 0.5}}}, {"l2", "cosine", {{"warmup_steps", 4}}}}};
    const optim::Recipe of_gradients{
        .method = m.name,
        .wrappers = {{"gradient_noise"},
                     {"gradient_accumulation", {{"accumulation_steps", 3}}},
                     {"l2_penalty"},
                     {"swa"}},
        .schedules = {{rate, "plateau", {{"patience", 0}, {"factor", 0.5}}}, {"l2", "one_cycle", {{"steps", 20}}}},
        .stream = RandomStream(4)};
    const optim::Recipe& recipe = m.family == optim::Family::curvature ? of_curvature : of_gradients;
    for (const DType type : {DType::float32, DType::float64}) {
      SCOPED_TRACE(optim::signature(recipe) + " " + name_of(type));
      Training whole(recipe, type), first(recipe, type), second(recipe, type);
      try {
        whole.run(0, 14);
      } catch (const std::invalid_argument& error) {
        ASSERT_EQ(m.family, optim::Family::curvature) << error.what();  // the objective lacks what it needs
        continue;
      }
      first.run(0, 7);
      const auto slices = slices_of(first.objective.parameters());
      save_state_file(folder / "state.h5", first.theta, slices, recipe, optim::save_state(*first.optimizer));
      const LoadedState loaded = load_state_file(folder / "state.h5", slices, type, recipe);
      second.theta.copy_from(loaded.theta);
      optim::restore_state(*second.optimizer, loaded.state);
      second.run(7, 14);
      EXPECT_TRUE(same_bits(second.theta, whole.theta));
      EXPECT_TRUE(
          same_bits(second.optimizer->evaluation_point(second.theta), whole.optimizer->evaluation_point(whole.theta)));
      ++compared;
    }
  }
  EXPECT_GE(compared, 8 * 2);
}

TEST(OptimizerState, IsRefusedWhereItDoesNotBelong) {
  const TemporaryFolder folder;
  const auto path = folder / "state.h5";
  const optim::Recipe recipe{.method = "adam", .wrappers = {{"ema"}}};
  Training training(recipe, DType::float32);
  training.run(0, 3);
  const auto slices = slices_of(training.objective.parameters());
  save_state_file(path, training.theta, slices, recipe, optim::save_state(*training.optimizer));
  const auto loading = [&](const optim::Recipe& other, std::vector<ParameterSlice> model, DType type = DType::float32) {
    std::string text = error_of([&] { load_state_file(path, model, type, other); });
    EXPECT_EQ(text.find('\n'), std::string::npos);
    return text.starts_with(path.string() + ": ") ? text.substr(path.string().size() + 2) : text;
  };
  EXPECT_EQ(loading(recipe, slices), "");
  optim::Recipe other = recipe;
  other.values = {{"learning_rate", 0.5}};  // numbers may change
  EXPECT_EQ(loading(other, slices), "");
  other.values = {{"amsgrad", 1}};
  EXPECT_EQ(loading(other, slices),
            "is the state of another optimizer: ema + adam(amsgrad=0 bias_correction=1), "
            "expected ema + adam(amsgrad=1 bias_correction=1)");
  EXPECT_EQ(loading({.method = "sgd"}, slices),
            "is the state of another optimizer: ema + adam(amsgrad=0 bias_correction=1), expected sgd");
  auto model = slices;
  model[1].name = "0.offset";
  EXPECT_EQ(loading(recipe, model), "is the state of another model: it has 0.bias [5] where 0.offset [5] is expected");
  model = slices;
  model.pop_back();
  EXPECT_EQ(loading(recipe, model), "is the state of another model: it has 2.bias [3] beyond what is expected");
  EXPECT_EQ(loading(recipe, slices, DType::float64), "is the state of another element type: float32, expected float64");

  const std::string good = bytes_of(path);
  for (const std::size_t at : {std::size_t{40}, std::size_t{600}, good.size() / 2, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    put_file(path, bad);
    EXPECT_EQ(loading(recipe, slices), "is damaged: its contents do not have the digest that it gives") << at;
  }
  put_file(path, good.substr(0, good.size() - 100));
  EXPECT_EQ(loading(recipe, slices), "is damaged: its contents do not have the digest that it gives");
  for (const std::string& text : {std::string(), std::string("hello"), good.substr(512)}) {
    put_file(path, text);
    EXPECT_EQ(loading(recipe, slices), "is not an optimizer state file");
  }
  std::filesystem::remove(path);
  EXPECT_EQ(loading(recipe, slices), "cannot open: No such file or directory");
  // What cannot be written leaves nothing behind.
  EXPECT_NE(error_of([&] { save_state_file(folder / "no" / "state.h5", training.theta, slices, recipe, {}); }), "");
}

}  // namespace
}  // namespace gradus::lab
