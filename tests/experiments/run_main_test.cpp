// lab::main from its arguments to exit code and record, each time in a process of its own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <new>

#include "experiments/lab/run.h"
#include "experiments/lab/trainer.h"
#include "experiments/records/completion.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "tests/experiments/program.h"

namespace gradus::lab {
namespace {

using records::Verdict;

TEST(RunMain, DeclarationsAfterTheStartAreRefused) {
  const std::pair<const char*, std::function<void(lab::Run&)>> declarations[] = {
      {"late", [](lab::Run& run) { run.option("late", 1, ""); }},
      {"late", [](lab::Run& run) { run.option("late", "x", ""); }},
      {"late", [](lab::Run& run) { run.option("late", true, ""); }},
      {"late", [](lab::Run& run) { run.option("late", 0.5, ""); }},
      {"seed", [](lab::Run& run) { run.option("seed", std::int64_t{0}, ""); }},
      {"late", [](lab::Run& run) { run.control("late", "x", ""); }},
      {"optimizer", [](lab::Run& run) { run.optimizer("adam"); }}};
  for (const auto& [name, declare] : declarations)
    for (const bool started : {false, true}) {
      Program program;
      const int code = program.run([&](lab::Run& run) {
        started ? run.start() : run.finish_options();
        declare(run);
      });
      EXPECT_EQ(code, 1);
      EXPECT_EQ(program.errors.find(std::string("prog: option ") + name + ": asked for after"), 0U) << program.errors;
      EXPECT_NE(program.errors.find("before start()"), std::string::npos);
    }
}

// 2 says that the command line was wrong, and nothing else.
TEST(RunMain, OnlyTheCommandLineIsAUsageError) {
  const auto throws = []<class E>(E error, bool started) {
    return [=](lab::Run& run) {
      if (started) run.start();
      throw error;
    };
  };
  Program program;
  EXPECT_EQ(program.run(throws(std::invalid_argument("matmul: shapes"), false)), 1);
  EXPECT_FALSE(std::filesystem::exists(program.output()));
  const auto asks = [](lab::Run&) { from_options([] { throw std::invalid_argument("bad value"); }); };
  EXPECT_EQ(program.run(asks), 2);
  EXPECT_EQ(program.errors, "prog: bad value\n");
  EXPECT_EQ(program.run(throws(std::bad_alloc(), false)), 1);
  EXPECT_EQ(program.errors, "prog: not enough memory\n");
  EXPECT_EQ(program.run(throws(std::invalid_argument("matmul: shapes"), true)), 1);
  EXPECT_EQ(program.errors, "prog: matmul: shapes\n");
  const records::Completion found = records::read_completion(program.output());
  EXPECT_EQ(found.verdict, Verdict::whole) << found.problem;
  EXPECT_EQ(found.record["status"], "failed");
  EXPECT_EQ(found.record["reason"], "matmul: shapes");
  EXPECT_EQ(Program().run(throws(std::logic_error("declared twice"), false)), 1);
  EXPECT_EQ(Program().run(throws(UsageError("--both: cannot be"), true)), 2);
}

TEST(RunMain, AFailedStartLeavesNothingThatBlocksTheNext) {
  Program program;
  EXPECT_EQ(program.run([](lab::Run& run) { run.start({{"loss", "1", ""}, {"loss", "1", ""}}); }), 1);
  EXPECT_NE(program.errors.find("given twice"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(program.output()));
  EXPECT_EQ(program.run([](lab::Run& run) { run.start(); }), 0);
}

TEST(RunMain, AnyBytesCanBeTheReasonOfAnEnd) {
  const std::string odd("a\xff\x1b[2J\n\0b", 9);
  for (const int how : {0, 1, 2}) {
    Program program;
    const int code = program.run([&](lab::Run& run) {
      run.start();
      run.set_attribute("path", odd);
      run.set_reason(odd);
      if (how == 1) throw std::runtime_error(odd);
      if (how == 2) throw Diverged(odd);
    });
    EXPECT_EQ(code, (std::vector<int>{0, 1, 3})[static_cast<std::size_t>(how)]) << program.errors;
    EXPECT_EQ(std::count(program.errors.begin(), program.errors.end(), '\n'), how == 0 ? 0 : 1);
    const records::Completion found = records::read_completion(program.output());
    EXPECT_EQ(found.verdict, Verdict::whole) << found.problem;
    EXPECT_EQ(found.record["reason"].get<std::string>().find("a\\xff\\x1b[2J\\x0a"), 0U);
  }
}

// Stays where it is; the point to look at has NaN in the bias of the second class, or everywhere.
class Lost final : public optim::Optimizer {
 public:
  explicit Lost(bool everywhere) : everywhere_(everywhere) {}
  optim::StepReport step(optim::Objective&, const Tensor&) override { return {}; }
  void visit(optim::StateVisitor&) override {}
  Tensor evaluation_point(const Tensor& theta) override {
    const Tensor point = theta.clone();
    for (std::int64_t i = everywhere_ ? 0 : theta.size() - 1; i < theta.size(); ++i)
      point.set(i, std::numeric_limits<double>::quiet_NaN());
    return point;
  }

 private:
  bool everywhere_;
};

// No answer is right where a number is not one, and no loss of it is finite.
TEST(RunMain, ATrainerReportsNaN) {
  for (const bool everywhere : {false, true}) {
    Program program;
    const int code = program.run([everywhere](lab::Run& run) {
      run.start();
      Lost optimizer(everywhere);
      Trainer trainer(run, nn::Linear{2, 2}, nn::cross_entropy, optimizer);
      const Source source = source_of(Tensor::full({600, 2}, 1, run.dtype()), Tensor::zeros({600}, DType::int32));
      const Evaluation evaluation = trainer.evaluate(source);  // two batches
      if (!std::isnan(evaluation.loss) || evaluation.accuracy != 0)
        throw std::runtime_error(fmt::format("loss {}, accuracy {}", evaluation.loss, evaluation.accuracy));
    });
    EXPECT_EQ(code, 0) << program.errors;
  }
}

}  // namespace
}  // namespace gradus::lab
