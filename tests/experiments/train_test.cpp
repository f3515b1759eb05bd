// train() against a loop written by hand, and what it refuses.
#include "experiments/lab/train.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "experiments/lab/instruments/instruments.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "tests/experiments/numbered.h"
#include "tests/experiments/program.h"

namespace gradus::lab {
namespace {

Workload small() {
  return {.name = "small",
          .model =
              [](const Task& task) {
                return nn::Sequential{nn::Linear{task.input.size(), task.outputs}};
              },
          .loss = nn::cross_entropy,
          .data = Dataset{.train = numbered(50, 4), .test = numbered(10, 4)}.with_validation(10),
          .metrics = {loss_metric(), accuracy()}};
}

// Zeros.
Source numbers(const Shape& inputs, const Shape& targets) {
  return source_of(Tensor::zeros(inputs, DType::float32), Tensor::zeros(targets, DType::float32));
}

// What the body throws is the program's error.
void expect(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

TEST(Train, IsTheLoopThatOneWouldWrite) {
  Program program;
  const int code = program.run([](lab::Run& run) {
    const auto optimizer = run.optimizer("adam");
    const Trained trained = train(run, small(), optimizer, {.budget = {epochs(3)}, .batch_size = 7});

    const Workload workload = small();
    const auto again = optim::make_optimizer("adam", {});
    Trainer trainer(run, workload.model(task_of(workload.data.train)), workload.loss, *again);
    std::int64_t steps = 0;
    for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
      Batches batches(workload.data.train, 7, run.dtype(), run.stream("shuffle", epoch));
      for (const Batch& batch : batches) {
        trainer.step(batch);
        ++steps;
      }
    }
    expect(trained.steps == steps, fmt::format("{} steps, expected {}", trained.steps, steps));
    expect(trained.parameters.to_vector() == trainer.parameters().to_vector(), "other parameters");
    expect(trained.costs.examples == 3 * 40, fmt::format("{} examples", trained.costs.examples));
  });
  EXPECT_EQ(code, 0) << program.errors;
}

TEST(Train, StopsWhereTheFirstBudgetIsSpent) {
  struct Case {
    std::vector<Amount> budget;
    std::int64_t steps;
  };
  // 40 examples in batches of 8: 5 steps are an epoch.
  const Case cases[] = {{{steps(7)}, 7},     {{epochs(2)}, 10},          {{epochs(0.5)}, 3},
                        {{examples(20)}, 3}, {{steps(9), epochs(1)}, 5}, {{gradient_equivalents(1.1)}, 6}};
  for (const Case& c : cases) {
    Program program;
    const int code = program.run([&](lab::Run& run) {
      const auto optimizer = run.optimizer("sgd");
      const Trained trained = train(run, small(), optimizer, {.budget = c.budget, .batch_size = 8});
      expect(trained.steps == c.steps, fmt::format("{} steps, expected {}", trained.steps, c.steps));
    });
    EXPECT_EQ(code, 0) << program.errors;
  }
}

// Of sequences with a label at each position, examples are counted and not positions.
TEST(Train, CountsExamplesOfSequences) {
  Program program;
  const int code = program.run([](lab::Run& run) {
    const Workload workload{
        .name = "sequences",
        .model =
            [](const Task&) {
              return nn::Sequential{nn::Linear{6, 12}, nn::Unflatten{{3, 4}}};
            },
        .loss = nn::cross_entropy,
        .data = {.train = source_of(Tensor::full({20, 6}, 1, run.dtype()), Tensor::zeros({20, 3}, DType::int32), 0, 4)},
        .metrics = {loss_metric()}};
    const auto optimizer = run.optimizer("sgd");
    const Trained trained = train(run, workload, optimizer, {.budget = {gradient_equivalents(2)}, .batch_size = 5});
    expect(trained.steps == 8, fmt::format("{} steps, expected 8", trained.steps));
    expect(trained.costs.examples == 40, fmt::format("{} examples, expected 40", trained.costs.examples));
  });
  EXPECT_EQ(code, 0) << program.errors;
}

TEST(Train, EndsAtTheTargetIfAsked) {
  Program program;
  const int code = program.run([](lab::Run& run) {
    Workload workload = small();
    workload.target = {"training_loss", 1e9};
    const auto optimizer = run.optimizer("sgd");
    const Trained trained =
        train(run, workload, optimizer, {.budget = {steps(100)}, .evaluate_every = steps(4), .stop_at_target = true});
    expect(trained.steps == 0, "the target was reached before the first step");
  });
  EXPECT_EQ(code, 0) << program.errors;
}

// The tables of two trainings would be one.
TEST(Train, IsTheOnlyTrainingOfARun) {
  const auto refused = [](const std::function<void(lab::Run&, const Workload&, const ChosenOptimizer&)>& before) {
    Program program;
    const int code = program.run([&](lab::Run& run) {
      const auto optimizer = run.optimizer("sgd");
      const Workload workload = small();
      before(run, workload, optimizer);
      train(run, workload, optimizer, {.budget = {steps(2)}});
    });
    EXPECT_EQ(code, 1);
    EXPECT_NE(program.errors.find("the run has logged steps before those of workload small"), std::string::npos)
        << program.errors;
  };
  refused([](lab::Run& run, const Workload& workload, const ChosenOptimizer& optimizer) {
    train(run, workload, optimizer, {.budget = {steps(1)}});
  });
  refused([](lab::Run& run, const Workload& workload, const ChosenOptimizer& optimizer) {
    run.start();
    Trainer trainer(run, workload.model(task_of(workload.data.train)), workload.loss, *optimizer);
    run.log(trainer.step(workload.data.train.rows(0, 5, run.dtype())));
  });
}

// Before the run has left anything.
TEST(Train, RefusesBeforehandWhatCannotBe) {
  struct Case {
    std::vector<std::string> options;
    Plan plan;
    std::function<void(Workload&)> change;
    std::string error;
  };
  const auto nothing = [](Workload&) {};
  const Case cases[] = {
      {{"--optimizer=sgd"}, {.budget = {}}, nothing, "a plan without a budget would never end"},
      {{"--learning-rate-schedule=plateau"},
       {.budget = {steps(3)}, .evaluate_every = seconds(1)},
       nothing,
       "--evaluation-unit=seconds: a schedule observes the validation loss"},
      {{"--learning-rate-schedule=plateau"},
       {.budget = {steps(3)}},
       [](Workload& workload) { workload.data.validation = {}; },
       "a schedule observes the loss on validation examples, and there are none"},
      {{},
       {.budget = {steps(3)}},
       [](Workload& w) {
         w.target = {"test_error", 1};
       },
       "its target is of 'test_error'"},
      {{}, {.budget = {steps(3)}}, [](Workload& w) { w.metrics.clear(); }, "a workload without a metric"},
      {{}, {.budget = {steps(3)}}, [](Workload& w) { w.data.train = w.data.train.first(99); }, "there are 40"},
      {{},
       {.budget = {steps(3)}, .instruments = {update_norms(), update_norms()}},
       nothing,
       "instrument update: there is another table of this name"},
      {{}, {.budget = {steps(3)}}, [](Workload& w) { w.model = nullptr; }, "workload small: it has no model"},
      {{}, {.budget = {steps(3)}}, [](Workload& w) { w.metrics.push_back(loss_metric()); }, "is given twice"},
      {{},
       {.budget = {steps(3)}},
       [](Workload& w) {
         w.metrics.push_back(Metric{{.name = "empty"}, nullptr, nullptr});
       },
       "metric empty: it has no"},
      {{}, {.budget = {steps(3)}, .stop_at_target = true}, nothing, "--stop-at-target: workload small has no target"},
      {{},
       {.budget = {steps(3)}},
       [](Workload& w) { w.model = [](const Task&) {
                           return nn::Sequential{nn::Linear{2, 5}};
                         }; },
       "workload small: the model gives 5 numbers for a label of 4 classes, expected 4"},
      {{},
       {.budget = {steps(3)}},
       [](Workload& w) { w.metrics.push_back(r_squared()); },
       "workload small: the metric r_squared does not take outputs [1, 4] of float32 for targets [1] of int32: "},
      {{},
       {.budget = {steps(3)}},
       [](Workload& w) { w.model = [](const Task&) {
                           return nn::Sequential{nn::Linear{3, 4}};
                         }; },
       "workload small: the model does not take inputs [1, 2] of float32: "},
      {{},
       {.budget = {steps(3)}},
       [](Workload& w) { w.data.train = w.data.train.relabelled(1, [](std::int64_t, std::int32_t) { return 0; }); },
       "workload small: all labels are of one class, expected at least two"},
      {{},
       {.budget = {steps(3)}},
       [](Workload& w) {
         w.data.train = numbers({40, 3}, {40});
       },
       "workload small: its loss is a cross-entropy and a target one number that is no label"},
      {{},
       {.budget = {steps(3)}},
       [](Workload& w) {
         w.data.train = numbers({40, 3}, {40, 2});
         w.loss = nn::mean_squared_error;
         w.metrics = {loss_metric()};
         w.model = [](const Task&) { return nn::Sequential{nn::Linear{3, 5}}; };
       },
       "workload small: the loss does not take outputs [1, 5] of float32 for targets [1, 2] of float32: "},
      {{},
       {.budget = {steps(3)}},
       [](Workload& w) {
         w.data.train = numbers({40, 3}, {39});
       },
       "source: inputs [40, 3] and targets [39], expected [n, ..] and [n, ..]"}};
  for (const Case& c : cases) {
    Program program;
    const int code = program.run(
        [&](lab::Run& run) {
          Workload workload = small();
          c.change(workload);
          const auto optimizer = run.optimizer("sgd");
          train(run, workload, optimizer, c.plan);
        },
        c.options);
    EXPECT_EQ(code, 2) << program.errors;
    EXPECT_NE(program.errors.find(c.error), std::string::npos) << program.errors << " expected " << c.error;
    EXPECT_FALSE(std::filesystem::exists(program.output()));
  }
}

TEST(Train, EndsWhereNothingWouldEndIt) {
  Program program;
  const int code = program.run([](lab::Run& run) {
    const auto optimizer = run.optimizer("sgd");
    train(run, small(), optimizer, {.budget = {products(5)}});
  });
  EXPECT_EQ(code, 1);
  EXPECT_NE(program.errors.find("no curvature product"), std::string::npos) << program.errors;
}

TEST(Plan, ComesFromOptions) {
  Program program;
  const int code = program.run(
      [](lab::Run& run) {
        const Plan plan = plan_of_options(run, {.budget = {epochs(5), seconds(2)}, .batch_size = 16});
        expect(plan.budget.size() == 2 && plan.budget[0].unit == Unit::steps && plan.budget[1].unit == Unit::seconds,
               "the budget");
        expect(plan.batch_size == 16 && plan.evaluate_every.unit == Unit::products && plan.evaluate_every.count == 4,
               "the rest");
        run.start();
      },
      {"--budget-steps=7", "--budget-seconds=2", "--evaluation-unit=products", "--evaluation-interval=4"});
  EXPECT_EQ(code, 0) << program.errors;
  const auto refused = [&](const std::string& option) {
    Program again;
    EXPECT_EQ(again.run([](lab::Run& run) { plan_of_options(run, {.budget = {epochs(5)}}); }, {option}), 2);
    return again.errors;
  };
  // A budget that is given stands alone.
  Program alone;
  EXPECT_EQ(alone.run(
                [](lab::Run& run) {
                  const Plan plan = plan_of_options(run, {.budget = {epochs(5)}, .evaluate_every = steps(500)});
                  expect(plan.budget.size() == 1 && plan.budget[0].unit == Unit::steps, "the budget");
                  expect(plan.evaluate_every.count == 1 && plan.evaluate_every.unit == Unit::epochs, "the interval");
                  run.start();
                },
                {"--steps=7", "--evaluation-unit=epochs"}),
            0)
      << alone.errors;
  EXPECT_NE(refused("--budget-epochs=0").find("expected at least one above 0"), std::string::npos);
  EXPECT_NE(refused("--evaluation-interval=0").find("evaluation-interval"), std::string::npos);
  for (const char* bad : {"update", "update:", "update:0", "update:5:6", "update:x", "update:5,"})
    EXPECT_NE(refused(std::string("--instruments=") + bad).find("instrument"), std::string::npos) << bad;
  EXPECT_NE(refused("--instruments=sharpnes:5").find("sharpness"), std::string::npos);
}

}  // namespace
}  // namespace gradus::lab
