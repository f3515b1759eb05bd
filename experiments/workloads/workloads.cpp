#include "experiments/workloads/workloads.h"

#include <fmt/format.h>

#include "experiments/workloads/adding_problem.h"
#include "experiments/workloads/advection.h"
#include "experiments/workloads/burgers.h"
#include "experiments/workloads/catapult.h"
#include "experiments/workloads/character_model.h"
#include "experiments/workloads/class_imbalance.h"
#include "experiments/workloads/copying_problem.h"
#include "experiments/workloads/deep_autoencoder.h"
#include "experiments/workloads/deep_linear.h"
#include "experiments/workloads/delayed_xor.h"
#include "experiments/workloads/drifting_labels.h"
#include "experiments/workloads/fashion_long_tailed.h"
#include "experiments/workloads/fashion_mlp.h"
#include "experiments/workloads/fashion_residual.h"
#include "experiments/workloads/fashion_two_convolutions.h"
#include "experiments/workloads/heat.h"
#include "experiments/workloads/license_texts.h"
#include "experiments/workloads/linear_regression.h"
#include "experiments/workloads/logistic_regression.h"
#include "experiments/workloads/mnist_1d.h"
#include "experiments/workloads/poisson.h"
#include "experiments/workloads/quadratics.h"
#include "experiments/workloads/teacher_student.h"
#include "experiments/workloads/zipf_words.h"

namespace gradus::workloads {
namespace {

std::vector<NamedWorkload> list() {
  return {
      LinearRegression{},
      LogisticRegression{},
      NoisyQuadratic{},
      DriftingQuadratic{},
      DeepLinear{},
      Catapult{},
      ClassImbalance{},
      FashionMlp{},
      DeepAutoencoder{},
      FashionTwoConvolutions{},
      FashionResidual{},
      FashionLongTailed{},
      Mnist1dClassification{},
      DriftingLabels{},
      AddingProblem{},
      CopyingProblem{},
      DelayedXor{},
      CharacterModel{},
      Poisson{},
      Heat{},
      Burgers{},
      Advection{},
      TeacherStudent{},
      ZipfWords{},
      LicenseTexts{},
  };
}

}  // namespace

const settings::Catalogue<NamedWorkload>& workloads() {
  static const settings::Catalogue<NamedWorkload> all("workload", list());
  return all;
}

lab::Workload choose(lab::Run& run, const NamedWorkload& fallback) {
  run.list("list-workloads", "print every workload, and end", [] {
    std::string text;
    for (const NamedWorkload& one : workloads()) text += fmt::format("{:<24} {}\n", one.name, one.summary);
    return text;
  });
  const std::string name = run.option("workload", fallback.name, "what is trained", lab::one_of(workloads().names()));
  // All that belongs to a workload is recorded under names that others have too.
  if (const auto before = run.options().recorded("workload"); before && *before != name)
    throw lab::UsageError(
        fmt::format("--workload={}: the other run trained {}, and a fork goes on with that", name, *before));
  return (name == fallback.name ? fallback : workloads().find(name)).make(run);
}

}  // namespace gradus::workloads
