// A network learns what another one of the same kind answers: inputs of independent standard normal numbers x, and as
// target the sum of relu(x_j) over the first few, a network of orthogonal weights. A student with as many units has
// minima that are not global (Safran & Shamir 2018), one with more has fewer.
#pragma once

#include "experiments/workloads/mlp.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

struct TeacherStudent {
  static constexpr const char* name = "teacher-student";
  static constexpr const char* summary =
      "what a network with a few orthogonal relu units answers to normal numbers (after Safran & Shamir 2018)";

  Model model = Mlp{.hidden = {5}};
  std::int64_t units = 5, inputs = 5, rows = 500;
  lab::Plan plan = {
      .budget = {lab::gradient_equivalents(500)}, .evaluate_every = lab::gradient_equivalents(50), .batch_size = 10};

  static lab::Source examples(std::int64_t rows, std::int64_t inputs, std::int64_t units, RandomStream random) {
    const Tensor x = Tensor::uninitialized({rows, inputs}, DType::float64);
    const Tensor y = Tensor::zeros({rows, 1}, DType::float64);
    for (std::int64_t i = 0; i < x.size(); ++i) {
      x.set(i, random.normal());
      if (i % inputs < units) y.set(i / inputs, y.at(i / inputs) + std::max(x.at(i), 0.0));
    }
    return lab::source_of(x, y);
  }

  lab::Workload make(lab::Run& run) const {
    const Model chosen = choose_model(run, model);
    const std::int64_t of_teacher = run.option("teacher_units", units, "of the teacher", lab::at_least(1));
    const std::int64_t numbers = run.option("inputs", std::max(inputs, of_teacher), "numbers of an example",
                                            lab::at_least(static_cast<double>(of_teacher)));
    const std::int64_t count = run.option("rows", rows, "in each set", lab::at_least(1));
    const auto part = [&](std::uint64_t number) {
      return examples(count, numbers, of_teacher, RandomStream(0, name, number));
    };
    return {.name = name,
            .model = [chosen](const Task& task) { return chosen.make(task); },
            .loss = nn::mean_squared_error,
            .data = {.train = part(0), .validation = part(1), .test = part(2)},
            .metrics = {lab::loss_metric("1")},
            .plan = plan};
  }
};

}  // namespace gradus::workloads
