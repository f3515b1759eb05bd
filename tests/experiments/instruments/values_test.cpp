// What instruments write against dense matrices, single examples and plain loops, in float64.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cmath>

#include "autodiff/functional.h"
#include "autodiff/gradient.h"
#include "autodiff/tensor/small_eigen.h"
#include "autodiff/tensor/vectors.h"
#include "tests/experiments/instruments/watched_network.h"

namespace gradus::lab {
namespace {

constexpr std::int64_t p = network_parameters;

// Trains the network for six steps and calls `check(at, row)` of each, once the instrument has measured it.
void watch(const std::shared_ptr<Instrument>& instrument, const std::string& method, std::int64_t batch_size,
           const std::function<void(const Moment& at, std::int64_t row)>& check, const Workload& workload = network(),
           const std::vector<std::string>& options = {}) {
  SCOPED_TRACE(method);
  Program program;
  std::vector<std::string> all = {"--dtype=float64", "--optimizer=" + method};
  all.insert(all.end(), options.begin(), options.end());
  const int code = program.run(
      [&](lab::Run& run) {
        const auto optimizer = run.optimizer("sgd");
        std::int64_t row = 0;
        const auto witness = std::make_shared<Witness>("witness", [&](const Moment& at) { check(at, row++); });
        train(run, workload, optimizer,
              {.budget = {steps(6)}, .batch_size = batch_size, .instruments = {instrument, witness}});
        expect(row == 6, "not every step was seen");
      },
      all);
  EXPECT_EQ(code, 0) << program.errors;
}

Tensor dense_hessian(const Moment& at) {
  return hessian([&](Tape& tape, const Var& theta) { return network_loss(tape, theta, at.batch); }, at.before);
}
Tensor dense_gradient(const Moment& at, const Batch& batch) {
  return value_and_gradient([&](Tape& tape, const Var& theta) { return network_loss(tape, theta, batch); }, at.before)
      .gradient;
}
double largest_of(const std::vector<double>& matrix) { return symmetric_eigen(matrix, p).values.back(); }

TEST(Instruments, SharpnessIsTheLargestEigenvalue) {
  for (const std::string method : {"gradient_descent", "momentum", "adam", "rmsprop", "newton_cg"}) {
    const auto instrument = sharpness({.every = 1, .tolerance = 1e-10});
    watch(instrument, method, whole_set, [&](const Moment& at, std::int64_t row) {
      const std::vector<double> h = dense_hessian(at).to_vector();
      const double largest = largest_of(h);
      expect_near(number(*instrument, "sharpness", row), largest, 1e-8 * largest, "sharpness");
      const auto stability = at.optimizer.stability();
      expect(stability.has_value() == (method != "newton_cg"), "stability");
      double judged = largest;
      if (stability && stability->preconditioner.defined()) {
        std::vector<double> scaled = h;
        const Tensor& d = stability->preconditioner;
        for (std::int64_t i = 0; i < p; ++i)
          for (std::int64_t k = 0; k < p; ++k)
            scaled[static_cast<std::size_t>(i * p + k)] /= std::sqrt(d.at(i) * d.at(k));
        judged = largest_of(scaled);
      }
      expect_near(number(*instrument, "preconditioned_sharpness", row), judged, 1e-8 * judged, "preconditioned");
      expect(number(*instrument, "residual", row) <= 1e-8 * judged, "residual");
      const double threshold = number(*instrument, "threshold", row), regime = number(*instrument, "regime", row);
      if (!stability) {
        expect(std::isnan(threshold) && regime == 3, "no threshold");
        return;
      }
      expect(threshold == stability->threshold, "threshold");
      const double ratio = judged / threshold;
      expect(regime == (ratio < 0.95 ? 0 : ratio <= 1.05 ? 1 : 2), "regime");
    });
  }
}

TEST(Instruments, SharpnessTellsTheRegime) {
  // A step of gradient descent with the rate part / (largest eigenvalue) is at part / 2 of its threshold.
  for (const auto& [part, regime] : {std::pair{1.0, 0.0}, {1.89, 0.0}, {1.91, 1.0}, {2.09, 1.0}, {2.11, 2.0}}) {
    Program program;
    const int code = program.run(
        [&](lab::Run& run) {
          const Workload workload = network();
          const Batch all = workload.data.train.rows(0, 12, DType::float64);
          NetworkObjective objective(workload.model(task_of(workload.data.train)), workload.loss, DType::float64,
                                     RandomStream(1));
          const Tensor start = objective.parameters().initial(DType::float64, run.stream("initialisation"));
          const double largest = largest_of(
              hessian([&](Tape& tape, const Var& theta) { return network_loss(tape, theta, all); }, start).to_vector());
          const auto optimizer = run.optimizer("gradient_descent");
          *optimizer->number("learning_rate") = part / largest;
          const auto instrument = sharpness({.every = 1});
          train(run, workload, optimizer, {.budget = {steps(1)}, .batch_size = whole_set, .instruments = {instrument}});
          expect_near(number(*instrument, "regime", 0), regime, 0, fmt::format("regime at {}", part / 2));
        },
        {"--dtype=float64"});
    EXPECT_EQ(code, 0) << program.errors;
  }
}

TEST(Instruments, MeasureOnAFixedPartOfTheTrainingSetIfAsked) {
  const auto instrument = sharpness({.every = 1, .examples = 7, .tolerance = 1e-10});
  const auto beside = gradient_norms({.every = 1});  // which still has the step's batch
  watch(instrument, "sgd", 4, [&](const Moment& at, std::int64_t row) {
    const Batch first = at.workload.data.train.rows(0, 7, DType::float64);
    const double largest = largest_of(
        hessian([&](Tape& tape, const Var& theta) { return network_loss(tape, theta, first); }, at.before).to_vector());
    expect_near(number(*instrument, "sharpness", row), largest, 1e-8 * largest, "sharpness");
    expect_near(vectors::norm(at.objective.gradient()), vectors::norm(dense_gradient(at, at.batch)), 1e-12, "batch");
  });
}

TEST(Instruments, TraceIsWithinItsError) {
  const auto instrument = trace({.every = 1, .probes = 400});
  watch(instrument, "sgd", whole_set, [&](const Moment& at, std::int64_t row) {
    const Tensor h = dense_hessian(at);
    double exact = 0;
    for (std::int64_t i = 0; i < p; ++i) exact += h.at(i * p + i);
    const double error = number(*instrument, "standard_error", row);
    expect(error > 0 && error < 0.1 * exact, fmt::format("standard error {} of {}", error, exact));
    expect_near(number(*instrument, "trace", row), exact, 5 * error, "trace");
  });
}

TEST(Instruments, SpectrumIsThatOfTheDenseHessian) {
  const auto instrument = spectrum({.every = 1, .largest = 5, .probes = 40, .steps = 40, .tolerance = 1e-10});
  watch(instrument, "sgd", whole_set, [&](const Moment& at, std::int64_t row) {
    const std::vector<double> exact = symmetric_eigen(dense_hessian(at).to_vector(), p).values;
    const std::vector<double> largest = numbers(*instrument, "largest", row);
    for (std::size_t i = 0; i < 5; ++i)
      expect_near(largest[i], exact[exact.size() - 1 - i], 1e-7 * exact.back(), fmt::format("eigenvalue {}", i));
    expect_near(number(*instrument, "smallest", row), exact.front(), 1e-6 * exact.back(), "smallest");
    const std::vector<double> place = numbers(*instrument, "at", row), density = numbers(*instrument, "density", row);
    double whole = 0, first = 0, mean = 0;
    for (std::size_t i = 1; i < place.size(); ++i) {
      const double share = (density[i] + density[i - 1]) / 2 * (place[i] - place[i - 1]);
      whole += share;
      first += share * (place[i] + place[i - 1]) / 2;
    }
    for (const double value : exact) mean += value / static_cast<double>(p);
    expect_near(whole, 1, 1e-3, "integral of the density");
    expect_near(first, mean, 0.2 * mean, "mean of the density");
  });
}

TEST(Instruments, EigendirectionsAreThoseOfTheDenseHessian) {
  const auto instrument = eigendirections({.every = 1, .count = 3, .tolerance = 1e-10});
  watch(instrument, "momentum", whole_set, [&](const Moment& at, std::int64_t row) {
    const SmallEigen exact = symmetric_eigen(dense_hessian(at).to_vector(), p);
    const Tensor gradient = dense_gradient(at, at.batch), step = at.after.clone();
    vectors::axpy(-1, at.before, step);
    double total = 0;
    for (std::int64_t i = 0; i < 3; ++i) {
      const std::int64_t from = p - 1 - i;
      double of_step = 0, of_gradient = 0;
      for (std::int64_t k = 0; k < p; ++k) {
        const double v = exact.vectors[static_cast<std::size_t>(from * p + k)];
        of_step += v * step.at(k) / vectors::norm(step);
        of_gradient += v * gradient.at(k) / vectors::norm(gradient);
      }
      const auto at_rank = [&](const char* column) {
        return numbers(*instrument, column, row)[static_cast<std::size_t>(i)];
      };
      expect_near(at_rank("eigenvalue"), exact.values[static_cast<std::size_t>(from)], 1e-7, "eigenvalue");
      expect_near(at_rank("update_share"), of_step * of_step, 1e-6, "share of the step");
      expect_near(at_rank("gradient_share"), of_gradient * of_gradient, 1e-6, "share of the gradient");
      total += of_step * of_step;
    }
    expect_near(number(*instrument, "update_share_total", row), total, 1e-6, "share of the step in all");
  });
}

TEST(Instruments, NoiseScaleIsThatOfSingleExamples) {
  const auto instrument = noise_scale({.every = 1});
  watch(instrument, "sgd", 5, [&](const Moment& at, std::int64_t row) {
    const std::int64_t n = at.batch.targets.shape()[0];
    std::vector<Tensor> gradients;
    for (std::int64_t i = 0; i < n; ++i)
      gradients.push_back(dense_gradient(at, {at.batch.inputs.rows(i, 1), at.batch.targets.rows(i, 1)}));
    // Of the parameters from `first` on.
    const auto estimates = [&](std::int64_t first, std::int64_t count) {
      double variance = 0, square = 0;
      for (std::int64_t k = first; k < first + count; ++k) {
        double mean = 0, spread = 0;
        for (const Tensor& g : gradients) mean += g.at(k) / static_cast<double>(n);
        for (const Tensor& g : gradients) spread += (g.at(k) - mean) * (g.at(k) - mean);
        variance += spread / static_cast<double>(n - 1);
        square += mean * mean;
      }
      return std::pair(variance, square - variance / static_cast<double>(n));
    };
    const auto [variance, signal] = estimates(0, p);
    expect_near(number(*instrument, "variance", row), variance, 1e-10 * variance, "variance");
    expect_near(number(*instrument, "signal", row), signal, 1e-10 * variance, "signal");
    const double scale = number(*instrument, "noise_scale", row);
    if (signal > 0)
      expect_near(scale, variance / signal, 1e-8 * scale, "noise scale");
    else
      expect(std::isnan(scale), "noise scale without signal");
    const std::vector<double> by_layer = numbers(*instrument, "layer_signal_to_noise", row);
    const std::pair<std::int64_t, std::int64_t> slices[] = {{0, 12}, {12, 4}, {16, 8}, {24, 2}};
    for (std::size_t i = 0; i < 4; ++i) {
      const auto [noise, signal_there] = estimates(slices[i].first, slices[i].second);
      expect_near(by_layer[i], signal_there / noise, 1e-8, fmt::format("slice {}", i));
    }
  });
  const auto of_one = noise_scale({.every = 1});
  watch(of_one, "sgd", 1, [&](const Moment&, std::int64_t row) {
    expect(std::isnan(number(*of_one, "variance", row)), "variance of one example");
  });
}

TEST(Instruments, NormsAreByLayer) {
  const auto of_gradient = gradient_norms({.every = 1});
  const auto of_parameters = parameter_norms({.every = 1, .near_zero = 0.5});
  const auto of_update = update_norms({.every = 1});
  const std::pair<std::int64_t, std::int64_t> slices[] = {{0, 12}, {12, 4}, {16, 8}, {24, 2}};
  const auto check = [&](const Instrument& instrument, std::int64_t row, const Tensor& vector) {
    expect_near(number(instrument, "norm", row), vectors::norm(vector), 1e-13, instrument.name());
    const std::vector<double> by_layer = numbers(instrument, "layer_norm", row);
    for (std::size_t i = 0; i < 4; ++i)
      expect_near(by_layer[i], vectors::norm(vector.part(slices[i].first, {slices[i].second})), 1e-13,
                  instrument.name() + " by layer");
  };
  watch(of_gradient, "adam", 5, [&](const Moment& at, std::int64_t row) {
    check(*of_gradient, row, dense_gradient(at, at.batch));
    const records::Column& column = of_gradient->table().columns()[1];
    expect(
        column.axis == "layer" && column.labels == std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias"},
        "labels");
  });
  watch(of_parameters, "adam", 5, [&](const Moment& at, std::int64_t row) {
    check(*of_parameters, row, at.before);
    const std::vector<double> by_layer = numbers(*of_parameters, "layer_near_zero", row);
    double all = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto [first, size] = slices[i];
      const double limit = 0.5 * vectors::norm(at.before.part(first, {size})) / std::sqrt(static_cast<double>(size));
      double count = 0;
      for (std::int64_t k = first; k < first + size; ++k) count += std::abs(at.before.at(k)) <= limit;
      expect_near(by_layer[i], count / static_cast<double>(size), 1e-13, "near zero by layer");
      all += count;
    }
    expect_near(number(*of_parameters, "near_zero", row), all / 26, 1e-13, "near zero");
    expect(row > 0 || by_layer[1] == 1, "the biases begin at 0");
  });
  watch(of_update, "adam", 5, [&](const Moment& at, std::int64_t row) {
    const Tensor step = at.after.clone();
    vectors::axpy(-1, at.before, step);
    check(*of_update, row, step);
    expect_near(number(*of_update, "ratio", row), vectors::norm(step) / vectors::norm(at.before), 1e-13, "ratio");
    const std::vector<double> ratios = numbers(*of_update, "layer_ratio", row);
    expect(std::isnan(ratios[1]) == (row == 0), "the biases begin at 0");
    expect_near(ratios[2], vectors::norm(step.part(16, {8})) / vectors::norm(at.before.part(16, {8})), 1e-13, "ratio");
  });
}

// The path against sums over the points that the steps began at.
TEST(Instruments, ThePathIsOfAllSteps) {
  const auto instrument = path({.every = 1, .window = 3});
  std::vector<std::vector<double>> points;
  const auto leg = [&](std::size_t from, std::size_t to) {
    std::vector<double> between;
    for (std::size_t i = 0; i < points[from].size(); ++i) between.push_back(points[to][i] - points[from][i]);
    return between;
  };
  watch(instrument, "momentum", 5, [&](const Moment& at, std::int64_t row) {
    points.push_back(at.before.to_vector());
    const std::size_t last = points.size() - 1;
    double length = 0, of_window = 0;
    for (std::size_t i = 1; i <= last; ++i) {
      const double one = vectors::norm(std::span<const double>(leg(i - 1, i)));
      length += one;
      if (i + 3 > last) of_window += one;
    }
    expect_near(number(*instrument, "length", row), length, 1e-12, "length");
    expect_near(number(*instrument, "distance", row), vectors::norm(std::span<const double>(leg(0, last))), 1e-12,
                "distance");
    const double undone = number(*instrument, "undone", row), cosine = number(*instrument, "cosine", row);
    expect(std::isnan(undone) == (row == 0 || row % 3 != 0), "where a window ends");
    if (last == 3)
      expect_near(undone, 1 - vectors::norm(std::span<const double>(leg(0, 3))) / of_window, 1e-12, "share undone");
    expect(std::isnan(cosine) == (row < 2), "where there are two legs");
    if (row >= 2) {
      const std::vector<double> a = leg(last - 2, last - 1), b = leg(last - 1, last);
      const double of_both = vectors::norm(std::span<const double>(a)) * vectors::norm(std::span<const double>(b));
      expect_near(cosine, vectors::dot(std::span<const double>(a), std::span<const double>(b)) / of_both, 1e-12,
                  "cosine");
    }
  });
}

// The parts are what their names say, and the tape holds at least the four hidden and two outer values of each example.
TEST(Instruments, MemoryIsOfAllThatAStepHolds) {
  for (const std::int64_t batch_size : {1, 20}) {
    const auto instrument = memory({.every = 1});
    watch(instrument, "adam", batch_size, [&](const Moment& at, std::int64_t row) {
      const double tape = number(*instrument, "tape", row), batch = number(*instrument, "batch", row);
      const auto rows = static_cast<double>(NetworkObjective::rows_of(at.batch));
      expect(tape >= rows * 6 * 8, fmt::format("{} bytes of tape for {} examples", tape, rows));
      expect(batch == static_cast<double>(at.batch.inputs.bytes() + at.batch.targets.bytes()), "batch");
      expect(number(*instrument, "parameters", row) == 2 * 8 * p, "parameters");
      expect(number(*instrument, "state", row) == 2 * 8 * p, "state");
      expect(number(*instrument, "total", row) == tape + batch + 4 * 8 * p, "total");
    });
  }
}

// What an instrument sees is what the step saw, dropout masks included.
TEST(Instruments, SeeTheMasksOfTheStep) {
  const auto instrument = gradient_norms({.every = 1});
  watch(instrument, "sgd", 5,
        [&](const Moment& at, std::int64_t row) {
          const Tensor step = at.after.clone();
          vectors::axpy(-1, at.before, step);
          const double of_step = vectors::norm(step) / 0.25;
          expect_near(number(*instrument, "norm", row), of_step, 1e-12 * of_step, "gradient of the step");
        },
        network({nn::Linear{3, 40}, nn::Dropout{0.5}, nn::Linear{40, 2}}), {"--learning-rate=0.25"});
}

TEST(Instruments, ActivationsAreThoseInsideTheModel) {
  const auto instrument = activations({.every = 1});
  watch(instrument, "sgd", 5, [&](const Moment& at, std::int64_t row) {
    const std::vector<std::string> labels = {"0 Linear", "1 Activation", "2 Linear"};
    const std::vector<std::string>& found = instrument->table().columns()[0].labels;
    expect(found == labels, fmt::format("labels {}", fmt::join(found, ", ")));
    Tape tape(DType::float64);
    Var hidden;
    const Var outputs = network_outputs(tape, tape.leaf(at.before), at.batch.inputs, &hidden);
    const Tensor h = hidden.value().clone();
    const auto mean_of = [](const std::vector<double>& x) {
      double sum = 0;
      for (const double value : x) sum += value;
      return sum / static_cast<double>(x.size());
    };
    const auto deviation_of = [&](const std::vector<double>& x) {
      double sum = 0;
      for (const double value : x) sum += (value - mean_of(x)) * (value - mean_of(x));
      return std::sqrt(sum / static_cast<double>(x.size()));
    };
    const std::vector<double> mean = numbers(*instrument, "mean", row),
                              deviation = numbers(*instrument, "standard_deviation", row),
                              norm = numbers(*instrument, "gradient_norm", row);
    expect_near(mean[1], mean_of(h.to_vector()), 1e-13, "mean");
    expect_near(deviation[1], deviation_of(h.to_vector()), 1e-13, "standard deviation");
    expect_near(mean[2], mean_of(outputs.value().to_vector()), 1e-13, "mean of the outputs");
    // Of each example's own loss by its activations, by differences.
    double square = 0;
    const std::int64_t n = h.shape()[0];
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t unit = 0; unit < 4; ++unit) {
        const auto loss = [&](double change) {
          const Tensor moved = h.clone();
          moved.set(i * 4 + unit, h.at(i * 4 + unit) + change);
          double sum = 0;
          for (std::int64_t out = 0; out < 2; ++out) {
            double y = at.before.at(24 + out);
            for (std::int64_t k = 0; k < 4; ++k) y += moved.at(i * 4 + k) * at.before.at(16 + 2 * k + out);
            sum += (y - at.batch.targets.at(2 * i + out)) * (y - at.batch.targets.at(2 * i + out)) / 2;
          }
          return sum;
        };
        const double slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
        square += slope * slope;
      }
    const double expected = std::sqrt(square / static_cast<double>(n));
    expect_near(norm[1], expected, 1e-8 * expected, "norm of the gradient");
  });
}

// Rectified units: one is made dead by its bias, one alive.
TEST(Instruments, ActivationsCountDeadUnits) {
  const auto instrument = activations({.every = 1});
  watch(
      instrument, "sgd", whole_set,
      [&](const Moment& at, std::int64_t row) {
        std::int64_t zeros = 0, dead = 0;
        for (std::int64_t unit = 0; unit < 4; ++unit) {
          std::int64_t silent = 0;
          for (std::int64_t i = 0; i < 12; ++i) {
            double x = at.before.at(12 + unit);
            for (std::int64_t k = 0; k < 3; ++k) x += at.batch.inputs.at(3 * i + k) * at.before.at(4 * k + unit);
            silent += x <= 0;
          }
          zeros += silent;
          dead += silent == 12;
        }
        if (row == 0) {
          const_cast<Tensor&>(at.after).set(12, -100);  // from the next step on
          return;
        }
        expect(dead >= 1, "a unit is dead");
        expect_near(numbers(*instrument, "zeros", row)[1], static_cast<double>(zeros) / 48, 1e-15, "zeros");
        expect_near(numbers(*instrument, "dead", row)[1], static_cast<double>(dead) / 4, 0, "dead");
      },
      network({nn::Linear{3, 4}, nn::Relu{}, nn::Linear{4, 2}}));
}

}  // namespace
}  // namespace gradus::lab
