// What every instrument promises: it changes nothing, depends on no other, and says what it cost.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "optim/wrapper.h"
#include "tests/experiments/instruments/watched_network.h"

namespace gradus::lab {
namespace {

// Examples of which a model of ours has seen the forward pass.
std::int64_t examples_passed = 0;

// The identity, which counts.
class Counting {
 public:
  void declare(nn::ParameterScope&) {}
  Var forward(nn::Forward&, const Var& x) const {
    examples_passed += x.shape()[0];
    return x;
  }
};

Workload counted_network() {
  return network({Counting{}, nn::Linear{3, 20}, nn::Tanh{}, nn::Dropout{0.2}, nn::Linear{20, 2}});
}

std::vector<std::shared_ptr<Instrument>> all_instruments(std::int64_t every) {
  std::vector<std::shared_ptr<Instrument>> all;
  for (const InstrumentKind& kind : instruments()) all.push_back(kind.make({{"every", static_cast<double>(every)}}));
  return all;
}

// As bytes: NaN is the same as NaN.
std::string bytes_of_numbers(const std::vector<double>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double)};
}

// The columns of a table but for the seconds.
std::vector<std::string> measured(const Instrument& instrument) {
  std::vector<std::string> all;
  const records::MetricTable& table = instrument.table();
  for (std::size_t i = 0; i < table.columns().size(); ++i)
    if (table.columns()[i].name != "instrument_seconds") all.push_back(bytes_of_numbers(table.values(i)));
  return all;
}

// What a training leaves: its parameters, its costs, and what the instruments measured.
struct Left {
  std::string parameters, costs;
  std::vector<std::vector<std::string>> tables;
};
std::string text_of(const Left& left) {
  std::string all = left.parameters + left.costs;
  for (const auto& table : left.tables)
    for (const std::string& column : table) all += column;
  return all;
}

// Trains in a process of its own, and gives back what is made of what it left.
std::string train_apart(const std::string& method, const std::vector<std::shared_ptr<Instrument>>& watching,
                        const std::function<std::string(const Left&)>& told = text_of) {
  TemporaryFolder folder;
  Program program;
  const int code = program.run(
      [&](lab::Run& run) {
        const auto optimizer = run.optimizer("sgd");
        const Trained trained =
            train(run, counted_network(), optimizer,
                  {.budget = {steps(7)}, .evaluate_every = steps(3), .batch_size = 5, .instruments = watching});
        Left left{bytes_of_numbers(trained.parameters.to_vector()),
                  fmt::format("{} {} {} {}", trained.costs.gradients, trained.costs.products, trained.costs.examples,
                              trained.costs.gradient_equivalents),
                  {}};
        for (const auto& instrument : watching) left.tables.push_back(measured(*instrument));
        std::ofstream(folder / "told", std::ios::binary) << told(left);
      },
      {"--optimizer=" + method});
  EXPECT_EQ(code, 0) << program.errors;
  return bytes_of(folder / "told");
}

std::string without_tables(const Left& left) { return left.parameters + left.costs; }

TEST(EveryInstrument, LeavesTheTrainingsBitsAlone) {
  for (const char* method :
       {"sgd", "momentum", "adam", "rmsprop", "schedule_free_adamw", "lbfgs", "newton_cg", "kfac"}) {
    const std::string alone = train_apart(method, {}, without_tables);
    ASSERT_FALSE(alone.empty());
    for (const InstrumentKind& kind : instruments())
      EXPECT_EQ(train_apart(method, {kind.make({{"every", 2}})}, without_tables), alone) << method << " " << kind.name;
    EXPECT_EQ(train_apart(method, all_instruments(3), without_tables), alone) << method;
  }
}

TEST(EveryInstrument, MeasuresTheSameWhoeverElseLooksOn) {
  const std::size_t kinds = instruments().size();
  for (std::size_t i = 0; i < kinds; ++i) {
    // Steps 0, 3 and 6, among others that look at every step and at every second one.
    const auto mine = [i](const Left& left) {
      std::string all;
      for (const std::string& column : left.tables[left.tables.size() == 1 ? 0 : i]) all += column;
      return all;
    };
    auto beside = all_instruments(2);
    beside[(i + 1) % kinds] = (&instruments().front())[(i + 1) % kinds].make({{"every", 1}});
    beside[i] = (&instruments().front())[i].make({{"every", 3}});
    const std::string alone = train_apart("adam", {(&instruments().front())[i].make({{"every", 3}})}, mine);
    ASSERT_FALSE(alone.empty());
    EXPECT_EQ(train_apart("adam", beside, mine), alone) << beside[i]->name();
  }
}

// A gradient for each pass through the model, and two for each Hessian product, of the examples looked at.
TEST(EveryInstrument, SaysWhatItCost) {
  for (const InstrumentKind& kind : instruments()) {
    Program program;
    const int code = program.run([&](lab::Run& run) {
      using Clock = std::chrono::steady_clock;
      std::vector<std::int64_t> passed, examples;
      std::vector<double> seconds;
      Clock::time_point start;
      std::int64_t before = 0;
      const auto first = std::make_shared<Witness>("first", [&](const Moment&) {
        before = examples_passed;
        start = Clock::now();
      });
      const auto last = std::make_shared<Witness>("last", [&](const Moment& at) {
        seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
        passed.push_back(examples_passed - before);
        examples.push_back(at.batch.targets.shape()[0]);
      });
      const auto instrument = kind.make({{"every", 1}});
      const auto optimizer = run.optimizer("adam");
      train(run, counted_network(), optimizer,
            {.budget = {steps(7)}, .batch_size = 5, .instruments = {first, instrument, last}});
      double told = 0, seen = 0;
      for (std::size_t i = 0; i < 7; ++i) {
        const auto row = static_cast<std::int64_t>(i);
        double products = kind.name == "trace" ? 10 : 0;
        for (const records::Column& column : instrument->table().columns())
          if (column.name == "products") products = number(*instrument, "products", row);
        const double expected = static_cast<double>(passed[i]) + 2 * products * static_cast<double>(examples[i]);
        expect_near(number(*instrument, "instrument_gradients", row), expected, 1e-9 * (1 + expected), "gradients");
        const bool is_free = kind.name == "parameters" || kind.name == "update" || kind.name == "path";
        expect(is_free == (expected == 0), fmt::format("{} gradients", expected));
        told += number(*instrument, "instrument_seconds", row);
        seen += seconds[i];
      }
      expect(told > 0 && told <= seen, fmt::format("{} s of {} s", told, seen));
    });
    EXPECT_EQ(code, 0) << kind.name << ": " << program.errors;
  }
}

TEST(EveryInstrument, SaysHowLongItTook) {
  Program program;
  const int code = program.run([&](lab::Run& run) {
    const auto slow = std::make_shared<Witness>(
        "slow", [](const Moment&) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); });
    const auto optimizer = run.optimizer("sgd");
    const auto start = std::chrono::steady_clock::now();
    const Trained trained =
        train(run, network(), optimizer, {.budget = {steps(4)}, .batch_size = 5, .instruments = {slow}});
    const double all = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    double told = 0;
    for (std::int64_t row = 0; row < 4; ++row) {
      expect(number(*slow, "instrument_seconds", row) >= 0.02, "too short");
      told += number(*slow, "instrument_seconds", row);
    }
    expect(told + trained.seconds <= all, fmt::format("{} s and {} s of {} s", told, trained.seconds, all));
  });
  EXPECT_EQ(code, 0) << program.errors;
}

// Every column says what it is, and the regime's numbers have names.
TEST(EveryInstrument, DescribesItsColumns) {
  Program program;
  const int code = program.run([&](lab::Run& run) {
    const auto optimizer = run.optimizer("sgd");
    const auto all = all_instruments(1);
    train(run, counted_network(), optimizer, {.budget = {steps(1)}, .batch_size = 5, .instruments = all});
    for (const auto& instrument : all) {
      for (const records::Column& column : instrument->table().columns()) {
        expect(!column.long_name.empty(), instrument->name() + "." + column.name + " has no long name");
        expect(column.axis != "layer" || static_cast<std::int64_t>(column.labels.size()) == column.length,
               instrument->name() + "." + column.name + " has unnamed layers");
      }
      expect(instrument->table().index_column().name == "step", "the index");
    }
  });
  EXPECT_EQ(code, 0) << program.errors;
}

TEST(EveryInstrument, IsAskedForByName) {
  const auto all = instruments_of("sharpness:25,noise_scale:50");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]->name(), "sharpness");
  EXPECT_EQ(all[0]->every(), 25);
  EXPECT_EQ(all[1]->name(), "noise_scale");
  EXPECT_EQ(all[1]->every(), 50);
  EXPECT_TRUE(instruments_of("").empty());
}

// Gives tensors and numbers to files of their names, takes them from there, or makes them undefined and 0.
class Carried final : public optim::StateVisitor {
 public:
  enum class Way { gives, takes, loses };
  Carried(std::filesystem::path folder, Way way) : folder_(std::move(folder)), way_(way) {}
  void tensor(std::string_view name, Tensor& value) override {
    const std::filesystem::path file = folder_ / std::string(name);
    if (way_ == Way::loses) {
      value = Tensor();
    } else if (way_ == Way::gives) {
      std::ofstream(file, std::ios::binary)
          .write(static_cast<const char*>(value.raw()), static_cast<std::streamsize>(value.bytes()));
    } else {
      const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(file));
      value = Tensor::zeros({bytes / 4}, DType::float32);
      std::ifstream(file, std::ios::binary).read(static_cast<char*>(value.raw()), bytes);
    }
  }
  void counter(std::string_view name, std::int64_t& value) override { carry(name, value); }
  void number(std::string_view name, double& value) override { carry(name, value); }

 private:
  template <class T>
  void carry(std::string_view name, T& value) {
    const std::filesystem::path file = folder_ / std::string(name);
    if (way_ == Way::loses)
      value = 0;
    else if (way_ == Way::gives)
      std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(&value), sizeof value);
    else
      std::ifstream(file, std::ios::binary).read(reinterpret_cast<char*>(&value), sizeof value);
  }

  std::filesystem::path folder_;
  Way way_;
};

// What it has lost and been given back, it goes on with.
TEST(EveryInstrument, GoesOnFromWhatItShows) {
  using enum Carried::Way;
  for (const InstrumentKind& kind : instruments()) {
    TemporaryFolder folder;
    // The rows of the steps from 3 on; what is done to the state before.
    const auto later = [&](const std::vector<Carried::Way>& ways) {
      const auto instrument = kind.make({{"every", 1}});
      const auto carry = std::make_shared<Witness>("carry", [&](const Moment& at) {
        if (at.step != 3) return;
        for (const Carried::Way way : ways) {
          Carried state(folder.path(), way);
          instrument->visit(state);
        }
      });
      return train_apart("adam", {carry, instrument}, [](const Left& left) {
        std::string rows;
        for (const std::string& column : left.tables[1]) rows += column.substr(3 * column.size() / 7);
        return rows;
      });
    };
    const std::string undisturbed = later({gives});
    ASSERT_FALSE(undisturbed.empty());
    EXPECT_EQ(later({loses, takes}), undisturbed) << kind.name;
    EXPECT_EQ(later({loses}) == undisturbed, std::filesystem::is_empty(folder.path())) << kind.name;
  }
}

// The pages's list of prices and the tables of options are made of this.
TEST(EveryInstrument, DescribesItsOptions) {
  for (const InstrumentKind& kind : instruments()) {
    EXPECT_EQ(kind.make({})->name(), kind.name);
    EXPECT_FALSE(kind.price.empty()) << kind.name;
    ASSERT_FALSE(kind.options.empty()) << kind.name;
    EXPECT_EQ(kind.options[0].name, "every");
    EXPECT_EQ(kind.make({})->every(), static_cast<std::int64_t>(kind.options[0].default_value)) << kind.name;
  }
}

// On the command line, for one that is asked for: here 7 probes of the trace cost 1 + 2 * 7 gradients of 3 examples.
TEST(EveryInstrument, HasOptionsOnTheCommandLine) {
  const auto body = [](lab::Run& run) {
    const auto optimizer = run.optimizer("sgd");
    const Plan plan = plan_of_options(run, {.budget = {steps(2)}, .batch_size = 5});
    train(run, network(), optimizer, plan);
    expect_near(number(*plan.instruments.at(0), "instrument_gradients", 0), 3 * 15, 1e-9, "price");
  };
  Program program;
  EXPECT_EQ(program.run(body, {"--instruments=trace:1,sharpness:2", "--trace-probes=7", "--trace-examples=3"}), 0)
      << program.errors;
  const auto refused = [&](const char* option, const std::string& expected) {
    Program again;
    EXPECT_EQ(again.run(body, {"--instruments=trace:1", option}), 2);
    EXPECT_NE(again.errors.find(expected), std::string::npos) << again.errors;
    EXPECT_FALSE(std::filesystem::exists(again.output()));
  };
  refused("--trace-probs=7",
          "--trace-probs is no option of the instrument trace, which has --trace-examples, "
          "--trace-probes");
  refused("--sharpness-tolerance=0.1",
          "--sharpness-tolerance is an option of the instrument sharpness, which is not among --instruments");
  refused("--trace-probes=0", "--trace-probes=0");
}

// Batch normalisation mixes the examples.
TEST(EveryInstrument, RefusesBeforehandAModelThatItCannotMeasure) {
  Program program;
  const int code = program.run([](lab::Run& run) {
    const auto optimizer = run.optimizer("sgd");
    train(run, network({nn::Linear{3, 4}, nn::BatchNorm{4}, nn::Linear{4, 2}}), optimizer,
          {.budget = {steps(2)}, .batch_size = 5, .instruments = {noise_scale()}});
  });
  EXPECT_EQ(code, 2);
  EXPECT_NE(program.errors.find("instrument noise_scale: the gradients of single examples of workload network"),
            std::string::npos)
      << program.errors;
  EXPECT_FALSE(std::filesystem::exists(program.output()));
}

TEST(EveryInstrument, RefusesWhatIsNone) {
  EXPECT_THROW(instruments_of("update:1,update:2"), std::invalid_argument);
  EXPECT_THROW(instruments_of("sharpnes:25"), std::invalid_argument);
  EXPECT_THROW(instruments_of("sharpness"), std::invalid_argument);
  EXPECT_THROW(instruments_of("sharpness:0"), std::invalid_argument);
  EXPECT_THROW(instruments_of("sharpness:1.5"), std::invalid_argument);
  EXPECT_THROW(instruments_of("sharpness:2,"), std::invalid_argument);
  EXPECT_THROW(sharpness({.every = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace gradus::lab
