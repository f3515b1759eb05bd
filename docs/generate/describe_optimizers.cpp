// Prints docs/optimizers.md: every method with its formula, source and hyperparameters, from their own descriptions.
#include <string>

#include "experiments/invariances/deviation.h"
#include "experiments/records/program.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "optim/wrapper.h"
#include "settings/markdown.h"
#include "settings/render.h"

using namespace gradus;

namespace {

struct FamilyTitle {
  optim::Family family;
  const char* title;
  const char* text;
};
constexpr FamilyTitle families[] = {
    {optim::Family::elementwise, "First order, element by element",
     "One gradient a step; what happens to a parameter depends on its own gradients alone."},
    {optim::Family::layerwise, "First order, by layers",
     "One gradient a step; the step depends on the shapes of the parameters, or on all of them together."},
    {optim::Family::curvature, "With curvature, or several evaluations a step",
     "These ask the objective for products with the Hessian or the Gauss-Newton matrix, or for several values or "
     "gradients a step."}};

void print_methods() {
  records::put("| method | source |\n| --- | --- |\n");
  for (const FamilyTitle& family : families)
    for (const optim::Method& method : optim::methods())
      if (method.family == family.family)
        records::put("| [`" + method.name + "`](" + anchor(method.name) + ") | " + cell(method.source) + " |\n");
  records::put("\n");
  for (const FamilyTitle& family : families) {
    bool titled = false;
    for (const optim::Method& method : optim::methods()) {
      if (method.family != family.family) continue;
      if (!titled) records::put(std::string("## ") + family.title + "\n\n" + family.text + "\n\n");
      titled = true;
      optim::Method entry = method;
      if (method.about->descends)
        entry.differences +=
            " As long as the data are the same, no step ends above a point on the way, up to the rounding of the "
            "value.";
      records::put(settings::as_markdown(settings::card_of(entry)));
    }
  }
}

void print_invariances() {
  records::put(
      "## What a method does not see\n\n"
      "The same problem, a smooth one of a matrix, can be written "
      "down in several ways; a method is blind to one of them where its\n"
      "path through the rewritten problem is the rewritten path, "
      "to rounding. Measured over ten steps of three problems in float64,\n"
      "with the default settings, or with epsilon at 1e-11 or "
      "1e-16: a larger one has the units of a gradient; or with a tolerance\n"
      "of 1e-10: the exact solution. adahessian is compared for the same draws.\n"
      "[experiments/invariances](../experiments/invariances/README.md) asks the same of any setting.\n\n"
      "| method |");
  for (const Rewriting& one : rewritings()) records::put(" " + one.what + " |");
  records::put("\n| --- |");
  for (std::size_t i = 0; i < rewritings().size(); ++i) records::put(" :-: |");
  records::put("\n");
  for (const optim::Method& method : optim::methods()) {
    const auto found = invariances_of(method);
    records::put("| `" + method.name + "` |");
    for (std::size_t i = 0; i < rewritings().size(); ++i)
      records::put(!found ? " not measured |" : (*found)[i] ? " blind |" : " |");
    records::put("\n");
  }
  records::put("\n");
}

void print_wrappers() {
  records::put(
      "## Wrappers\n\n"
      "Around any method, `--wrappers=NAME+NAME`, outermost first. In the formulas \"step\" is what the method inside "
      "does.\n\n");
  for (const optim::WrapperKind& w : optim::wrappers()) records::put(settings::as_markdown(settings::card_of(w)));
}

void print_schedules() {
  records::put(
      "## Schedules\n\n"
      "Of any number that a method or wrapper depends on: `--learning-rate-schedule=NAME` and the schedule's own "
      "numbers as\n"
      "`--learning-rate-NUMBER`, likewise for other hyperparameters. `t` counts steps from 0 after the warm-up, and "
      "`base` is the\n"
      "hyperparameter's value without schedule.\n\n");
  for (const optim::ScheduleKind& s : optim::schedules()) records::put(settings::as_markdown(settings::card_of(s)));
}

void print_page() {
  records::put(
      "# Optimizers\n\n"
      "Made from the code by `build/bin/describe_optimizers`; a test holds this page to its output. In the formulas "
      "theta is the\n"
      "parameter vector, g the gradient at theta, t = 1, 2, ... the step, `<-` an assignment, and products, quotients, "
      "powers and\n"
      "roots of vectors go element by element. Programs of the laboratory take a method as `--optimizer=NAME` and "
      "each\n"
      "hyperparameter as an option (`--learning-rate=0.01`; `-` and `_` are the same). `--optimizer=external` has "
      "another program\n"
      "take the steps ([external.md](external.md)).\n\n");
  print_methods();
  print_invariances();
  print_wrappers();
  print_schedules();
}

}  // namespace

int main() {
  return records::guarded_main("describe_optimizers", [] {
    print_page();
    return 0;
  });
}
