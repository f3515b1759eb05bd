// The optimizer's options as a user writes them.
#include "experiments/lab/optimizer_options.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace gradus::lab {
namespace {

struct Chosen {
  Options options;
  ChosenOptimizer optimizer;
};
Chosen choose(const std::vector<std::string>& arguments) {
  Options options("program", arguments);
  ChosenOptimizer optimizer =
      choose_optimizer(options, "sgd", {{"adam", {{"epsilon", 1e-7}}}}, RandomStream(7), DType::float32);
  options.finish();
  return {std::move(options), std::move(optimizer)};
}

TEST(OptimizerOptions, AreRecordedWithDefaults) {
  const Chosen chosen = choose({"--optimizer=adam", "--beta1=0.8"});
  const auto values = chosen.options.values_json();
  EXPECT_EQ(values.at("optimizer"), "adam");
  EXPECT_EQ(values.at("beta1"), 0.8);
  EXPECT_EQ(values.at("epsilon"), 1e-7);  // the program's
  EXPECT_EQ(values.at("wrappers"), "none");
  EXPECT_EQ(values.at("groups"), "none");
  EXPECT_EQ(values.at("learning_rate_schedule"), "none");
  EXPECT_FALSE(values.contains("amsgrad_schedule"));
  EXPECT_EQ(chosen.optimizer.name, "adam");
  EXPECT_EQ(chosen.optimizer.recipe.stream.key(), RandomStream(7).key());
}

TEST(OptimizerOptions, MakeTheRecipe) {
  const Chosen chosen =
      choose({"--optimizer=momentum", "--wrappers=clip_by_norm+lookahead", "--clip-norm=0.5", "--lookahead-steps=3",
              "--learning-rate-schedule=cosine", "--learning-rate-steps=50", "--learning-rate-warmup-steps=5",
              "--clip-norm-schedule=step", "--groups=@bias momentum=0.5"});
  const optim::Recipe& recipe = chosen.optimizer.recipe;
  ASSERT_EQ(recipe.wrappers.size(), 2u);
  EXPECT_EQ(recipe.wrappers[0].name, "clip_by_norm");
  EXPECT_EQ(recipe.wrappers[0].values, (optim::NamedValues{{"clip_norm", 0.5}}));
  EXPECT_EQ(recipe.wrappers[1].values, (optim::NamedValues{{"lookahead_steps", 3.0}, {"lookahead_rate", 0.5}}));
  ASSERT_EQ(recipe.schedules.size(), 2u);
  EXPECT_EQ(recipe.schedules[0].hyperparameter, "learning_rate");
  EXPECT_EQ(recipe.schedules[0].values, (optim::NamedValues{{"steps", 50.0},
                                                            {"final_factor", 0.0},
                                                            {"restarts", 0.0},
                                                            {"cycle_growth", 1.0},
                                                            {"warmup_steps", 5.0},
                                                            {"warmup", "linear"}}));
  EXPECT_EQ(recipe.schedules[1].hyperparameter, "clip_norm");
  EXPECT_EQ(recipe.groups, (std::vector<optim::Group>{{"@bias", {{"momentum", 0.5}}}}));
  const auto values = chosen.options.values_json();
  EXPECT_EQ(values.at("learning_rate_warmup_steps"), 5);
  EXPECT_EQ(values.at("clip_norm_every"), 1000);
}

TEST(OptimizerOptions, RecordGroupsByValue) {
  for (const char* text : {"@bias learning_rate=0.1 momentum=0; *.w momentum=0.5",
                           " @bias  learning-rate=+1e-1 momentum=0.0;*.w momentum=.5;"})
    EXPECT_EQ(choose({"--optimizer=momentum", std::string("--groups=") + text}).options.values_json().at("groups"),
              "@bias learning_rate=0.1 momentum=0; *.w momentum=0.5");
  EXPECT_EQ(choose({"--optimizer=adam", "--groups=@bias amsgrad=true"}).options.values_json().at("groups"),
            "@bias amsgrad=1");
}

TEST(OptimizerOptions, RefuseInOneLine) {
  const auto error_of_choosing = [](const std::vector<std::string>& arguments) {
    return error_of([&] { choose(arguments); });
  };
  EXPECT_TRUE(error_of_choosing({"--wrappers=lokahead"})
                  .starts_with("--wrappers=lokahead: unknown wrapper 'lokahead': did you mean lookahead? expected"));
  EXPECT_EQ(error_of_choosing({"--wrappers=sam", "--sam-radius=0"}), "--sam-radius=0: expected a number > 0");
  EXPECT_EQ(error_of_choosing({"--clip-norm=1"}),
            "--clip-norm is an option of wrapper clip_by_norm; sgd has learning_rate");
  EXPECT_EQ(error_of_choosing({"--beta1=0.5"}),
            "--beta1 is an option of adam, adamw, adamax, nadam, radam, ...; sgd has learning_rate");
  EXPECT_EQ(error_of_choosing({"--optimizer=adam", "--nesterov"}),
            "--nesterov is an option of muon; adam has learning_rate, beta1, beta2, epsilon, amsgrad, bias_correction");
  EXPECT_TRUE(error_of_choosing({"--learning-rate-steps=1"}).starts_with("unknown option --learning-rate-steps: "));
  const std::string schedules =
      "expected one of none, constant, step, exponential, polynomial, cosine, one_cycle, warmup_stable_decay, "
      "inverse_sqrt, "
      "plateau, sutskever_momentum";
  EXPECT_EQ(error_of_choosing({"--learning-rate-schedule=cos"}), "--learning-rate-schedule=cos: " + schedules);
  EXPECT_EQ(error_of_choosing({"--optimizer=momentum", "--momentum-schedule=cos"}),
            "--momentum-schedule=cos: " + schedules);
  EXPECT_EQ(error_of_choosing({"--optimizer=newton_cg", "--boundary-tolerance=0.2"}),
            "--boundary-tolerance is no longer an option: it is fixed at 0.1");
  EXPECT_TRUE(error_of_choosing({"--optimizer=kfac", "--label-seed=1"})
                  .starts_with("--label-seed is no longer an option: it follows the run's --seed"));
  EXPECT_EQ(error_of_choosing({"--groups=@bias"}), "groups: '@bias': expected NAME=VALUE after the selector");
  EXPECT_EQ(error_of_choosing({"--wrappers=sam+sam"}), "--wrappers=sam+sam: wrapper sam: is there twice");
}

TEST(OptimizerOptions, AreFreeForEveryMethodWithEveryWrapper) {
  std::string all;
  for (const optim::WrapperKind& w : optim::wrappers())
    if (w.place.effect != optim::Effect::points && w.place.effect != optim::Effect::accumulation)
      all += (all.empty() ? "" : "+") + w.name;
  for (const optim::Method& m : optim::methods()) {
    std::vector<std::string> arguments{"--optimizer=" + m.name};
    if (m.family != optim::Family::curvature) arguments.push_back("--wrappers=" + all);
    EXPECT_EQ(error_of([&] { choose(arguments); }), "") << m.name;
  }
}

TEST(OptimizerOptions, ListWhatThereIs) {
  const std::string text = list_of_optimizers();
  const auto json = described_optimizers();
  for (const optim::Method& m : optim::methods())
    EXPECT_NE(text.find("\n  " + m.name + "  ["), std::string::npos) << m.name;
  for (const optim::WrapperKind& w : optim::wrappers()) EXPECT_NE(text.find("\n  " + w.name + "  "), std::string::npos);
  EXPECT_EQ(json.at("optimizers").size(), optim::methods().size());
  EXPECT_EQ(json.at("wrappers").size(), optim::wrappers().size());
  EXPECT_EQ(json.at("schedules").size(), optim::schedules().size());
  EXPECT_EQ(json.at("optimizers")[0].at("hyperparameters")[0].at("range"), "a finite number > 0");
}

}  // namespace
}  // namespace gradus::lab
