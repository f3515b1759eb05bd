// How far to go along a descent direction.
#pragma once

#include "optim/objective.h"
#include "optim/optimizer.h"

namespace gradus::optim {

struct LineSearchOptions {
  double sufficient_decrease = 1e-4;  // c1 of the Armijo condition, in (0, 1/2)
  double curvature = 0.9;             // c2 of the strong Wolfe condition; with c2 <= c1 there may be no such point
  std::int64_t max_evaluations = 40;
};

struct LineSearchResult {
  // stepped: the conditions hold at the objective's point; no_progress: they could not be met, but the objective may be
  // at the best point that was tried (step > 0, and a lower value than at the start) or anywhere (step = 0);
  // not_finite: there were trials, and none had a finite value.
  Reason reason = Reason::no_progress;
  double step = 0;  // along the direction
  double value = 0;
  std::int64_t evaluations = 0;
};

// What a search starts from: the objective's value at theta and its slope along the direction, negative; and the value
// above which no step ends.
struct Ray {
  const Tensor& theta;
  const Tensor& direction;
  double value, slope, ceiling;
  const Tensor& trial;  // written: the points that are tried; the objective refers to it afterwards
};

// Backtracking by the parabola or cubic through what is known, safeguarded to [0.1, 0.5] of the last step (Dennis &
// Schnabel 1983, Algorithm A6.3.1), until
//   f(theta + a d) <= f(theta) + c1 a f'(0).
// With `expand`, a first step that is good enough is doubled as long as the value falls, for directions of negative
// curvature. Within its rounding a value counts as low enough, but none above the ceiling does. Evaluates values,
// and the gradient of the first trial where it may be the last.
LineSearchResult armijo_search(Objective& objective, const Ray& ray, double first_step,
                               const LineSearchOptions& options, bool expand = false);

// Moré & Thuente (1994): the Armijo condition and |f'(a)| <= c2 |f'(0)|, by cubic and quadratic steps within an
// interval that holds a point satisfying both. Trials whose value or slope is not finite bound the interval. Evaluates
// gradients.
LineSearchResult strong_wolfe_search(Objective& objective, const Ray& ray, double first_step,
                                     const LineSearchOptions& options);

// Reports how far a search went along a direction. Returns whether there is a point to go to.
bool finish_search(const LineSearchResult& found, const Tensor& direction, StepReport& report);

}  // namespace gradus::optim
